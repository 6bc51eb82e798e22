/**
 * Texts of /proc, /sys and debugfs that show memory and heaps, as Linux 7.3 writes them.
 */
import { Cma } from '../mm/cma.ts';
import { countBlocks, PageAllocator } from '../mm/page-alloc.ts';
import type { Records } from '../records.ts';
import type { PfnRange, PhysAddr } from '../units.ts';
import { BOOT_RECORD, type BootRecord } from './boot-record.ts';

const bootOf = (records: Records): BootRecord => {
  const boot = records.get<BootRecord>(BOOT_RECORD);
  if (boot === undefined) throw new Error('no kernel has booted in these records');
  return boot;
};

const areasOf = (records: Records): readonly Cma[] =>
  Array.from({ length: bootOf(records).cmaAreas }, (_, index) => new Cma(records, index));

/** The top-level lines of /proc/iomem for memory: `40000000-7fffffff : System RAM`. */
export function procIomem(records: Records): readonly string[] {
  const hex = (address: PhysAddr) => address.toString(16).padStart(8, '0');
  return bootOf(records).iomem.map(({ name, start, end }) => `${hex(start)}-${hex(end)} : ${name}`);
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
      const runs = cma.freeRuns().map((run) => run.length);
      const words = Array.from({ length: Math.ceil(cma.count / 32) }, (_, i) => cma.bitmap.word(i));
      return [
        cma.name,
        {
          count: `${cma.count}`,
          used: `${cma.bitmap.weight()}`,
          maxchunk: `${runs.reduce((most, run) => Math.max(most, run), 0)}`,
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

/** Free blocks of each order, zone by zone: those of the page allocator and those of CMA areas. */
export function procBuddyinfo(records: Records): string {
  const pages = new PageAllocator(records);
  const cmaRuns = areasOf(records).flatMap((cma) =>
    cma.freeRuns().map((run): PfnRange => ({ pfn: cma.basePfn + run.start, pages: run.length })),
  );
  const lines = pages.zones().map((zone) => {
    const inZone = countBlocks(cmaRuns.filter((run) => pages.zoneOf(run.pfn) === zone));
    const counts = pages.nrFree(zone).map((blocks, order) => blocks + (inZone[order] ?? 0));
    if (counts.every((count) => count === 0)) return '';
    return `Node 0, zone ${zone.padStart(8)} ${counts.map((n) => `${n}`.padStart(6)).join(' ')} \n`;
  });
  return lines.join('');
}
