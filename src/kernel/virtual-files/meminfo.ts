/** /proc/meminfo. Models fs/proc/meminfo.c: meminfo_proc_show() and mm/show_mem.c (Linux 7.3). */
import { cmaAreas, perCpuCmaPages } from '../../mm/cma.ts';
import { PageAllocator } from '../../mm/page-alloc.ts';
import type { Records } from '../../records.ts';
import { bootRecord } from '../boot-record.ts';
import { totalReservePages } from './watermarks.ts';

const KIB_PER_PAGE = 4;

/** sysctl vm.overcommit_ratio in percent. */
const OVERCOMMIT_RATIO = 50;

/** VMALLOC_TOTAL with 48-bit virtual addresses, in KiB. */
const VMALLOC_TOTAL = 135_288_315_904;

/** The lines in order; those without a value in `meminfo()` are of things that are not modelled: 0. */
const LINES = [
  ...['MemTotal', 'MemFree', 'MemAvailable', 'Buffers', 'Cached', 'SwapCached', 'Active', 'Inactive'],
  ...['Active(anon)', 'Inactive(anon)', 'Active(file)', 'Inactive(file)', 'Unevictable', 'Mlocked'],
  ...['SwapTotal', 'SwapFree', 'Dirty', 'Writeback', 'AnonPages', 'Mapped', 'Shmem', 'KReclaimable', 'Slab'],
  ...['SReclaimable', 'SUnreclaim', 'KernelStack', 'PageTables', 'SecPageTables', 'NFS_Unstable', 'Bounce'],
  ...['WritebackTmp', 'CommitLimit', 'Committed_AS', 'VmallocTotal', 'VmallocUsed', 'VmallocChunk', 'Percpu'],
] as const;
const HUGE_PAGE_LINES = [
  'AnonHugePages',
  'ShmemHugePages',
  'ShmemPmdMapped',
  'FileHugePages',
  'FilePmdMapped',
] as const;
const LAST_LINES = ['CmaTotal', 'CmaFree', 'Balloon', 'GPUActive', 'GPUReclaim'] as const;

/** totalcma_pages. */
const cmaPages = (records: Records): number =>
  cmaAreas(records, bootRecord(records).cmaAreas).reduce((sum, cma) => sum + cma.count, 0);

/** CmaTotal of /proc/meminfo in KiB: the pages of all areas. */
export const cmaTotalKiB = (records: Records): number => cmaPages(records) * KIB_PER_PAGE;

/** The file. The counters of the page allocator and of the CMA areas are the model's own. */
export function meminfo(records: Records): string {
  const { profile, cmaAreas: count } = bootRecord(records);
  const pages = new PageAllocator(records);
  const areas = cmaAreas(records, count);
  const zones = pages.zones().map((name) => {
    const inZone = areas.filter((cma) => pages.zoneOf(cma.basePfn) === name);
    return { name, managed: inZone.reduce((sum, cma) => sum + cma.count, pages.managedPages(name)) };
  });
  const total = zones.reduce((sum, { managed }) => sum + managed, 0);
  const cmaFree = areas.reduce((sum, cma) => sum + cma.bitmap.zeros(), -perCpuCmaPages(records));
  const free = pages.freePages() + cmaFree;
  const values = new Map<string, number>([
    ['MemTotal', total * KIB_PER_PAGE],
    ['MemFree', free * KIB_PER_PAGE],
    ['MemAvailable', Math.max(free - totalReservePages(zones, profile), 0) * KIB_PER_PAGE],
    ['CommitLimit', Math.floor((total * OVERCOMMIT_RATIO) / 100) * KIB_PER_PAGE],
    ['VmallocTotal', VMALLOC_TOTAL],
    ['CmaTotal', cmaPages(records) * KIB_PER_PAGE],
    ['CmaFree', cmaFree * KIB_PER_PAGE],
  ]);
  const huge = profile.config.CONFIG_TRANSPARENT_HUGEPAGE ? HUGE_PAGE_LINES : [];
  return [...LINES, ...huge, ...LAST_LINES]
    .map((line) => `${`${line}:`.padEnd(16)}${`${values.get(line) ?? 0}`.padStart(8)} kB\n`)
    .join('');
}
