/** One compared fact, and how lists of lines become facts. */
import type { Json } from './oracle-case.ts';

/** How closely a fact must agree: the oracle's README names the grade of each. */
export type Grade = 'exact' | 'structural';

export const GRADES: readonly Grade[] = ['exact', 'structural'];

export interface Fact {
  /** Where it stands in the case: `boot.log[3]`, `steps[12].ret`. */
  readonly path: string;
  readonly grade: Grade;
  readonly agrees: boolean;
  readonly expected: Json;
  readonly got: Json;
}

/** Whether two JSON values are the same; the order of an object's keys does not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const isList = (value: object): value is readonly Json[] => Array.isArray(value);
  if (isList(a) || isList(b)) {
    return isList(a) && isList(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}

/** An exact fact; `undefined` stands for nothing at all. */
export const exact = (path: string, expected: Json | undefined, got: Json | undefined): Fact => ({
  path,
  grade: 'exact',
  agrees: sameJson(expected, got),
  expected: expected ?? null,
  got: got ?? null,
});

/**
 * Compares two lists of lines, in order: one exact fact for each expected line, and one for each line
 * that only we have. Lines are paired by their longest common subsequence, so that one missing line is
 * one difference and not as many as follow it; within a gap a missing and an extra line make a pair.
 *
 * @param optional says of which of our lines (by index) the recorded list need not have a copy
 */
export function lineFacts(
  path: string,
  expected: readonly string[],
  got: readonly string[],
  optional: (index: number) => boolean = () => false,
): Fact[] {
  const facts: Fact[] = [];
  let e = 0;
  let g = 0;
  const gap = (untilE: number, untilG: number): void => {
    const extra: string[] = [];
    for (; g < untilG; g++) if (!optional(g)) extra.push(got[g] ?? '');
    for (; e < untilE; e++) facts.push(exact(`${path}[${e}]`, expected[e], extra.shift()));
    // Lines that only we have are numbered within the gap before expected line `e`.
    extra.forEach((line, i) => {
      facts.push(exact(`${path}[${e}+${i}]`, undefined, line));
    });
  };
  for (const [pairE, pairG] of commonLines(expected, got)) {
    gap(pairE, pairG);
    facts.push(exact(`${path}[${e}]`, expected[e], got[g]));
    e++;
    g++;
  }
  gap(expected.length, got.length);
  return facts;
}

/** Index pairs of a longest common subsequence. */
function commonLines(a: readonly string[], b: readonly string[]): [number, number][] {
  const pairs: [number, number][] = [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    pairs.push([start, start]);
    start++;
  }
  const width = b.length - start + 1;
  const lengths = new Uint32Array((a.length - start + 1) * width);
  const at = (i: number, j: number): number => (i - start) * width + (j - start);
  for (let i = a.length - 1; i >= start; i--) {
    for (let j = b.length - 1; j >= start; j--) {
      lengths[at(i, j)] =
        a[i] === b[j]
          ? (lengths[at(i + 1, j + 1)] ?? 0) + 1
          : Math.max(lengths[at(i + 1, j)] ?? 0, lengths[at(i, j + 1)] ?? 0);
    }
  }
  for (let i = start, j = start; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if ((lengths[at(i + 1, j)] ?? 0) >= (lengths[at(i, j + 1)] ?? 0)) i++;
    else j++;
  }
  return pairs;
}
