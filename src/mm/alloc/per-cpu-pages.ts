/**
 * Free pages of CMA areas that lie on the CPU's own lists: areas count them as free, zones do not. Models
 * mm/page_alloc.c: free_frozen_page_commit(), nr_pcp_high(), nr_pcp_free() and zone_batchsize() (Linux 7.3), one CPU.
 * What else lies on the lists is not known to the model and counts as nothing.
 */
import type { Profile } from '../../profile/profile.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { Pfn, PfnRange } from '../../units.ts';

/** PAGE_ALLOC_COSTLY_ORDER: blocks up to this order go to the lists. */
const COSTLY_ORDER = 3;
/** CONFIG_PCP_BATCH_SCALE_MAX. */
const BATCH_SCALE_MAX = 5;

/** struct per_cpu_pages of a zone. */
interface PerCpuPages {
  /** The zone's frames. */
  readonly span: PfnRange;
  /** CMA blocks by order. */
  readonly blocks: Record<number, number>;
  readonly batch: number;
  readonly highMax: number;
  high: number;
  /** Pages freed in a row, as far as they are counted: those of boot, or of one call, as allocations between halve it. */
  freeCount: number;
  /** PCPF_PREV_FREE_HIGH_ORDER. */
  prevHighOrder: boolean;
}

/** The record of all zones: a call has one to load. */
const KEY = 'cma-per-cpu';

/** How many pages of CMA areas lie on the lists: what CmaFree lacks of the bitmaps' zeros. */
export const perCpuCmaPages = (records: Records): number =>
  (records.get<PerCpuPages[]>(KEY) ?? []).reduce((sum, pcp) => sum + countOf(pcp), 0);

/**
 * Makes the lists of every zone: setup_per_cpu_pageset().
 *
 * @param zones from the bottom up, with their pages but those of CMA areas
 */
export function createPerCpuPages(
  records: Records,
  zones: readonly { readonly span: PfnRange; readonly managed: number }[],
): void {
  const huge = hugeOrder(profileIn(records));
  // Boot takes its own pages from the highest zone.
  const own = zones.findLastIndex(({ managed }) => managed > 0);
  const pages = zones[own]?.managed ?? 0;
  if (pages >= CONTRADICTED[0] && pages < CONTRADICTED[1]) records.put(KNOWN, false);
  records.put<PerCpuPages[]>(
    KEY,
    zones.map(({ span, managed }, zone) => newPerCpuPages(span, managed, zone === own ? huge : undefined)),
  );
}

/** Puts a zone's lists in the place of what they were. */
function change(records: Records, pfn: Pfn, changed: (pcp: PerCpuPages) => PerCpuPages | undefined): void {
  const zones = records.get<PerCpuPages[]>(KEY);
  const index = zones?.findIndex(({ span }) => pfn >= span.pfn && pfn < span.pfn + span.pages) ?? -1;
  const pcp = zones?.[index];
  const put = pcp && changed(pcp);
  if (zones !== undefined && put !== undefined) records.put<PerCpuPages[]>(KEY, zones.with(index, put));
}

/** Gives a zone's lists back: drain_all_pages(). @param pfn a frame of the zone */
export function drainPerCpuPages(records: Records, pfn: Pfn): void {
  change(records, pfn, (pcp) => (countOf(pcp) === 0 ? undefined : { ...pcp, blocks: {} }));
}

/** The order of a huge page's block where such blocks go to the lists too: pcp_allowed_order(). */
function hugeOrder({ config, geometry, linux }: Profile): number | undefined {
  if (!linux.knowsPerCpuBlocks) return undefined;
  const order = Math.log2(Number(geometry.tableSpans[0] / geometry.page));
  return config.CONFIG_TRANSPARENT_HUGEPAGE && order <= geometry.maxPageOrder ? order : undefined;
}

/** Frees pages of a CMA area in their largest aligned blocks: free_contig_frozen_range(). */
export function freeCmaPages(records: Records, pfn: Pfn, count: number): void {
  const { maxPageOrder } = profileIn(records).geometry;
  freeBlocks(records, pfn, count, maxPageOrder, { freeCount: 0, prevHighOrder: false });
}

/** Frees the pageblocks of an area that is activated: init_cma_reserved_pageblock(). @param order that of a pageblock */
export function activateCmaPages(records: Records, pfn: Pfn, count: number, order: number): void {
  freeBlocks(records, pfn, count, order, {});
}

function freeBlocks(
  records: Records,
  pfn: Pfn,
  count: number,
  most: number,
  since: Partial<PerCpuPages>,
): void {
  if (!profileIn(records).arch.listsCmaPages) return;
  const listed = [...listedBlocks(pfn, count, most, hugeOrder(profileIn(records)))];
  if (listed.length === 0) return;
  change(records, pfn, (before) => {
    const pcp = { ...before, ...since, blocks: { ...before.blocks } };
    for (const order of listed) freeBlock(pcp, order);
    return pcp;
  });
}

/** The orders of those largest aligned blocks of a run that go to the lists, ascending by address. */
function* listedBlocks(pfn: Pfn, count: number, most: number, huge: number | undefined): Iterable<number> {
  const end = pfn + count;
  for (let at = pfn; at < end; ) {
    let order = 0;
    while (order < most && at % 2 ** (order + 1) === 0 && at + 2 ** (order + 1) <= end) order++;
    const isListed = order <= COSTLY_ORDER || order === huge;
    if (isListed) yield order;
    // Whole blocks of the largest order need not be walked one by one where they are not listed.
    at += !isListed && order === most ? Math.floor((end - at) / 2 ** order) * 2 ** order : 2 ** order;
  }
}

const countOf = ({ blocks }: Pick<PerCpuPages, 'blocks'>): number =>
  Object.entries(blocks).reduce((sum, [order, n]) => sum + n * 2 ** Number(order), 0);

/** zone_batchsize() and zone_highsize(), before the watermarks are set. @param managed the zone's pages without CMA */
function newPerCpuPages(span: PfnRange, managed: number, huge: number | undefined): PerCpuPages {
  const quarter = Math.max(1, Math.floor(Math.min(managed >> 10, 256) / 4));
  const batch = Math.max(1, 2 ** Math.floor(Math.log2(quarter + Math.floor(quarter / 2))) - 1);
  const highMax = Math.max(managed >> 3, 4 * batch);
  const state = { span, blocks: {}, batch, highMax, high: 4 * batch, freeCount: 0, prevHighOrder: false };
  // Recorded: by the time the areas are activated, zones of 0.8 to 2 GiB have freed a huge block; why is not known.
  const [from, to] = FREED_BEFORE;
  if (huge === undefined || managed < from || managed >= to) return state;
  return { ...state, high: 2 ** huge + batch };
}

/**
 * Zones of which the recordings do not agree: two of 503,800 pages and more had freed no huge block, others of as many
 * had, and none was recorded up to 761,000.
 */
const CONTRADICTED = [502_000, 761_000] as const;

const KNOWN = 'cma-per-cpu-known';

/** Whether the model claims to know what lies on the lists right after boot. */
export const knowsPerCpuPages = (records: Records): boolean =>
  profileIn(records).linux.knowsPerCpuBlocks && records.get(KNOWN) !== false;

/** Zones of so many pages: of those recorded, 212,000 to 502,000 did, and 175,000 and 761,000 did not. */
const FREED_BEFORE = [196_608, 655_360] as const;

/** free_frozen_page_commit(). */
function freeBlock(pcp: PerCpuPages, order: number): void {
  const { batch } = pcp;
  pcp.blocks[order] = (pcp.blocks[order] ?? 0) + 1;
  const count = countOf(pcp);
  const isHigh = order > 0 && order <= COSTLY_ORDER;
  const freeHigh = isHigh && pcp.freeCount >= batch && pcp.prevHighOrder;
  pcp.prevHighOrder = isHigh;
  if (pcp.freeCount < batch << BATCH_SCALE_MAX) pcp.freeCount += 2 ** order;
  const high = highOf(pcp, count, freeHigh);
  if (count >= high) drop(pcp, order, toFree(pcp, count, high, freeHigh));
}

/** nr_pcp_high(): how many pages the lists may hold. */
function highOf(pcp: PerCpuPages, count: number, freeHigh: boolean): number {
  const { batch, highMax } = pcp;
  const highMin = 4 * batch;
  const high = Math.min(Math.max(pcp.high, highMin), highMax);
  pcp.high = high;
  if (freeHigh) {
    pcp.high = Math.max(high - (batch << BATCH_SCALE_MAX), highMin);
    return 0;
  }
  if (highMin !== highMax && count >= high) {
    const needed = pcp.freeCount + batch;
    if (high < needed) pcp.high = Math.min(Math.max(needed, highMin), highMax);
  }
  return high;
}

/** nr_pcp_free(). */
function toFree({ batch, freeCount }: PerCpuPages, count: number, high: number, freeHigh: boolean): number {
  if (freeHigh) return Math.min(count, batch << BATCH_SCALE_MAX);
  if (high < batch) return 1;
  return Math.min(Math.max(freeCount, batch), Math.max(high - batch, batch));
}

/** free_pcppages_bulk() in rounds of a batch, the list of `order` first. */
function drop(pcp: PerCpuPages, order: number, pages: number): void {
  const orders = Object.keys(pcp.blocks).map(Number);
  const first = orders.indexOf(order);
  const inTurn = [...orders.slice(first), ...orders.slice(0, first)];
  for (let left = pages; left > 0 && countOf(pcp) > 0; left -= pcp.batch) {
    let round = Math.min(left, pcp.batch);
    for (const list of inTurn) {
      const blocks = pcp.blocks[list] ?? 0;
      const taken = Math.min(blocks, Math.ceil(Math.max(round, 0) / 2 ** list));
      pcp.blocks[list] = blocks - taken;
      round -= taken * 2 ** list;
    }
  }
}
