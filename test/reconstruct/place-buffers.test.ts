/** The search for places, held against trying everything. */
import { describe, expect, it } from 'vitest';
import { placeBuffers, type Unplaced } from '../../src/reconstruct/place-buffers.ts';
import type { PfnRange } from '../../src/units.ts';
import { Random } from '../fuzz/random.ts';

/** Every arrangement, by force. */
function all(buffers: readonly Unplaced[], taken: readonly PfnRange[]): number[][] {
  const found: number[][] = [];
  const at: number[] = [];
  const go = (i: number): void => {
    const buffer = buffers[i];
    if (buffer === undefined) {
      found.push(at.slice());
      return;
    }
    for (const run of taken) {
      for (let pfn = run.pfn; pfn + buffer.pages <= run.pfn + run.pages; pfn++) {
        if (pfn % buffer.align !== 0) continue;
        if (
          at
            .slice(0, i)
            .some((other, j) => other < pfn + buffer.pages && pfn < other + (buffers[j]?.pages ?? 0))
        )
          continue;
        at[i] = pfn;
        go(i + 1);
      }
    }
  };
  go(0);
  return found;
}

describe('places of buffers', () => {
  it('are certain exactly where all arrangements agree', () => {
    let certain = 0;
    for (let seed = 0; seed < 400; seed++) {
      const random = new Random(seed);
      const taken: PfnRange[] = [];
      for (let pfn = random.below(4); taken.length < 3; ) {
        const pages = 1 + random.below(9);
        taken.push({ pfn, pages });
        pfn += pages + 1 + random.below(4);
      }
      const buffers = Array.from({ length: random.below(4) }, () => {
        const pages = 1 + random.below(6);
        return { pages, align: 2 ** Math.min(Math.ceil(Math.log2(pages)), 2) };
      });
      const every = all(buffers, taken);
      if (every.length === 0) continue;
      const placed = placeBuffers(buffers, taken);
      expect(every, `seed ${seed}`).toContainEqual(placed.map(({ pfn }) => pfn));
      for (const [i, { pfn, certain: isCertain }] of placed.entries()) {
        expect(isCertain, `seed ${seed}, buffer ${i}`).toBe(every.every((one) => one[i] === pfn));
        if (isCertain) certain++;
      }
    }
    expect(certain).toBeGreaterThan(50);
  });

  it('are found for a thousand buffers in a moment', () => {
    const buffers = Array.from({ length: 1000 }, (_, i) => ({ pages: 1 + (i % 64), align: 1 }));
    const placed = placeBuffers(buffers, [{ pfn: 0, pages: 200_000 }]);
    expect(placed.filter(({ pfn }) => pfn !== undefined)).toHaveLength(1000);
  });

  it('say of a buffer that fits nowhere that it has none', () => {
    expect(placeBuffers([{ pages: 8, align: 8 }], [{ pfn: 1, pages: 8 }])).toEqual([{ certain: false }]);
  });
});
