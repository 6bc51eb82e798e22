/** Buffers from the page allocator, piece by piece. Models drivers/dma-buf/heaps/system_heap.c (Linux 7.3). */
import { cgroupPath, ROOT_CGROUP } from '../mm/account/cgroup-records.ts';
import { chargeKernel, type OomKiller, unchargeKernel } from '../mm/account/memcg.ts';
import { PageAllocator } from '../mm/alloc/page-alloc.ts';
import type { LinuxVersion, ZoneName } from '../profile/linux-version.ts';
import { getOrder, type PfnRange } from '../units.ts';
import {
  type Charge,
  explainAccount,
  type HeapAccount,
  MEMCG_RULES,
  type MemcgFull,
  type OomKilled,
} from './account.ts';
import type { Allocation, DeclaredTraits, DmaHeapOps, HeapBackend, HeapContext } from './heap-ops.ts';
import { pagesText, zeroPages } from './heap-ops.ts';
import {
  explainPageArray,
  PAGE_ARRAY_RULES,
  type PageArrayTooLarge,
  pageArrayTooLarge,
} from './page-array.ts';

/** The system heap ran out of pages: on Linux the OOM killer ends the caller. */
export interface SystemOom {
  readonly kind: 'system-oom';
  /** Bytes of a page. */
  readonly pageSize: number;
  readonly pages: bigint;
  readonly freePages: number;
  /** The highest zone that was asked, of a heap that is confined. */
  readonly zone?: ZoneName;
}

/** Charges a piece of so many pages. @param waits absent: who may not wait is refused at once */
type ChargePiece = (pages: number, waits: boolean) => boolean;

/**
 * Takes the largest piece that is not above what remains nor above the order last given:
 * alloc_largest_available(). Only single pages wait for memory; a piece that cannot be charged goes back.
 */
function allocLargest(
  pages: PageAllocator,
  orders: readonly number[],
  remaining: number,
  maxOrder: number,
  charge: ChargePiece,
  zone: ZoneName | undefined,
): PfnRange | undefined {
  for (const order of orders) {
    if (remaining < 2 ** order || maxOrder < order) continue;
    const pfn = pages.alloc(order, zone);
    if (pfn === undefined) continue;
    if (charge(2 ** order, order === 0)) return { pfn, pages: 2 ** order };
    pages.free(pfn, order);
  }
  return undefined;
}

const account: HeapAccount = { controller: 'memory', by: 'memcg' };

type SystemFailure = SystemOom | PageArrayTooLarge | MemcgFull | OomKilled;

/** The cgroup that the buffer's pages are charged to; `undefined` where none is. */
function chargedCgroup({ profile, caller }: HeapContext): number | undefined {
  if (caller === undefined || !profile.accounting.includes(account.by)) return undefined;
  return caller.cgroup === ROOT_CGROUP ? undefined : caller.cgroup;
}

function refusedCharge({ records, caller }: HeapContext, id: number): Allocation<MemcgFull | OomKilled> {
  const cgroup = cgroupPath(records, id);
  return caller?.isDying() === true
    ? { errno: 'EINTR', why: { kind: 'oom-killed', cgroup } }
    : { errno: 'ENOMEM', why: { kind: 'memcg-full', cgroup } };
}

/** The pieces of every vendor's system heap that was read; older mainline takes single pages. */
const DECLARED_ORDERS: LinuxVersion['systemHeapOrders'] = [8, 4, 0];

/** The zone that a heap's pages are of, or below: gfp_zone(). Where there is no DMA32, GFP_DMA32 means ZONE_NORMAL. */
function zoneOf(pages: PageAllocator, declared: DeclaredTraits | undefined): ZoneName | undefined {
  if (declared?.zone === undefined) return undefined;
  return pages.zones().includes(declared.zone) ? declared.zone : 'Normal';
}

/** The zones that an allocation of this one may use. */
function zonesBelow(pages: PageAllocator, zone: ZoneName | undefined): readonly ZoneName[] {
  const zones = pages.zones();
  return zone === undefined ? zones : zones.slice(0, zones.indexOf(zone) + 1);
}

/** @param declared a heap that a vendor's tree has, which may be confined to a zone */
const systemHeapOps = (declared?: DeclaredTraits): DmaHeapOps<SystemFailure> => ({
  /**
   * Deviation: when free memory cannot cover the request, Linux takes page after page until the OOM
   * killer ends the caller, which sees -EINTR if it lives to see anything. Here the call answers EINTR
   * at once, with the reason, and the task lives. Below ZONE_NORMAL nobody is killed
   * (__alloc_pages_may_oom()): a confined heap answers ENOMEM.
   */
  allocate(context, wanted): Allocation<SystemFailure> {
    const { geometry, linux } = context.profile;
    const isMainline = declared === undefined;
    const limited = isMainline && linux.systemArrayLimit;
    const tooLarge = limited ? pageArrayTooLarge(geometry, 'system', wanted) : undefined;
    if (tooLarge !== undefined) return { errno: 'ENOMEM', why: tooLarge };
    const pages = new PageAllocator(context.records);
    const zone = zoneOf(pages, declared);
    let freePages = 0;
    for (const name of zonesBelow(pages, zone)) freePages += pages.freePagesIn(name);
    if (wanted > BigInt(freePages)) {
      const why: SystemOom = {
        kind: 'system-oom',
        pageSize: geometry.pageSize,
        pages: wanted,
        freePages,
        ...(zone !== undefined && { zone }),
      };
      const isLow = zone !== undefined && zone !== 'Normal';
      return { errno: isLow ? 'ENOMEM' : 'EINTR', why };
    }
    const cgroup = chargedCgroup(context);
    const waiting: OomKiller | undefined = context.caller;
    const charge: ChargePiece = (count, waits) =>
      cgroup === undefined || chargeKernel(context.records, cgroup, count, waits ? waiting : undefined);
    const sgTable: PfnRange[] = [];
    const orders = isMainline ? linux.systemHeapOrders : DECLARED_ORDERS;
    let [maxOrder] = orders;
    for (let remaining = Number(wanted); remaining > 0; ) {
      const piece = allocLargest(pages, orders, remaining, maxOrder, charge, zone);
      if (piece === undefined) {
        // Single pages cover whatever is free.
        if (cgroup === undefined) throw new Error('free pages that no order gives');
        releasePieces(context, sgTable, { cgroup });
        return refusedCharge(context, cgroup);
      }
      sgTable.push(piece);
      remaining -= piece.pages;
      maxOrder = Math.log2(piece.pages);
    }
    zeroPages(context, sgTable);
    return { sgTable, ...(cgroup !== undefined && { charge: { cgroup } }) };
  },
  release: releasePieces,
  space(records) {
    const allocator = new PageAllocator(records);
    const zones = zonesBelow(allocator, zoneOf(allocator, declared));
    const order = allocator.largestOrder(zones);
    return {
      pages: zones.reduce((sum, zone) => sum + allocator.managedPages(zone), 0),
      freePages: zones.reduce((sum, zone) => sum + allocator.freePagesIn(zone), 0),
      largestPages: order < 0 ? 0 : 2 ** order,
    };
  },
  freeRuns: () => [],
  largestRequest(records) {
    const allocator = new PageAllocator(records);
    const zones = zonesBelow(allocator, zoneOf(allocator, declared));
    return { pages: zones.reduce((sum, zone) => sum + allocator.freePagesIn(zone), 0) };
  },
});

function releasePieces(context: HeapContext, sgTable: readonly PfnRange[], charge?: Charge): void {
  const pages = new PageAllocator(context.records);
  for (const piece of sgTable) {
    pages.free(piece.pfn, Math.log2(piece.pages));
    if (charge !== undefined) unchargeKernel(context.records, charge.cgroup, piece.pages);
  }
}

/** Of every call: made once. */
const MAINLINE_OPS = systemHeapOps();

export const systemBackend: HeapBackend<SystemFailure> = {
  ops: (_index, declared) => (declared === undefined ? MAINLINE_OPS : systemHeapOps(declared)),
  mappable: true,
  cached: (declared) => declared?.cached ?? true,
  /** It maps page by page or entry by entry, and remap_pfn_range() refuses a private mapping of a part. */
  refusesPrivate(sgTable, offset, length, { systemMapsBy }, declared) {
    // Vendors' heaps map page by page; what they do since mainline maps piece by piece was not read.
    const mapsBy = declared !== undefined ? 'page' : systemMapsBy;
    if (mapsBy !== 'piece') return mapsBy === 'never-private' || length > 1;
    let start = 0;
    for (const { pages } of sgTable) {
      const end = start + pages;
      if (offset < end) return offset + length > end;
      start = end;
    }
    return false;
  },
  mapsFrames: ({ systemMapsBy }, declared) => declared !== undefined || systemMapsBy !== 'never-private',
  refusesCpu: () => false,
  mapErrno: (errno) => errno,
  account,
  failures: {
    'system-oom': {
      where: 'drivers/dma-buf/heaps/system_heap.c: system_heap_allocate()',
      rule: 'a buffer of the system heap takes free pages of RAM one piece after the other',
      change: 'free buffers, ask for less, or reserve less',
    },
    ...PAGE_ARRAY_RULES,
    ...MEMCG_RULES,
  },
  placedBy: 'system-oom',
  alignOrder: getOrder,
  explain(failure) {
    if (failure.kind === 'page-array-too-large') return explainPageArray(failure);
    if (failure.kind !== 'system-oom') return explainAccount(failure);
    const pages = pagesText(failure.pageSize);
    const { zone } = failure;
    const asked = `${pages(failure.pages)} asked, ${pages(failure.freePages)} free`;
    if (zone !== undefined && zone !== 'Normal') {
      return [
        `${asked} in the zone ${zone} and below, which the heap is confined to; nobody is killed for them`,
      ];
    }
    return [
      `${asked} in ${zone === undefined ? 'all of RAM' : `the zone ${zone} and below`}`,
      'on Linux the heap takes page after page until the OOM killer ends the caller; EINTR is what it sees if it lives',
    ];
  },
  words: {
    title: 'system',
    largest: 'the largest contiguous block; a buffer may have many',
    caveat:
      'Which frames the system heap takes depends on the live page allocator: the shape is modelled, the frames are not the target’s.',
  },
};
