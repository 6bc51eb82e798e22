import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBlocks, createZones, PageAllocator } from '../../src/mm/alloc/page-alloc.ts';
import type { ZoneSpan } from '../../src/mm/early/zones.ts';
import type { ZoneName } from '../../src/profile/linux-version.ts';
import type { PfnRange } from '../../src/units.ts';
import { bareRecords, GEOMETRY, MAX_PAGE_ORDER } from '../pages.ts';

const PAGE = 4096n;

interface Layout {
  readonly zones: readonly { readonly name: ZoneName; readonly end: number }[];
  readonly free: readonly PfnRange[];
}

/** Zones that begin at frame 0, and the runs that boot left free. */
function allocator({ zones, free }: Layout): PageAllocator {
  const records = bareRecords();
  let start = 0n;
  const spans = zones.map(({ name, end }): ZoneSpan => {
    const span = { name, start, end: BigInt(end) * PAGE };
    start = span.end;
    return span;
  });
  createZones(
    records,
    spans,
    free.map(({ pfn, pages }) => ({ base: BigInt(pfn) * PAGE, size: BigInt(pages) * PAGE })),
  );
  return new PageAllocator(records);
}

/** Runs with gaps between them, from frame 0 up. */
const runs: fc.Arbitrary<PfnRange[]> = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40_000 })),
      pages: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 })),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => {
    let pfn = 0;
    return parts.map(({ gap, pages }) => {
      const run = { pfn: pfn + gap, pages };
      pfn = run.pfn + pages;
      return run;
    });
  });

/** Borders anywhere: not at 4 MiB, not at a section. */
const layout: fc.Arbitrary<Layout> = fc.record({
  free: runs,
  zones: fc
    .tuple(fc.nat(60_000), fc.nat(60_000))
    .map(([dma, more]) => [
      { name: 'DMA', end: dma } as const,
      { name: 'DMA32', end: dma + more } as const,
      { name: 'Normal', end: 300_000 } as const,
    ]),
});

const total = (free: readonly PfnRange[]): number => free.reduce((sum, run) => sum + run.pages, 0);

const blocks = (pages: PageAllocator): string[] => [...pages.freeBlocks()].map((b) => b.join('/')).sort();

/** Every frame that is free or taken, to see that none is there twice. */
function checkDisjoint(ranges: readonly PfnRange[], free: readonly PfnRange[]): void {
  const sorted = [...ranges].sort((a, b) => a.pfn - b.pfn);
  for (const [i, range] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before !== undefined) expect(before.pfn + before.pages).toBeLessThanOrEqual(range.pfn);
    expect(free.some((r) => range.pfn >= r.pfn && range.pfn + range.pages <= r.pfn + r.pages)).toBe(true);
  }
}

describe('PageAllocator', () => {
  it('keeps its invariants over any calls, and ends as it began', () => {
    const call = fc.record({
      free: fc.boolean(),
      pick: fc.nat(1000),
      order: fc.nat(MAX_PAGE_ORDER),
      from: fc.constantFrom<ZoneName>('Normal', 'DMA32', 'DMA'),
    });
    fc.assert(
      fc.property(layout, fc.array(call, { maxLength: 60 }), (given, calls) => {
        const pages = allocator(given);
        const before = blocks(pages);
        const live: { pfn: number; order: number }[] = [];
        expect(pages.freePages()).toBe(total(given.free));
        for (const { free, pick, order, from } of calls) {
          if (free && live.length > 0) {
            const [block] = live.splice(pick % live.length, 1);
            if (block !== undefined) pages.free(block.pfn, block.order);
            continue;
          }
          const pfn = pages.alloc(order, from);
          if (pfn === undefined) continue;
          expect(pfn % 2 ** order).toBe(0);
          live.push({ pfn, order });
        }
        const used = live.map(({ pfn, order }) => ({ pfn, pages: 2 ** order }));
        const free = [...pages.freeBlocks()].map(([pfn, order]) => ({ pfn, pages: 2 ** order }));
        expect(total(free) + total(used)).toBe(total(given.free));
        expect(pages.freePages()).toBe(total(free));
        checkDisjoint([...used, ...free], given.free);
        for (const { pfn, order } of live) pages.free(pfn, order);
        expect(blocks(pages)).toEqual(before);
      }),
      { numRuns: 150 },
    );
  });

  it('gives every free page when asked for single ones, and takes them all back', () => {
    fc.assert(
      fc.property(
        layout.filter(({ free }) => total(free) < 3000),
        (given) => {
          const pages = allocator(given);
          const before = blocks(pages);
          const taken: number[] = [];
          for (let pfn = pages.alloc(0); pfn !== undefined; pfn = pages.alloc(0)) taken.push(pfn);
          expect(new Set(taken).size).toBe(total(given.free));
          expect([pages.freePages(), pages.largestOrder(), blocks(pages)]).toEqual([0, -1, []]);
          for (const pfn of taken.reverse()) pages.free(pfn, 0);
          expect(blocks(pages)).toEqual(before);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('cuts what boot left into the largest aligned blocks', () => {
    // frames   3 4   8        16 18
    //          |0|--2-|--3-----|1|
    const pages = allocator({ zones: [{ name: 'DMA', end: 100 }], free: [{ pfn: 3, pages: 15 }] });
    expect([...pages.freeBlocks()]).toEqual([
      [3, 0],
      [16, 1],
      [4, 2],
      [8, 3],
    ]);
    expect(pages.nrFree('DMA').slice(0, 5)).toEqual([1, 1, 1, 1, 0]);
    expect(pages.largestOrder()).toBe(3);
  });

  it('splits the smallest block that is large enough, and coalesces again', () => {
    const pages = allocator({ zones: [{ name: 'DMA', end: 2048 }], free: [{ pfn: 1024, pages: 1024 }] });
    expect(pages.alloc(0)).toBe(1024);
    expect(pages.nrFree('DMA')).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(pages.alloc(4)).toBe(1040);
    pages.free(1024, 0);
    pages.free(1040, 4);
    expect(pages.nrFree('DMA')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('prefers the highest zone and goes down from the one asked for', () => {
    const zones = [
      { name: 'DMA', end: 16 },
      { name: 'DMA32', end: 32 },
      { name: 'Normal', end: 48 },
    ] as const;
    const pages = allocator({ zones, free: [{ pfn: 1, pages: 47 }] });
    expect(pages.alloc(0, 'DMA32')).toBe(16);
    pages.free(16, 0);
    expect(pages.alloc(4)).toBe(32);
    expect(pages.alloc(4)).toBe(16);
    expect(pages.alloc(4)).toBeUndefined();
    expect(pages.alloc(0)).toBe(1);
    expect(pages.alloc(3, 'DMA')).toBe(8);
    expect([1, 15, 16, 47, 48].map((pfn) => pages.zoneOf(pfn))).toEqual([
      'DMA',
      'DMA',
      'DMA32',
      'Normal',
      undefined,
    ]);
  });

  it('does not merge across a zone border that is not aligned', () => {
    const zones = [
      { name: 'DMA', end: 1024 + 511 },
      { name: 'Normal', end: 4096 },
    ] as const;
    const pages = allocator({ zones, free: [{ pfn: 1024, pages: 1024 }] });
    expect([pages.managedPages('DMA'), pages.managedPages('Normal')]).toEqual([511, 513]);
    const first = pages.alloc(9);
    expect(first).toBe(1536);
    pages.free(first ?? -1, 9);
    expect([...pages.freeBlocks()].filter(([, order]) => order === 9)).toEqual([[1536, 9]]);
    expect(pages.largestOrder()).toBe(9);
  });

  it('loses no page where a zone ends inside of one', () => {
    const records = bareRecords();
    const border = 100n * PAGE + 0x123n;
    createZones(
      records,
      [
        { name: 'DMA', start: PAGE, end: border },
        { name: 'Normal', start: border, end: 200n * PAGE },
      ],
      [{ base: PAGE, size: 199n * PAGE }],
    );
    const pages = new PageAllocator(records);
    expect([pages.managedPages('DMA'), pages.managedPages('Normal')]).toEqual([99, 100]);
  });

  it('refuses frames that no zone has', () => {
    const pages = allocator({ zones: [{ name: 'DMA', end: 16 }], free: [{ pfn: 1, pages: 15 }] });
    expect(() => pages.free(16, 0)).toThrow('frame 16 is in no zone');
  });
});

describe('countBlocks', () => {
  it('counts blocks whose pages add up', () => {
    fc.assert(
      fc.property(runs, (free) => {
        const counts = countBlocks(free, GEOMETRY);
        expect(counts).toHaveLength(MAX_PAGE_ORDER + 1);
        expect(counts.reduce((sum, n, order) => sum + n * 2 ** order, 0)).toBe(total(free));
      }),
    );
  });
});
