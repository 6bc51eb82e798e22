/**
 * Texts of /proc, /sys and debugfs that show memory and heaps, as Linux 7.3 writes them.
 */
import { Cma } from '../mm/cma.ts';
import { countBlocks, PageAllocator } from '../mm/page-alloc.ts';
import type { Records } from '../records.ts';
import type { PhysAddr } from '../units.ts';
import { bootRecord } from './boot-record.ts';

const areasOf = (records: Records): readonly Cma[] =>
  Array.from({ length: bootRecord(records).cmaAreas }, (_, index) => new Cma(records, index));

/** The top-level lines of /proc/iomem for memory: `40000000-7fffffff : System RAM`. */
export function procIomem(records: Records): readonly string[] {
  const hex = (address: PhysAddr) => address.toString(16).padStart(8, '0');
  return bootRecord(records).iomem.map(({ name, start, end }) => `${hex(start)}-${hex(end)} : ${name}`);
}

/** The files of /sys/kernel/debug/cma/AREA that are read, without their newlines. */
export interface CmaDebugfs {
  readonly count: string;
  readonly used: string;
  readonly maxchunk: string;
  readonly order_per_bit: string;
  readonly base_pfn: string;
  /** u32 words, the lowest page first. */
  readonly bitmap: string;
}

/** /sys/kernel/debug/cma: mm/cma_debug.c, by the areas' names. */
export function cmaDebugfs(records: Records): Readonly<Record<string, CmaDebugfs>> {
  return Object.fromEntries(
    areasOf(records).map((cma) => {
      const words = Array.from({ length: Math.ceil(cma.count / 32) }, (_, i) => cma.bitmap.word(i));
      return [
        cma.name,
        {
          count: `${cma.count}`,
          used: `${cma.bitmap.weight()}`,
          maxchunk: `${cma.bitmap.longestZeroRun()}`,
          order_per_bit: '0',
          base_pfn: `${cma.basePfn}`,
          bitmap: words.join(' '),
        },
      ] as const;
    }),
  );
}

/** CmaTotal of /proc/meminfo in KiB: the pages of all areas. */
export const cmaTotalKiB = (records: Records): number =>
  areasOf(records).reduce((sum, cma) => sum + cma.count * 4, 0);

/** /proc/buddyinfo: free blocks of each order, those of CMA areas too, in the zones that have memory. */
export function procBuddyinfo(records: Records): string {
  const pages = new PageAllocator(records);
  const areas = areasOf(records);
  const lines = pages.zones().map((zone) => {
    const inZone = areas.filter((cma) => pages.zoneOf(cma.basePfn) === zone);
    if (pages.managedPages(zone) === 0 && inZone.length === 0) return '';
    const ofCma = countBlocks(inZone.flatMap((cma) => cma.bitmap.freeFrames(cma.basePfn)));
    const counts = pages.nrFree(zone).map((blocks, order) => blocks + (ofCma[order] ?? 0));
    return `Node 0, zone ${zone.padStart(8)} ${counts.map((n) => `${n}`.padStart(6)).join(' ')} \n`;
  });
  return lines.join('');
}
