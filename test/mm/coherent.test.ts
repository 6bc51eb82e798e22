import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCoherentPool, DmaCoherentMem } from '../../src/mm/alloc/coherent.ts';
import { MemoryRecords } from '../../src/records.ts';

function pool(size: number, pfnBase = 0x50003): DmaCoherentMem {
  const records = new MemoryRecords();
  createCoherentPool(records, 0, { name: 'pool', pfnBase, size });
  return new DmaCoherentMem(records, 0);
}

/** The first free block of the next power of two, at multiples of it from the pool's start. */
function firstBlock(taken: readonly boolean[], pages: number): number | undefined {
  let block = 1;
  while (block < pages) block *= 2;
  for (let bit = 0; bit + block <= taken.length; bit += block) {
    if (!taken.slice(bit, bit + block).some(Boolean)) return bit;
  }
  return undefined;
}

const rounded = (pages: number): number => 2 ** Math.ceil(Math.log2(pages));

describe('DmaCoherentMem', () => {
  it('hands out powers of two at multiples of themselves, first fit, over any calls', () => {
    const call = fc.record({
      free: fc.boolean(),
      pick: fc.nat(1000),
      pages: fc.integer({ min: 1, max: 70 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.array(call, { maxLength: 40 }), (size, calls) => {
        const mem = pool(size);
        const taken = new Array<boolean>(size).fill(false);
        const live: { pfn: number; pages: number }[] = [];
        for (const { free, pick, pages } of calls) {
          if (free && live.length > 0) {
            const [block] = live.splice(pick % live.length, 1);
            if (block === undefined) continue;
            mem.release(block.pfn, block.pages);
            const bit = block.pfn - mem.pfnBase;
            taken.fill(false, bit, bit + rounded(block.pages));
            continue;
          }
          const bit = firstBlock(taken, pages);
          const pfn = mem.alloc(pages);
          expect(pfn).toBe(bit === undefined ? undefined : mem.pfnBase + bit);
          if (pfn === undefined || bit === undefined) continue;
          taken.fill(true, bit, bit + rounded(pages));
          live.push({ pfn, pages });
        }
        expect(mem.bitmap.weight()).toBe(taken.filter(Boolean).length);
        const blocks = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];
        expect(mem.largestBlock()).toBe(blocks.find((b) => firstBlock(taken, b) !== undefined) ?? 0);
        for (const block of live) mem.release(block.pfn, block.pages);
        expect(mem.bitmap.weight()).toBe(0);
      }),
    );
  });

  it('never gives more than 1 MiB of a 1.5 MiB pool at once', () => {
    // |------ 256 ------|-- 128 --|
    const mem = pool(384);
    expect(mem.alloc(257)).toBeUndefined();
    expect(mem.alloc(256)).toBe(mem.pfnBase);
    expect(mem.alloc(129)).toBeUndefined();
    expect(mem.alloc(128)).toBe(mem.pfnBase + 256);
    expect(mem.alloc(1)).toBeUndefined();
    expect(mem.largestBlock()).toBe(0);
  });

  it('gives nothing of a pool below a page', () => {
    const mem = pool(0);
    expect([mem.alloc(1), mem.largestBlock(), mem.bitmap.weight()]).toEqual([undefined, 0, 0]);
  });

  it('takes requests of any size', () => {
    expect(pool(16).alloc(2 ** 52)).toBeUndefined();
  });

  it('must exist', () => {
    expect(() => new DmaCoherentMem(new MemoryRecords(), 3)).toThrow('no coherent pool 3');
  });
});
