/**
 * /proc/buddyinfo and /proc/pagetypeinfo: free blocks by order and by migrate type. Models mm/vmstat.c
 * (Linux 7.3).
 *
 * Deviation: migrate types are not modelled. What is free outside CMA areas counts as Movable, and so do the
 * pageblocks there; Linux has a few Unmovable ones.
 */
import { type Cma, cmaAreas } from '../../mm/alloc/cma.ts';
import { countBlocks, PageAllocator } from '../../mm/alloc/page-alloc.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { pageblockBytes } from '../../profile/profile.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { getOrder, type Pfn } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';

const MIGRATE_TYPES = ['Unmovable', 'Movable', 'Reclaimable', 'HighAtomic', 'CMA', 'Isolate'] as const;

/** Where pagetypeinfo stops counting. */
const FREE_COUNT_MAX = 100_000;

/** The orders that there are blocks of: 0 to MAX_PAGE_ORDER. */
const ordersOf = (records: Records): readonly number[] =>
  Array.from({ length: geometryOf(records).maxPageOrder + 1 }, (_, order) => order);

/** A zone that has memory. */
interface PopulatedZone {
  readonly name: ZoneName;
  readonly areas: readonly Cma[];
  /** Free blocks of each order outside CMA areas, and in them. */
  readonly movable: readonly number[];
  readonly cma: readonly number[];
}

function populatedZones(records: Records): readonly PopulatedZone[] {
  const pages = new PageAllocator(records);
  const areas = cmaAreas(records, bootRecord(records).cmaAreas);
  return pages.zones().flatMap((name) => {
    const inZone = areas.filter((cma) => pages.zoneOf(cma.basePfn) === name);
    if (pages.managedPages(name) === 0 && inZone.length === 0) return [];
    const cma = countBlocks(
      inZone.flatMap((area) => area.bitmap.freeFrames(area.basePfn)),
      geometryOf(records),
    );
    return [{ name, areas: inZone, movable: pages.nrFree(name), cma }];
  });
}

/** /proc/buddyinfo: free blocks of each order, those of CMA areas too, in the zones that have memory. */
export function procBuddyinfo(records: Records): string {
  const orders = ordersOf(records);
  const lines = populatedZones(records).map(({ name, movable, cma }) => {
    const counts = orders.map((order) => `${(movable[order] ?? 0) + (cma[order] ?? 0)}`.padStart(6));
    return `Node 0, zone ${name.padStart(8)} ${counts.join(' ')} \n`;
  });
  return lines.join('');
}

/** /proc/pagetypeinfo: pagetypeinfo_show(). */
export function procPagetypeinfo(records: Records): string {
  const zones = populatedZones(records);
  const profile = profileIn(records);
  const pageblock = profile.geometry.pfnDown(pageblockBytes(profile));
  const orders = ordersOf(records);
  const titles = orders.map((order) => `${`${order}`.padStart(6)} `).join('');
  const types = MIGRATE_TYPES.map((type) => `${type.padStart(12)} `).join('');
  return [
    `Page block order: ${getOrder(pageblock)}\n`,
    `Pages per block:  ${pageblock}\n`,
    `\n${'Free pages count per migrate type at order'.padEnd(43)} ${titles}\n`,
    ...zones.map((zone) => freeBlocks(zone, orders)),
    `\n${'Number of blocks type '.padEnd(23)}${types}\n`,
    ...zones.map((zone) => pageblocks(records, zone, pageblock)),
  ].join('');
}

/** pagetypeinfo_showfree_print(). */
function freeBlocks({ name, movable, cma }: PopulatedZone, orders: readonly number[]): string {
  const lines = MIGRATE_TYPES.map((type) => {
    const free = type === 'Movable' ? movable : type === 'CMA' ? cma : [];
    const counts = orders.map((order) => {
      const count = free[order] ?? 0;
      return count >= FREE_COUNT_MAX ? `>${FREE_COUNT_MAX} ` : `${`${count}`.padStart(6)} `;
    });
    return `Node ${'0'.padStart(4)}, zone ${name.padStart(8)}, type ${type.padStart(12)} ${counts.join('')}\n`;
  });
  return lines.join('');
}

/** pagetypeinfo_showblockcount_print(). */
function pageblocks(records: Records, { name, areas }: PopulatedZone, pageblock: number): string {
  const inAreas = blocksOf(areas, pageblock);
  const movable = onlineBlocks(records, name, pageblock) - inAreas;
  const counts = MIGRATE_TYPES.map((type) => (type === 'Movable' ? movable : type === 'CMA' ? inAreas : 0));
  return `Node 0, zone ${name.padStart(8)} ${counts.map((n) => `${`${n}`.padStart(12)} `).join('')}\n`;
}

/** How many pageblocks areas hold, those that two of them share once. */
function blocksOf(areas: readonly Cma[], pageblock: number): number {
  const ranges = areas
    .map(({ basePfn, count }) => [basePfn / pageblock, (basePfn + count) / pageblock] as const)
    .sort(([a], [b]) => a - b);
  let [blocks, counted] = [0, 0];
  for (const [first, end] of ranges) {
    blocks += Math.max(end - Math.max(first, counted), 0);
    counted = Math.max(counted, end);
  }
  return blocks;
}

/** The pageblocks of a zone in sections that hold RAM, no-map or not: pfn_to_online_page(). */
function onlineBlocks(records: Records, name: ZoneName, pageblock: number): number {
  const { pfnDown, pagesPerSection } = geometryOf(records);
  const { pfn, pages } = new PageAllocator(records).zoneSpan(name);
  const steps = (from: Pfn): number => Math.ceil(Math.max(from - pfn, 0) / pageblock);
  let [blocks, next] = [0, 0];
  for (const { start, end } of bootRecord(records).iomem) {
    const first = Math.max(Math.floor(pfnDown(start) / pagesPerSection), next);
    next = Math.max(Math.floor(pfnDown(end) / pagesPerSection) + 1, next);
    const until = Math.min(next * pagesPerSection, pfn + pages);
    blocks += Math.max(steps(until) - steps(first * pagesPerSection), 0);
  }
  return blocks;
}
