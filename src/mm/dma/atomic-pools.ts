/**
 * The pools for allocations that may not sleep, by zone: each of chunks, of which the newest is looked at first. Models
 * kernel/dma/pool.c (Linux 7.3) once boot has made them (`mm/early/atomic-pool.ts`).
 *
 *   pool of a zone   [ chunk 2: |##..#...| ] -> [ chunk 1: |####....| ]
 *                      as large as all before it, taken when less than the nominal size was left
 */
import type { Printk } from '../../printk.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import { getOrder, type Pfn, type PfnRange } from '../../units.ts';
import { Bitmap } from '../alloc/bitmap.ts';
import { Cma } from '../alloc/cma.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';

/** What all pools share. */
interface AtomicPools {
  /** atomic_pool_size, bytes: what each should have left, and had at boot unless it was rounded up. */
  readonly nominal: bigint;
  /** CONFIG_CMA_ALIGNMENT. */
  readonly cmaAlignment: number;
  /** The number of the default CMA area, if there is one. */
  readonly area?: number;
}

const POOLS = 'atomic-pools';

export const putAtomicPools = (records: Records, pools: AtomicPools): void => records.put(POOLS, pools);

/** Pools in the order in which work looks after them: atomic_pool_work_fn(). */
const BY_WORK: readonly ZoneName[] = ['DMA', 'DMA32', 'Normal'];

const chunksKey = (zone: ZoneName): string => recordKey('atomic-pool', zone);

/** The chunks of a pool, the newest first; none where there is no pool. */
export const atomicChunks = (records: Records, zone: ZoneName): readonly PfnRange[] =>
  records.get<readonly PfnRange[]>(chunksKey(zone)) ?? [];

const bitmapOf = (records: Records, zone: ZoneName, chunk: PfnRange): Bitmap =>
  new Bitmap(records, recordKey('atomic-pool', zone, chunk.pfn), chunk.pages);

/** Bytes of a pool: gen_pool_size(). */
export const atomicPoolBytes = (records: Records, zone: ZoneName): bigint =>
  geometryOf(records).pagesToBytes(atomicChunks(records, zone).reduce((sum, { pages }) => sum + pages, 0));

/** gen_pool_avail() */
const freeBytes = (records: Records, zone: ZoneName): bigint =>
  geometryOf(records).pagesToBytes(
    atomicChunks(records, zone).reduce((sum, chunk) => sum + bitmapOf(records, zone, chunk).zeros(), 0),
  );

/**
 * Gives a pool a chunk more, half as large each time there is no room: atomic_pool_expand().
 *
 * @returns the order that it got
 */
export function expandAtomicPool(
  records: Records,
  printk: Printk,
  zone: ZoneName,
  order: number,
): number | undefined {
  for (let o = order; o >= 0; o--) {
    const pfn = takeChunk(records, printk, zone, o);
    if (pfn === undefined) continue;
    records.put<readonly PfnRange[]>(chunksKey(zone), [
      { pfn, pages: 2 ** o },
      ...atomicChunks(records, zone),
    ]);
    return o;
  }
  return undefined;
}

function takeChunk(records: Records, printk: Printk, zone: ZoneName, order: number): Pfn | undefined {
  const pools = records.get<AtomicPools>(POOLS);
  const area = pools?.area === undefined ? undefined : new Cma(records, pools.area);
  if (area !== undefined && isInZone(records, area, zone)) {
    const pfn = area.alloc(2 ** order, Math.min(order, pools?.cmaAlignment ?? order), printk);
    if (pfn !== undefined) return pfn;
  }
  return new PageAllocator(records).alloc(order, zone);
}

/** Whether the area's last byte lies where the zone's devices reach: cma_in_zone(). */
function isInZone(records: Records, area: Cma, zone: ZoneName): boolean {
  if (zone === 'Normal') return true;
  const pages = new PageAllocator(records);
  if (!pages.zones().includes(zone)) return false;
  const span = pages.zoneSpan(zone);
  return area.basePfn + area.count <= span.pfn + span.pages;
}

/** What a pool gave. */
export interface AtomicPages {
  readonly zone: ZoneName;
  readonly pfn: Pfn;
}

/** The pools that a request may be answered from, in order; behind DMA's there is none: dma_guess_pool(). */
function poolsFor(records: Records, zone: 'DMA' | 'DMA32' | 'Normal'): readonly ZoneName[] {
  const exists = (pool: ZoneName) => atomicChunks(records, pool).length > 0;
  const first = FIRST_POOL[zone].find(exists);
  return first === undefined ? [] : [first, ...NEXT_POOLS[first].filter(exists)];
}

const FIRST_POOL = {
  DMA: ['DMA', 'DMA32', 'Normal'],
  DMA32: ['DMA32', 'DMA', 'Normal'],
  Normal: ['Normal', 'DMA32', 'DMA'],
} as const;
const NEXT_POOLS = { Normal: ['DMA32', 'DMA'], DMA32: ['DMA'], DMA: [] } as const;

/**
 * Takes whole pages, aligned to their order within a chunk: dma_alloc_from_pool().
 *
 * @param pages at least 1
 * @param isReached whether the device reaches what a pool has found; if not, the next pool is asked
 * @returns the pages; or whether there is any pool at all
 */
export function allocAtomic(
  records: Records,
  pages: number,
  zone: 'DMA' | 'DMA32' | 'Normal',
  isReached: (pfn: Pfn) => boolean,
): AtomicPages | { readonly pools: number } {
  const pools = poolsFor(records, zone);
  for (const pool of pools) {
    const found = firstFit(records, pool, pages);
    if (found === undefined || !isReached(found.pfn)) continue;
    bitmapOf(records, pool, found.chunk).set(found.pfn - found.chunk.pfn, pages);
    if (freeBytes(records, pool) < (records.get<AtomicPools>(POOLS)?.nominal ?? 0n)) {
      records.put(WORK, true);
    }
    return { zone: pool, pfn: found.pfn };
  }
  return { pools: pools.length };
}

/** gen_pool_first_fit_order_align() over the chunks. */
function firstFit(
  records: Records,
  zone: ZoneName,
  pages: number,
): { readonly chunk: PfnRange; readonly pfn: Pfn } | undefined {
  const align = 2 ** getOrder(pages);
  for (const chunk of atomicChunks(records, zone)) {
    if (chunk.pages < pages) continue;
    const bit = bitmapOf(records, zone, chunk).findZeroArea(0, pages, align, 0);
    if (bit !== undefined) return { chunk, pfn: chunk.pfn + bit };
  }
  return undefined;
}

/** Gives pages back; pools never shrink: dma_free_from_pool(). */
export function freeAtomic(records: Records, { zone, pfn }: AtomicPages, pages: number): void {
  const chunk = atomicChunks(records, zone).find((one) => pfn >= one.pfn && pfn < one.pfn + one.pages);
  if (chunk === undefined) throw new Error(`no atomic pool has frame ${pfn}`);
  bitmapOf(records, zone, chunk).clear(pfn - chunk.pfn, pages);
}

const WORK = 'atomic-pool-work';

/**
 * Lets the work run that a success has scheduled: every pool with less than the nominal size left doubles.
 *
 * Deviation: Linux runs it as soon as the CPU is free; here it has run when the call returns.
 */
export function runAtomicPoolWork(records: Records, printk: Printk): void {
  if (records.get(WORK) !== true) return;
  records.delete(WORK);
  const { nominal } = records.get<AtomicPools>(POOLS) ?? { nominal: 0n };
  const { pfnUp, maxPageOrder } = geometryOf(records);
  for (const zone of BY_WORK) {
    if (atomicChunks(records, zone).length === 0 || freeBytes(records, zone) >= nominal) continue;
    const order = Math.min(getOrder(pfnUp(atomicPoolBytes(records, zone))), maxPageOrder);
    expandAtomicPool(records, printk, zone, order);
  }
}
