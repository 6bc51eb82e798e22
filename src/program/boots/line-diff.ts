/** What two texts have not in common, line by line: the shortest script, by Myers' algorithm. */

/** A line of either text, or of both. */
export interface DiffLine<T> {
  readonly sign: '-' | '+' | ' ';
  readonly line: T;
}

/** Neighbouring lines that differ, with the numbers of their first lines, from 0. */
export interface DiffHunk<T> {
  readonly before: number;
  readonly after: number;
  readonly lines: readonly DiffLine<T>[];
}

/** Beyond so many edits the rest is told as it stands: the texts are two texts. */
const MAX_EDITS = 1000;

/**
 * The script that makes `after` of `before`.
 *
 * @param keyOf what makes two lines the same
 */
export function diffLines<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (line: T) => string,
): readonly DiffLine<T>[] {
  const a = before.map(keyOf);
  const b = after.map(keyOf);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const middle = script(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const lines: DiffLine<T>[] = before.slice(0, head).map((line) => ({ sign: ' ', line }));
  let [x, y] = [head, head];
  for (const sign of middle) {
    lines.push({ sign, line: (sign === '+' ? after[y] : before[x]) as T });
    if (sign !== '+') x++;
    if (sign !== '-') y++;
  }
  return [...lines, ...before.slice(a.length - tail).map((line): DiffLine<T> => ({ sign: ' ', line }))];
}

/** The signs of the shortest script. */
function script(a: readonly string[], b: readonly string[]): DiffLine<never>['sign'][] {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  const most = Math.min(a.length + b.length, MAX_EDITS);
  for (let edits = 0; edits <= most; edits++) {
    trace.push(new Map(furthest));
    for (let k = -edits; k <= edits; k += 2) {
      let x = goesDown(furthest, k, edits) ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return backwards(trace, a.length, b.length);
    }
  }
  return [...a.map(() => '-' as const), ...b.map(() => '+' as const)];
}

const at = (furthest: ReadonlyMap<number, number>, k: number): number => furthest.get(k) ?? -1;

const goesDown = (furthest: ReadonlyMap<number, number>, k: number, edits: number): boolean =>
  k === -edits || (k !== edits && at(furthest, k - 1) < at(furthest, k + 1));

/** Follows the way back from the ends of both texts. */
function backwards(
  trace: readonly ReadonlyMap<number, number>[],
  x: number,
  y: number,
): DiffLine<never>['sign'][] {
  const signs: DiffLine<never>['sign'][] = [];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const furthest = trace[edits] as ReadonlyMap<number, number>;
    const k = x - y;
    const down = goesDown(furthest, k, edits);
    const fromX = edits === 0 ? 0 : at(furthest, down ? k + 1 : k - 1);
    const fromY = edits === 0 ? 0 : fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY) {
      signs.push(' ');
      x--;
      y--;
    }
    if (edits > 0) signs.push(down ? '+' : '-');
    [x, y] = [fromX, fromY];
  }
  return signs.reverse();
}

/** The lines that differ, neighbours together. */
export function hunksOf<T>(lines: readonly DiffLine<T>[]): readonly DiffHunk<T>[] {
  const hunks: { before: number; after: number; lines: DiffLine<T>[] }[] = [];
  let [before, after] = [0, 0];
  let isOpen = false;
  for (const one of lines) {
    if (one.sign === ' ') isOpen = false;
    else if (isOpen) hunks.at(-1)?.lines.push(one);
    else hunks.push({ before, after, lines: [one] });
    isOpen = one.sign !== ' ';
    if (one.sign !== '+') before++;
    if (one.sign !== '-') after++;
  }
  return hunks;
}
