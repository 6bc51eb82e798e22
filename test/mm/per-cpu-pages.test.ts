/** Which blocks of CMA areas lie on per-CPU lists. The sequences were worked out by hand from mm/page_alloc.c. */
import { describe, expect, it } from 'vitest';
import {
  activateCmaPages,
  createPerCpuPages,
  drainPerCpuPages,
  freeCmaPages,
  perCpuCmaPages,
} from '../../src/mm/alloc/per-cpu-pages.ts';
import { profileOf } from '../../src/profile/profile.ts';
import { putProfile } from '../../src/profile/recorded-profile.ts';
import { bareRecords } from '../pages.ts';

const HUGE = 512;
const ZONE = { pfn: 0, pages: 1 << 24 };

/** A zone of so many pages outside of CMA areas. */
function zone(managed: number, config: Readonly<Record<string, string>> = {}) {
  const records = bareRecords();
  putProfile(records, profileOf('v3', config).profile);
  createPerCpuPages(records, [{ span: ZONE, managed }]);
  return records;
}

/** How many huge blocks lie on the list after an area of 1, 2, 3, … of them was activated. */
const afterActivation = (managed: number, most: number) =>
  Array.from({ length: most }, (_, i) => {
    const records = zone(managed);
    activateCmaPages(records, 0, (i + 1) * HUGE, 9);
    return perCpuCmaPages(records) / HUGE;
  });

describe('huge blocks that an activated area frees', () => {
  it('stay until the limit, which grows with the pages freed in a row', () => {
    // 512 MiB: a batch of 31. The first block is above the limit of 4 batches, and raises it to 543 pages; the third
    // finds it reached and raises it to 1055; from there on it is the number freed in a row that no longer counts.
    expect(afterActivation(131_072, 6)).toEqual([0, 1, 0, 1, 2, 0]);
  });

  it('stay longer where the batch is 63', () => {
    // 4 GiB: limits of 252, 575, 1599 and then 2111 pages.
    expect(afterActivation(1 << 20, 12)).toEqual([0, 1, 0, 1, 2, 3, 0, 1, 2, 3, 4, 0]);
  });

  it('begin with the limit raised where the kernel has freed one before', () => {
    // 1 GiB: the limit begins at 575.
    expect(afterActivation(1 << 18, 10)).toEqual([1, 0, 1, 2, 0, 1, 2, 3, 4, 0]);
  });

  it('never stay where all of memory is few pages: an eighth of the zone is the limit', () => {
    expect(afterActivation(4000, 4)).toEqual([0, 0, 0, 0]);
  });

  it('do not go to the lists without transparent huge pages, whatever hugetlbfs has', () => {
    const records = zone(131_072, { CONFIG_TRANSPARENT_HUGEPAGE: 'n' });
    activateCmaPages(records, 0, 2 * HUGE, 9);
    expect(perCpuCmaPages(records)).toBe(0);
  });
});

describe('blocks that a call frees', () => {
  it('count in a row anew with each call', () => {
    const records = zone(131_072);
    // The first raises the limit to 543 and goes; each later one begins at 0 pages in a row.
    for (const [pfn, left] of [
      [0, 0],
      [HUGE, 1],
    ] as const) {
      freeCmaPages(records, pfn, HUGE);
      expect(perCpuCmaPages(records)).toBe(left * HUGE);
    }
    // 1024 pages on the list, 512 in a row: 512 go, by whole blocks in rounds of 31, so both.
    freeCmaPages(records, 2 * HUGE, HUGE);
    expect(perCpuCmaPages(records)).toBe(0);
  });

  it('are cut into aligned blocks, of which those above 8 pages and below 512 go to the zone', () => {
    const records = zone(131_072);
    // 3: 1; 4: 4; 8: 8; 16: 16, 32, ... not listed; up to 512.
    freeCmaPages(records, 3, 509);
    expect(perCpuCmaPages(records)).toBe(1 + 4 + 8);
  });

  it('lie on the lists of their own zone, which alone a drain empties', () => {
    const records = bareRecords();
    createPerCpuPages(records, [
      { span: { pfn: 0, pages: 1 << 20 }, managed: 1 << 17 },
      { span: { pfn: 1 << 20, pages: 1 << 20 }, managed: 1 << 17 },
    ]);
    freeCmaPages(records, 8, 8);
    freeCmaPages(records, (1 << 20) + 4, 4);
    expect(perCpuCmaPages(records)).toBe(12);
    drainPerCpuPages(records, 5000);
    expect(perCpuCmaPages(records)).toBe(4);
    drainPerCpuPages(records, (1 << 20) + 5000);
    expect(perCpuCmaPages(records)).toBe(0);
  });

  it('outside of every zone are nobody’s', () => {
    const records = zone(131_072);
    freeCmaPages(records, 1 << 25, 8);
    expect(perCpuCmaPages(records)).toBe(0);
  });
});
