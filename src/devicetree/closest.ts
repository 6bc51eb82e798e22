/** Did-you-mean: the known word that a mistyped one is nearest to. */

/** Longer words are not typed by people; more words than this are not looked at. */
const MAX_LENGTH = 64;
const MAX_WORDS = 5000;

/** How many letters must be put in, taken out, replaced or swapped with the next (Damerau's distance). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The one of `words` that `word` was probably meant to be, or `undefined` when none is near. */
export function closest(word: string, words: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const near = Math.max(1, Math.floor(word.length / 3));
  let best: { word: string; distance: number } | undefined;
  let looked = 0;
  for (const candidate of words) {
    if (++looked > MAX_WORDS) break;
    if (Math.abs(candidate.length - word.length) > near) continue;
    const found = distance(word.toLowerCase(), candidate.toLowerCase());
    if (found <= near && (best === undefined || found < best.distance))
      best = { word: candidate, distance: found };
  }
  return best?.word;
}
