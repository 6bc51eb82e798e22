/** Buffers from a CMA area. Models drivers/dma-buf/heaps/cma_heap.c (Linux 7.3). */
import { Cma } from '../mm/alloc/cma.ts';
import { type DeviceShare, heldBy } from '../mm/dma/device-memory.ts';
import type { Profile } from '../profile/profile.ts';
import { profileIn } from '../profile/recorded-profile.ts';
import { formatHex, getOrder, type PfnRange } from '../units.ts';
import { DMEM_RULES, type DmemFull, explainAccount, type HeapAccount } from './account.ts';
import { allocateCharged, releaseCharged } from './dmem-account.ts';
import type { Allocation, DmaHeapOps, HeapBackend, HeapContext } from './heap-ops.ts';
import { heldLines, pagesText, zeroPages } from './heap-ops.ts';
import { KernelOops } from './kernel-oops.ts';
import {
  explainPageArray,
  mostArrayPages,
  PAGE_ARRAY_RULES,
  type PageArrayTooLarge,
  pageArrayTooLarge,
} from './page-array.ts';

/** No aligned free run in a CMA area. */
export interface CmaNoRoom {
  readonly kind: 'cma-no-room';
  /** Bytes of a page. */
  readonly pageSize: number;
  readonly area: string;
  readonly pages: bigint;
  /** The alignment asked for, in pages. */
  readonly alignPages: number;
  readonly freePages: number;
  readonly totalPages: number;
  readonly largestRun: number;
  /** The longest free run that starts at a multiple of `alignPages`. */
  readonly largestAlignedRun: number;
  /** What the log's line says of it (`ret:`), where older kernels say -12 (-ENOMEM); absent where this one does. */
  readonly logRet?: -16;
  /** Free pages that are pinned, which no run counts; absent when there are none. */
  readonly pinnedPages?: number;
  /** The devices whose drivers hold pages of it; absent: none. */
  readonly devices?: readonly DeviceShare[];
}

type CmaFailure = CmaNoRoom | PageArrayTooLarge | DmemFull;

/** The proposal for CMA areas: each is a region, and a heap's buffers are charged before their pages are taken. */
const account: HeapAccount = { controller: 'dmem', by: 'dmem-cma-v2', region: (area) => `cma/${area}` };

/** @param area the number of the CMA area */
function cmaHeapOps(area: number): DmaHeapOps<CmaFailure> {
  return {
    allocate(context: HeapContext, pages: bigint): Allocation<CmaFailure> {
      const { name } = new Cma(context.records, area);
      const bytes = pages * BigInt(context.profile.geometry.pageSize);
      return allocateCharged(context, account, name, bytes, () => takePages(context, area, pages));
    },
    release(context, sgTable, charge) {
      const cma = new Cma(context.records, area);
      for (const { pfn, pages } of sgTable) {
        cma.release(pfn, pages);
        const bytes = context.profile.geometry.pagesToBytes(pages);
        releaseCharged(context, account, cma.name, bytes, charge);
      }
    },
    space(records) {
      const cma = new Cma(records, area);
      return {
        region: { name: cma.name, pfn: cma.basePfn },
        pages: cma.count,
        freePages: cma.bitmap.zeros(),
        largestPages: cma.bitmap.longestZeroRun(),
      };
    },
    freeRuns(records) {
      const cma = new Cma(records, area);
      return cma.bitmap.freeFrames(cma.basePfn);
    },
    /**
     * First fit asks for an alignment that grows with the request (cma_heap_allocate(): get_order(),
     * CONFIG_CMA_ALIGNMENT at most), so that a large run may take less than its length:
     *
     * ```
     *   aligned to    1     2     4           4
     *   free runs     . [###########]    [#######]
     * ```
     */
    largestRequest(records) {
      const { config, geometry } = profileIn(records);
      const runs = new Cma(records, area).movableRuns();
      const largest = runs.map((run) => largestInRun(run, config.CONFIG_CMA_ALIGNMENT));
      const pages = Math.min(
        largest.reduce((best, most) => Math.max(best, most), 0),
        mostArrayPages(geometry),
      );
      const run = runs[largest.findIndex((most) => most >= pages)];
      if (pages === 0 || run === undefined) return { pages };
      return { pages, pfn: alignedUp(run.pfn, 2 ** Math.min(getOrder(pages), config.CONFIG_CMA_ALIGNMENT)) };
    },
  };
}

/** What zeroing a buffer across no-map memory is. */
const unmapped = (cma: Cma, address: bigint): KernelOops =>
  new KernelOops(
    `the buffer would lie across no-map memory inside the CMA area ${cma.name}, and zeroing it, clear_page() touches ${formatHex(address)}, which Linux does not map`,
  );

function takePages(
  context: HeapContext,
  area: number,
  pages: bigint,
): Allocation<CmaNoRoom | PageArrayTooLarge> {
  const { config, geometry } = context.profile;
  const cma = new Cma(context.records, area);
  const count = Number(pages);
  const order = Math.min(getOrder(count), config.CONFIG_CMA_ALIGNMENT);
  const pfn = cma.alloc(count, order, context.printk, (first) => {
    const at = cma.unmappedIn(first, count);
    if (at !== undefined) throw unmapped(cma, geometry.pfnPhys(at));
  });
  if (pfn === undefined) {
    return {
      errno: 'ENOMEM',
      why: { ...noRoom(context.profile, cma, pages, 2 ** order), ...heldBy(context.records, 'cma', area) },
    };
  }
  const sgTable = [{ pfn, pages: count }];
  zeroPages(context, sgTable);
  // The pages come first, and go back: the area needs the room, and its counters move.
  const why = pageArrayTooLarge(geometry, cma.name, pages);
  if (why !== undefined) {
    cma.release(pfn, count);
    return { errno: 'ENOMEM', why };
  }
  return { sgTable };
}

const alignedUp = (pfn: number, align: number): number => Math.ceil(pfn / align) * align;

/** Pages of the largest request that fits into a run, whose alignment depends on itself. */
function largestInRun({ pfn, pages }: PfnRange, mostOrder: number): number {
  let best = 0;
  for (let order = 0; order <= mostOrder; order++) {
    const align = 2 ** order;
    const left = pfn + pages - alignedUp(pfn, align);
    best = Math.max(best, order === mostOrder ? left : Math.min(left, align));
  }
  return best;
}

/** What is free in the area, and how much of it lies right. */
function noRoom(
  { geometry: { pageSize }, linux }: Profile,
  cma: Cma,
  pages: bigint,
  alignPages: number,
): CmaNoRoom {
  const runs = cma.movableRuns();
  const longest = (lengths: readonly number[]) => lengths.reduce((most, length) => Math.max(most, length), 0);
  const aligned = runs.map((run) => run.pfn + run.pages - alignedUp(run.pfn, alignPages));
  const freePages = cma.bitmap.zeros();
  const pinnedPages = runs.reduce((left, run) => left - run.pages, freePages);
  return {
    kind: 'cma-no-room',
    pageSize,
    area: cma.name,
    pages,
    alignPages,
    freePages,
    totalPages: cma.count,
    largestRun: longest(runs.map((run) => run.pages)),
    largestAlignedRun: longest(aligned),
    ...(linux.cmaFullRet === -16 && { logRet: linux.cmaFullRet }),
    ...(pinnedPages > 0 && { pinnedPages }),
  };
}

/** How a line of an older kernel is told again in this one's log: reports quote lines. */
function olderLine({ logRet, pages, totalPages }: CmaNoRoom): string[] {
  if (logRet === undefined) return [];
  const older =
    pages > BigInt(totalPages)
      ? 'has no line of a request larger than the area'
      : 'ends that line in ret: -12 (--kernel 6.12)';
  return [`its line in the log ends in ret: ${logRet}; Linux up to 6.12 ${older}`];
}

export const cmaBackend: HeapBackend<CmaFailure> = {
  ops: cmaHeapOps,
  mappable: true,
  cached: (declared) => declared?.cached ?? true,
  refusesPrivate: () => true,
  mapsFrames: ({ cmaMapsFrames }) => cmaMapsFrames,
  refusesCpu: () => false,
  mapErrno: () => 'ENOMEM',
  account,
  failures: {
    'cma-no-room': {
      where: 'mm/cma.c: cma_alloc()',
      rule: 'a buffer of a CMA heap is one run of free pages that begins at a multiple of its size rounded up to a power of two, at most of 1 << CONFIG_CMA_ALIGNMENT pages',
      change: 'free what lies in the way, ask for less, or make the area larger',
    },
    ...PAGE_ARRAY_RULES,
    ...DMEM_RULES,
  },
  placedBy: 'cma-no-room',
  alignOrder: (pages, { config }) => Math.min(getOrder(pages), config.CONFIG_CMA_ALIGNMENT),
  explain(failure) {
    if (failure.kind === 'page-array-too-large') return explainPageArray(failure);
    if (failure.kind === 'dmem-full') return explainAccount(failure);
    const pages = pagesText(failure.pageSize);
    const { freePages, totalPages, largestRun, largestAlignedRun, alignPages } = failure;
    const asked = `${pages(failure.pages)} asked`;
    const older = olderLine(failure);
    if (failure.pages > BigInt(totalPages)) {
      return [`${asked}; the whole area ${failure.area} has ${pages(totalPages)}`, ...older];
    }
    const lines = [`${asked}, ${pages(freePages)} of ${totalPages} free in ${failure.area}`];
    lines.push(...heldLines(failure));
    if (failure.pinnedPages !== undefined) lines.push(`${pages(failure.pinnedPages)} of those are pinned`);
    if (freePages === 0) return [...lines, ...older];
    const largest = `the largest free run is ${pages(largestRun)}`;
    const right = `${pages(largestAlignedRun)} at the required alignment of ${pages(alignPages)}`;
    return [...lines, alignPages === 1 ? largest : `${largest}, ${right}`, ...older];
  },
  words: {
    title: 'CMA',
    largest: 'the longest free run of pages',
    others: 'taken by the kernel (the DMA atomic pools, at boot)',
    caveat:
      'On a running target pages of a CMA area may be pinned or slow to migrate: a real allocation can fail sooner.',
  },
};
