/** The kernel's heap sort: sorted, and what becomes of equal elements. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortAsKernel } from '../../src/mm/early/sort.ts';

/** Sorts letters with numbers by the numbers, and gives the letters. */
const letters = (...items: string[]): string => {
  sortAsKernel(items, (a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return items.map((item) => item[0]).join('');
};

describe('sortAsKernel', () => {
  it('sorts', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 40 }), (numbers) => {
        const sorted = [...numbers];
        sortAsKernel(sorted, (a, b) => a - b);
        expect(sorted).toEqual(numbers.sort((a, b) => a - b));
      }),
    );
  });

  it('swaps two equal elements (source only)', () => {
    expect(letters('a1', 'b1')).toBe('ba');
    expect(letters('a1', 'b2')).toBe('ab');
    expect(letters('a2', 'b1')).toBe('ba');
  });

  it('leaves equal ones among others where the heap puts them (source only)', () => {
    expect(letters('a1', 'b1', 'c1')).toBe('cba');
    expect(letters('a1', 'b2', 'c2')).toBe('abc');
  });
});
