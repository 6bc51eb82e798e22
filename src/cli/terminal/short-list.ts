/** Lists that stay readable: a task may hold a hundred thousand descriptors. */

const SHOWN = 16;

/** The first of them joined by commas, and how many more there are; --json has all. */
export function shortList(words: readonly string[]): string {
  const more = words.length - SHOWN;
  return more <= 0
    ? words.join(', ')
    : `${words.slice(0, SHOWN).join(', ')} and ${more} more (--json has all)`;
}

/** Numbers in ascending order, runs of them as `4-99`. */
export function numberRanges(numbers: readonly number[]): string[] {
  const ranges: [first: number, last: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.flatMap(([first, last]) =>
    last - first < 2
      ? Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`)
      : [`${first}-${last}`],
  );
}
