/** Random system calls on one kernel, watched by what must always hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Syscall } from '../../src/kernel/syscall.ts';
import { cmaDebugfs, procBuddyinfo } from '../../src/kernel/virtual-files/index.ts';
import { PageAllocator } from '../../src/mm/alloc/page-alloc.ts';
import { MAP_SHARED, O_RDWR, PROT_READ } from '../../src/uapi/fcntl.ts';
import { KiB, MiB, type PfnRange } from '../../src/units.ts';
import { alloc, type Booted, board, bootBoard, cma, coherent } from '../small-board.ts';

const HEAPS = ['system', 'pool@46000000', 'low@48000000', 'high@48200000', 'default_cma_region'] as const;

/** Two CMA areas that share 2 MiB, the default area, a pool of an odd size. */
const start = (): Booted =>
  bootBoard(
    board([
      coherent('pool@46000000', 0x46000000n, 1200n * KiB),
      cma('low@48000000', 0x48000000n, 4n * MiB),
      cma('high@48200000', 0x48200000n, 4n * MiB),
    ]),
    { cmdline: 'cma=8M', nofile: 24 },
  );

type Step =
  | { readonly what: 'alloc'; readonly heap: (typeof HEAPS)[number]; readonly len: bigint }
  | { readonly what: 'close' | 'dup' | 'mmap' | 'munmap' | 'open'; readonly pick: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('alloc' as const),
      heap: fc.constantFrom(...HEAPS),
      len: fc.oneof(fc.bigInt(1n, 64n * KiB), fc.bigInt(1n, 3n * MiB), fc.constant(1n << 63n)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom('close' as const, 'close' as const, 'dup', 'mmap', 'munmap', 'open'),
      pick: fc.nat(30),
    }),
  },
);

/** Makes one step; remembers the mappings, which have no table to read them from. */
function run(kernel: Kernel, mappings: number[], one: Step): void {
  const call = (what: Syscall) => kernel.syscall('shell', what);
  if (one.what === 'alloc') {
    alloc(kernel, one.heap, one.len);
  } else if (one.what === 'open') {
    call({ call: 'open', path: `/dev/dma_heap/${HEAPS[one.pick % HEAPS.length]}`, flags: O_RDWR });
  } else if (one.what === 'munmap') {
    const [mapping] = mappings.splice(one.pick % Math.max(mappings.length, 1), 1);
    if (mapping !== undefined) expect(call({ call: 'munmap', mapping })).toEqual({ ret: 0 });
  } else if (one.what === 'mmap') {
    const [length, offset] = [4096n, 0n];
    const { ret } = call({ call: 'mmap', fd: one.pick, length, prot: PROT_READ, flags: MAP_SHARED, offset });
    if (ret > 0) mappings.push(ret);
  } else if (one.pick > 2) {
    call({ call: one.what, fd: one.pick });
  }
}

/** Everything that is held, to compare before and after. */
const held = ({ kernel, records }: Booted) => ({
  heaps: kernel.heaps(),
  cma: cmaDebugfs(records),
  buddy: [...new PageAllocator(records).freeBlocks()].map((block) => block.join('/')).sort(),
  buddyinfo: procBuddyinfo(records),
});

const pagesOf = (ranges: readonly PfnRange[]): number => ranges.reduce((sum, r) => sum + r.pages, 0);

function checkInvariants({ kernel, records }: Booted): void {
  const buffers = kernel.buffers();
  const pieces = buffers.flatMap((buffer) => buffer.sgTable).sort((a, b) => a.pfn - b.pfn);
  for (const [i, piece] of pieces.entries()) {
    const before = pieces[i - 1];
    if (before !== undefined) expect(before.pfn + before.pages).toBeLessThanOrEqual(piece.pfn);
  }
  for (const buffer of buffers) expect(BigInt(pagesOf(buffer.sgTable)) * 4096n).toBe(buffer.size);
  for (const heap of kernel.heaps()) expect(heap.free >= heap.largest && heap.free <= heap.size).toBe(true);

  // The system heap's pages lie where boot left RAM free: nowhere near regions and areas.
  const system = buffers.filter((b) => b.heap === 'system').flatMap((b) => b.sgTable);
  for (const region of kernel.regions()) {
    const [from, to] = [
      Number((region.base ?? 0n) >> 12n),
      Number(((region.base ?? 0n) + (region.size ?? 0n)) >> 12n),
    ];
    expect(system.filter((piece) => piece.pfn < to && piece.pfn + piece.pages > from)).toEqual([]);
  }

  // /proc/buddyinfo shows every free page once, CMA's too (overlapping areas show theirs twice).
  const counts = procBuddyinfo(records)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(/\s+/).slice(4).map(Number));
  const shown = counts.flat().reduce((sum, n, i) => sum + n * 2 ** (i % 11), 0);
  const areas = Object.values(cmaDebugfs(records));
  const cmaFree = areas.reduce((sum, area) => sum + Number(area.count) - Number(area.used), 0);
  expect(shown).toBe(new PageAllocator(records).freePages() + cmaFree);
}

describe('any sequence of calls', () => {
  it('keeps buffers apart and accounts add up, and freeing all restores what boot left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const booted = start();
        const before = held(booted);
        let calls = 0;
        booted.kernel.onSyscall = () => calls++;
        const mappings: number[] = [];
        for (const one of steps) run(booted.kernel, mappings, one);
        checkInvariants(booted);
        const { kernel } = booted;
        for (let fd = 3; fd < 24; fd++) kernel.syscall('shell', { call: 'close', fd });
        for (const mapping of mappings) kernel.syscall('shell', { call: 'munmap', mapping });
        expect(calls).toBeGreaterThanOrEqual(21);
        expect(kernel.buffers()).toEqual([]);
        expect(held(booted)).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  it('gives zeroed memory after dirty predecessors', () => {
    const request = fc.record({
      heap: fc.constantFrom(...HEAPS),
      pages: fc.integer({ min: 1, max: 40 }),
      keep: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(request, { minLength: 2, maxLength: 15 }), (requests) => {
        const { kernel } = start();
        for (const { heap, pages, keep } of requests) {
          const length = BigInt(pages) * 4096n;
          const { fd, ret } = alloc(kernel, heap, length);
          if (ret < 0) continue;
          const map = { call: 'mmap', fd, length, prot: 3, flags: MAP_SHARED, offset: 0n } as const;
          const id = kernel.syscall('shell', map).ret;
          const bytes = new Uint8Array(Number(length));
          kernel.mapping(id).read(0n, bytes);
          expect(bytes.some((byte) => byte !== 0)).toBe(false);
          kernel.mapping(id).write(0n, bytes.fill(0xa5));
          kernel.syscall('shell', { call: 'munmap', mapping: id });
          if (!keep) kernel.syscall('shell', { call: 'close', fd });
        }
      }),
      { numRuns: 40 },
    );
  });
});
