import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines, hunksOf } from '../../../src/program/boots/line-diff.ts';

const diff = (before: string, after: string) =>
  diffLines([...before], [...after], (line) => line)
    .map(({ sign, line }) => `${sign}${line}`)
    .join('');

/** The length of the longest common subsequence, by the textbook. */
function common(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    for (const [j, y] of b.entries())
      next.push(x === y ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0));
    row = next;
  }
  return row.at(-1) ?? 0;
}

describe('diffLines', () => {
  it.each([
    ['', '', ''],
    ['abc', 'abc', ' a b c'],
    ['abc', 'ac', ' a-b c'],
    ['ac', 'abc', ' a+b c'],
    ['a', 'b', '-a+b'],
    ['', 'ab', '+a+b'],
    ['ab', '', '-a-b'],
  ])('%s to %s', (before, after, expected) => {
    expect(diff(before, after)).toBe(expected);
  });

  it('is the shortest script, and makes the one of the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after, (line) => line);
        expect(lines.flatMap(({ sign, line }) => (sign === '+' ? [] : [line]))).toEqual(before);
        expect(lines.flatMap(({ sign, line }) => (sign === '-' ? [] : [line]))).toEqual(after);
        expect(lines.filter(({ sign }) => sign === ' ')).toHaveLength(common(before, after));
      }),
    );
  });

  it('ends for texts that have nothing in common', () => {
    const before = Array.from({ length: 5000 }, (_, i) => `a${i}`);
    const after = Array.from({ length: 5000 }, (_, i) => `b${i}`);
    expect(diffLines(before, after, (line) => line)).toHaveLength(10_000);
  });
});

describe('hunksOf', () => {
  it('joins neighbours, and counts lines from 0', () => {
    const lines = diffLines([...'abcd'], [...'axcyz'], (line) => line);
    expect(hunksOf(lines)).toEqual([
      {
        before: 1,
        after: 1,
        lines: [expect.objectContaining({ sign: '-', line: 'b' }), { sign: '+', line: 'x' }],
      },
      {
        before: 3,
        after: 3,
        lines: [
          { sign: '-', line: 'd' },
          { sign: '+', line: 'y' },
          { sign: '+', line: 'z' },
        ],
      },
    ]);
  });
});
