import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cma, createCma } from '../../src/mm/alloc/cma.ts';
import { createPerCpuPages, perCpuCmaPages } from '../../src/mm/alloc/per-cpu-pages.ts';
import { pinPages, unpinPages } from '../../src/mm/alloc/pinned-pages.ts';
import { Printk } from '../../src/printk.ts';
import { bareRecords } from '../pages.ts';

function area(basePfn: number, count: number, name = 'pool') {
  const records = bareRecords();
  createCma(records, 0, name, basePfn, count);
  createPerCpuPages(records, [{ span: { pfn: 0, pages: 1 << 20 }, managed: 1 << 17 }]);
  const printk = new Printk(records);
  const lines = () => [...printk.since()].map((l) => `${l.suppressed ? '-' : ''}<${l.level}>${l.text}`);
  return { records, printk, lines, cma: new Cma(records, 0) };
}

/** First fit by looking at every page: the start must be a multiple of `1 << order` as a frame number. */
function firstFit(taken: readonly boolean[], basePfn: number, count: number, order: number) {
  for (let bit = 0; bit + count <= taken.length; bit++) {
    if ((basePfn + bit) % 2 ** order === 0 && !taken.slice(bit, bit + count).some(Boolean)) return bit;
  }
  return undefined;
}

describe('Cma.alloc', () => {
  it('is first fit, aligned in page frame numbers, over any calls', () => {
    const call = fc.record({
      free: fc.boolean(),
      pick: fc.nat(1000),
      count: fc.integer({ min: 1, max: 40 }),
      order: fc.nat(8),
    });
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 1, max: 300 }),
        fc.array(call, { maxLength: 40 }),
        (basePfn, size, calls) => {
          const { cma, printk } = area(basePfn, size);
          const taken = new Array<boolean>(size).fill(false);
          const live: { pfn: number; count: number }[] = [];
          for (const { free, pick, count, order } of calls) {
            if (free && live.length > 0) {
              const [block] = live.splice(pick % live.length, 1);
              if (block === undefined) continue;
              cma.release(block.pfn, block.count);
              taken.fill(false, block.pfn - basePfn, block.pfn - basePfn + block.count);
              continue;
            }
            const bit = firstFit(taken, basePfn, count, order);
            const pfn = cma.alloc(count, order, printk);
            expect(pfn).toBe(bit === undefined ? undefined : basePfn + bit);
            if (pfn === undefined || bit === undefined) continue;
            taken.fill(true, bit, bit + count);
            live.push({ pfn, count });
          }
          expect(cma.bitmap.weight()).toBe(taken.filter(Boolean).length);
          for (const block of live) cma.release(block.pfn, block.count);
          expect(cma.freeRuns()).toEqual([{ start: 0, length: size }]);
          expect(cma.counters.releasePagesSuccess).toBe(cma.counters.allocPagesSuccess);
        },
      ),
    );
  });

  it('counts the base of the area into the alignment', () => {
    // Frames   1000 ... 1008 ... 1016
    //          |.......|#######|       8 pages at order 3 start at frame 1000 = 8 * 125
    const { cma, printk } = area(1002, 100);
    expect(cma.alloc(8, 3, printk)).toBe(1008);
    expect(cma.alloc(1, 0, printk)).toBe(1002);
  });

  it('logs a failure with the free ranges, a + before each that does not start at 0', () => {
    const { cma, printk, lines } = area(0, 16);
    for (const order of [2, 2, 2, 2]) cma.alloc(4, order, printk);
    cma.release(0, 4);
    cma.release(8, 2);
    expect(cma.alloc(5, 0, printk)).toBeUndefined();
    expect(lines()).toEqual([
      '<3>cma: __cma_alloc_frozen: pool: alloc failed, req-size: 5 pages, ret: -16',
      '<6>cma: number of available pages: ',
      '<6>cma: range 0: 4@0+2@8',
      '<6>cma: ',
      '<4>=> 6 free of 16 total pages',
    ]);
  });

  it('limits the error line to ten in five seconds, but always shows the free ranges', () => {
    const { cma, printk, lines } = area(0, 4);
    for (let i = 0; i < 12; i++) cma.alloc(5, 0, printk);
    expect(lines().filter((l) => l.startsWith('<3>'))).toHaveLength(10);
    expect(lines().filter((l) => l === '<6>cma: range 0: 4@0')).toHaveLength(12);
    printk.advance(5_000_000_001);
    cma.alloc(5, 0, printk);
    expect(lines().at(-6)).toBe('<4>__cma_alloc_frozen: 2 callbacks suppressed');
  });

  it('counts pages, not calls', () => {
    const { cma, printk, records } = area(0, 16);
    const pfn = cma.alloc(6, 0, printk);
    cma.alloc(11, 0, printk);
    cma.release(pfn ?? -1, 6);
    const { allocPagesSuccess, allocPagesFail, releasePagesSuccess } = new Cma(records, 0).counters;
    expect([allocPagesSuccess, allocPagesFail, releasePagesSuccess]).toEqual([6, 11, 6]);
  });

  it('takes requests of any size', () => {
    const { cma, printk } = area(0, 16);
    expect(cma.alloc(2 ** 52, 8, printk)).toBeUndefined();
  });
});

describe('a busy page', () => {
  it('is stepped over by the alignment, not by what was asked for', () => {
    //  frames   1000  1002
    //           |..P.|....|......       4 pages fit right behind the pinned one
    const { cma, printk, records } = area(1000, 100);
    pinPages(records, { pfn: 1002, pages: 1 });
    expect(cma.alloc(4, 0, printk)).toBe(1003);
    expect(cma.alloc(4, 2, printk)).toBe(1008);
    expect(cma.alloc(2, 1, printk)).toBe(1000);
    expect(cma.movableRuns()[0]).toEqual({ pfn: 1007, pages: 1 });
    unpinPages(records, () => true);
    expect(cma.alloc(1, 0, printk)).toBe(1002);
  });

  it('leaves nothing when it lies wherever the pages would', () => {
    const { cma, printk, records, lines } = area(0, 8);
    pinPages(records, { pfn: 4, pages: 1 });
    expect(cma.alloc(5, 0, printk)).toBeUndefined();
    expect(lines()).toContain('<6>cma: range 0: 8@0');
  });
});

describe('pages on the lists of a CPU', () => {
  it('are those of small blocks: up to eight pages, aligned', () => {
    //  freed         blocks
    //  0 .. 15       one of 16
    //  16 .. 23      one of 8                         counted
    //  25 .. 54      1, 2, 4, then 16, then 4, 2, 1    counted but the 16
    const { cma, printk, records } = area(0, 128);
    cma.alloc(128, 0, printk);
    const freed = (pfn: number, count: number) => {
      const before = perCpuCmaPages(records);
      cma.release(pfn, count);
      return perCpuCmaPages(records) - before;
    };
    expect([freed(0, 16), freed(16, 8), freed(25, 30), freed(64, 64)]).toEqual([0, 8, 14, 0]);
  });

  it('are drained by every allocation that looks at pages', () => {
    const { cma, printk, records } = area(0, 16);
    cma.release(cma.alloc(4, 0, printk) ?? -1, 4);
    expect(perCpuCmaPages(records)).toBe(4);
    expect(cma.alloc(17, 0, printk)).toBeUndefined();
    expect(perCpuCmaPages(records)).toBe(4);
    cma.alloc(1, 0, printk);
    expect(perCpuCmaPages(records)).toBe(0);
  });
});

describe('overlapping areas', () => {
  /**
   * ```
   * frames   0       16      32
   * area 0   |--------------|
   * area 1           |--------------|
   * ```
   */
  function overlapping() {
    const records = bareRecords();
    createCma(records, 0, 'low', 0, 32);
    createCma(records, 1, 'high', 16, 32);
    createCma(records, 2, 'apart', 64, 32);
    return { low: new Cma(records, 0), high: new Cma(records, 1), printk: new Printk(records), records };
  }

  it('do not hand out the same page twice', () => {
    const { low, high, printk } = overlapping();
    expect(high.alloc(4, 2, printk)).toBe(16);
    expect(low.alloc(20, 0, printk)).toBeUndefined();
    expect(low.alloc(14, 0, printk)).toBe(0);
    // 14 and 15 are free and unaligned, 16 to 19 are busy: on behind the range that was tried.
    expect(low.alloc(4, 2, printk)).toBe(20);
    expect(high.alloc(4, 2, printk)).toBe(24);
  });

  it('give pages to the other once they are free', () => {
    const { low, high, printk } = overlapping();
    const pfn = high.alloc(16, 0, printk);
    expect(low.alloc(32, 0, printk)).toBeUndefined();
    high.release(pfn ?? -1, 16);
    expect(low.alloc(32, 0, printk)).toBe(0);
    expect(high.alloc(1, 0, printk)).toBe(32);
  });
});

describe('an area', () => {
  it('has its name cut at 63 characters', () => {
    expect(area(0, 8, 'x'.repeat(80)).cma.name).toBe('x'.repeat(63));
  });

  it('must exist', () => {
    expect(() => new Cma(bareRecords(), 0)).toThrow('no CMA area 0');
  });
});
