/**
 * Buffers from a pool of set-aside pages: what vendors call a carveout, and the protected memory of a TEE. Both are
 * declared (board/declared-heaps.ts). The carveout is as in TI's tree: ti-linux-kernel,
 * drivers/dma-buf/heaps/carveout-heap.c; the TEE's heap models drivers/tee/tee_heap.c (Linux 6.18).
 *
 * Neither zeroes: a new buffer holds what the last user of its pages left there.
 */
import { GenPool } from '../mm/alloc/gen-pool.ts';
import { longestRun } from '../units.ts';
import type { Allocation, DmaHeapOps, HeapBackend } from './heap-ops.ts';
import { pagesText } from './heap-ops.ts';

/** No free run of so many pages in a pool. */
export interface PoolNoRoom {
  readonly kind: 'pool-no-room';
  /** Bytes of a page. */
  readonly pageSize: number;
  readonly pool: string;
  readonly pages: bigint;
  readonly freePages: number;
  readonly totalPages: number;
  readonly largestRun: number;
}

/** @param index the number of the pool */
const poolOps = (index: number): DmaHeapOps<PoolNoRoom> => ({
  allocate({ records, profile }, pages): Allocation<PoolNoRoom> {
    const pool = new GenPool(records, index);
    const pfn = pages > BigInt(pool.size) ? undefined : pool.alloc(Number(pages));
    if (pfn !== undefined) return { sgTable: [{ pfn, pages: Number(pages) }] };
    const why: PoolNoRoom = {
      kind: 'pool-no-room',
      pageSize: profile.geometry.pageSize,
      pool: pool.name,
      pages,
      freePages: pool.bitmap.zeros(),
      totalPages: pool.size,
      largestRun: pool.bitmap.longestZeroRun(),
    };
    return { errno: 'ENOMEM', why };
  },
  release({ records }, sgTable) {
    const pool = new GenPool(records, index);
    for (const { pfn, pages } of sgTable) pool.release(pfn, pages);
  },
  space(records) {
    const pool = new GenPool(records, index);
    return {
      region: { name: pool.name, pfn: pool.pfnBase },
      pages: pool.size,
      freePages: pool.bitmap.zeros(),
      largestPages: pool.bitmap.longestZeroRun(),
    };
  },
  freeRuns(records) {
    const pool = new GenPool(records, index);
    return pool.bitmap.freeFrames(pool.pfnBase);
  },
  largestRequest(records) {
    const pool = new GenPool(records, index);
    return longestRun(pool.bitmap.freeFrames(pool.pfnBase)) ?? { pages: 0 };
  },
});

function explain({ pageSize, pool, pages, freePages, totalPages, largestRun }: PoolNoRoom): string[] {
  const text = pagesText(pageSize);
  if (pages > BigInt(totalPages))
    return [`${text(pages)} asked; the whole of ${pool} has ${text(totalPages)}`];
  const room = `${text(pages)} asked, ${text(freePages)} of ${totalPages} free in ${pool}`;
  return freePages === 0 ? [room] : [room, `the largest free run is ${text(largestRun)}`];
}

const failures = {
  'pool-no-room': {
    where: 'lib/genalloc.c: gen_pool_alloc()',
    rule: 'a buffer of a carveout, or of a TEE, is the first run of free pages that is long enough',
    change: 'free what lies in the way, ask for less, or make the pool larger',
  },
};

const largest = 'the longest free run of pages';

export const carveoutBackend: HeapBackend<PoolNoRoom> = {
  ops: poolOps,
  mappable: true,
  cached: (declared) => declared?.cached ?? false,
  /** vm_iomap_memory() maps all of the range in one go, which a private mapping may be. */
  refusesPrivate: () => false,
  mapsFrames: () => true,
  refusesCpu: () => false,
  mapErrno: () => 'ENOMEM',
  failures,
  placedBy: 'pool-no-room',
  alignOrder: () => 0,
  explain,
  words: {
    title: 'carveout',
    largest,
    caveat:
      'Declared, as the vendor’s public source has it: a new buffer is not zeroed. Nothing of it was recorded.',
  },
};

export const teeBackend: HeapBackend<PoolNoRoom> = {
  ops: poolOps,
  mappable: false,
  cached: () => false,
  refusesPrivate: () => false,
  mapsFrames: () => true,
  refusesCpu: () => false,
  mapErrno: (errno) => errno,
  failures,
  placedBy: 'pool-no-room',
  alignOrder: () => 0,
  explain,
  words: {
    title: 'TEE',
    largest,
    caveat:
      'Declared: a TEE driver registers it for memory that no CPU of Linux may touch. It has no mmap, and SYNC does nothing. Nothing of it was recorded.',
  },
};
