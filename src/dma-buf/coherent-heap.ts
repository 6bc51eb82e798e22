/**
 * Buffers from a coherent pool. Models drivers/dma-buf/heaps/coherent_heap.c of the series "dma-buf:
 * heaps: add coherent reserved-memory heap" (v3, and where they differ the other states of it).
 */
import { DmaCoherentMem } from '../mm/alloc/coherent.ts';
import { type DeviceShare, heldBy } from '../mm/dma/device-memory.ts';
import { geometryOf } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { getOrder } from '../units.ts';
import { DMEM_RULES, type DmemFull, explainAccount, type HeapAccount } from './account.ts';
import { allocateCharged, releaseCharged } from './dmem-account.ts';
import type { Allocation, DmaHeapOps, HeapBackend, HeapContext, LargestRequest } from './heap-ops.ts';
import { heldLines, pagesText, zeroPages } from './heap-ops.ts';
import {
  explainPageArray,
  mostArrayPages,
  PAGE_ARRAY_RULES,
  type PageArrayTooLarge,
  pageArrayTooLarge,
} from './page-array.ts';

/** No free block of the rounded-up order in a coherent pool. */
export interface CoherentNoRoom {
  readonly kind: 'coherent-no-room';
  /** Bytes of a page. */
  readonly pageSize: number;
  readonly pool: string;
  readonly pages: bigint;
  /** `pages` rounded up to a power of two: what the pool looks for. */
  readonly blockPages: bigint;
  readonly freePages: number;
  readonly totalPages: number;
  /** The largest power of two of pages that is free at a multiple of itself. */
  readonly largestBlock: number;
  /** The devices whose drivers hold pages of it; absent: none. */
  readonly devices?: readonly DeviceShare[];
}

type CoherentFailure = CoherentNoRoom | PageArrayTooLarge | DmemFull;

/** What v1 of the series charges, and later versions do not: the whole pages asked for, not what the pool then takes. */
const account: HeapAccount = { controller: 'dmem', by: 'dmem-coh-v1', region: (pool) => `coh/${pool}` };

/** @param pool the number of the pool */
function coherentHeapOps(pool: number): DmaHeapOps<CoherentFailure> {
  return {
    allocate(context, pages): Allocation<CoherentFailure> {
      const { name } = new DmaCoherentMem(context.records, pool);
      const bytes = pages * BigInt(context.profile.geometry.pageSize);
      return allocateCharged(context, account, name, bytes, () => takePages(context, pool, pages));
    },
    release(context, sgTable, charge) {
      const mem = new DmaCoherentMem(context.records, pool);
      for (const { pfn, pages } of sgTable) {
        mem.release(pfn, pages);
        const bytes = context.profile.geometry.pagesToBytes(pages);
        releaseCharged(context, account, mem.name, bytes, charge);
      }
    },
    space(records) {
      const mem = new DmaCoherentMem(records, pool);
      return {
        region: { name: mem.name, pfn: mem.pfnBase },
        pages: mem.size,
        freePages: mem.bitmap.zeros(),
        largestPages: largestRequest(records, mem).pages,
      };
    },
    freeRuns(records) {
      const mem = new DmaCoherentMem(records, pool);
      return mem.bitmap.freeFrames(mem.pfnBase);
    },
    largestRequest: (records) => largestRequest(records, new DmaCoherentMem(records, pool)),
  };
}

function takePages(
  context: HeapContext,
  pool: number,
  pages: bigint,
): Allocation<CoherentNoRoom | PageArrayTooLarge> {
  const mem = new DmaCoherentMem(context.records, pool);
  const count = Number(pages);
  const pfn = mem.alloc(count);
  if (pfn === undefined) {
    const why: CoherentNoRoom = {
      kind: 'coherent-no-room',
      pageSize: context.profile.geometry.pageSize,
      pool: mem.name,
      pages,
      blockPages: 1n << BigInt(getOrder(count)),
      freePages: mem.bitmap.zeros(),
      totalPages: mem.size,
      largestBlock: mem.largestBlock(),
      ...heldBy(context.records, 'pool', pool),
    };
    return { errno: 'ENOMEM', why };
  }
  const sgTable = [{ pfn, pages: count }];
  zeroPages(context, sgTable);
  // Whether the pages come before the array, as in the CMA heap, is not known; nobody could see the difference.
  const tooLarge = pageArrayTooLarge(context.profile.geometry, mem.name, pages);
  if (tooLarge !== undefined) {
    mem.release(pfn, count);
    return { errno: 'ENOMEM', why: tooLarge };
  }
  return { sgTable };
}

function largestRequest(records: Records, mem: DmaCoherentMem): LargestRequest {
  const pages = Math.min(mem.largestBlock(), mostArrayPages(geometryOf(records)));
  const bit = pages === 0 ? undefined : mem.bitmap.findFreeRegion(getOrder(pages));
  return { pages, ...(bit !== undefined && { pfn: mem.pfnBase + bit }) };
}

export const coherentBackend: HeapBackend<CoherentFailure> = {
  ops: coherentHeapOps,
  mappable: true,
  /** dma_init_coherent_memory() maps the pool write-combined. */
  cached: () => false,
  refusesPrivate: () => false,
  mapsFrames: () => true,
  refusesCpu: (records, index) => new DmaCoherentMem(records, index).refusesCpu,
  mapErrno: () => 'ENOMEM',
  account,
  failures: {
    'coherent-no-room': {
      where: 'kernel/dma/coherent.c: __dma_alloc_from_coherent()',
      rule: 'a buffer of a pool is a free block of a power of two of pages at a multiple of itself, counted from the begin of the pool',
      change: 'free what lies in the way, ask for less, or make the pool larger',
    },
    ...PAGE_ARRAY_RULES,
    ...DMEM_RULES,
  },
  placedBy: 'coherent-no-room',
  alignOrder: getOrder,
  explain(failure) {
    if (failure.kind === 'page-array-too-large') return explainPageArray(failure);
    if (failure.kind === 'dmem-full') return explainAccount(failure);
    const pages = pagesText(failure.pageSize);
    const { blockPages, freePages, totalPages, largestBlock } = failure;
    const rounded =
      blockPages === failure.pages ? '' : `, rounded up to a power of two: ${pages(blockPages)}`;
    const room = `${pages(freePages)} of ${totalPages} free in ${failure.pool}`;
    const largest =
      freePages === 0
        ? ''
        : `; the largest free block that is a power of two at a multiple of itself has ${pages(largestBlock)}`;
    return [`${pages(failure.pages)} asked${rounded}`, room + largest, ...heldLines(failure)];
  },
  words: {
    title: 'coherent',
    largest: 'the largest power of two of pages at a multiple of itself: what one call can get',
    others: 'lost to rounding up to powers of two',
  },
};
