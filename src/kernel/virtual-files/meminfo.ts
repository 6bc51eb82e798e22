/** /proc/meminfo. Models fs/proc/meminfo.c: meminfo_proc_show() and mm/show_mem.c (Linux 7.3). */
import { cmaAreas } from '../../mm/alloc/cma.ts';
import { PageAllocator } from '../../mm/alloc/page-alloc.ts';
import { perCpuCmaPages } from '../../mm/alloc/per-cpu-pages.ts';
import type { Geometry } from '../../profile/geometry.ts';
import { type Profile, vmallocTotalKiB } from '../../profile/profile.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { KiB } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { totalReservePages } from './watermarks.ts';

/** sysctl vm.overcommit_ratio in percent. */
const OVERCOMMIT_RATIO = 50;

/** The lines in order; those without a value in `meminfo()` are of things that are not modelled: 0. */
const LINES = [
  ...['MemTotal', 'MemFree', 'MemAvailable', 'Buffers', 'Cached', 'SwapCached', 'Active', 'Inactive'],
  ...['Active(anon)', 'Inactive(anon)', 'Active(file)', 'Inactive(file)', 'Unevictable', 'Mlocked'],
  ...['SwapTotal', 'SwapFree', 'Dirty', 'Writeback', 'AnonPages', 'Mapped', 'Shmem', 'KReclaimable', 'Slab'],
  ...['SReclaimable', 'SUnreclaim', 'KernelStack', 'PageTables', 'SecPageTables', 'NFS_Unstable', 'Bounce'],
  ...['WritebackTmp', 'CommitLimit', 'Committed_AS', 'VmallocTotal', 'VmallocUsed', 'VmallocChunk', 'Percpu'],
] as const;
/** Lines of a kernel with HighMem, before those of swap. */
const HIGHMEM_LINES = ['HighTotal', 'HighFree', 'LowTotal', 'LowFree'] as const;
const HUGE_PAGE_LINES = [
  'AnonHugePages',
  'ShmemHugePages',
  'ShmemPmdMapped',
  'FileHugePages',
  'FilePmdMapped',
] as const;
const CMA_LINES = ['CmaTotal', 'CmaFree'] as const;
/** Lines of hugetlbfs that count pages, of which there are none. */
const HUGETLB_PAGES = ['HugePages_Total', 'HugePages_Free', 'HugePages_Rsvd', 'HugePages_Surp'] as const;

/** Pages in KiB: K(). */
const kibOf =
  ({ pageSize }: Geometry) =>
  (pages: number): number =>
    pages * (pageSize / 1024);

/** totalcma_pages. */
const cmaPages = (records: Records): number =>
  cmaAreas(records, bootRecord(records).cmaAreas).reduce((sum, cma) => sum + cma.count, 0);

/** CmaTotal of /proc/meminfo in KiB: the pages of all areas. */
export const cmaTotalKiB = (records: Records): number => kibOf(geometryOf(records))(cmaPages(records));

/** The values of the lines that are modelled, KiB. The counters of the page allocator and of areas are the model's own. */
export function procMeminfo(records: Records): ReadonlyMap<string, number> {
  const profile = profileIn(records);
  const kib = kibOf(profile.geometry);
  const pages = new PageAllocator(records);
  const areas = cmaAreas(records, bootRecord(records).cmaAreas);
  const zones = pages.zones().map((name) => {
    const inZone = areas.filter((cma) => pages.zoneOf(cma.basePfn) === name);
    return { name, managed: inZone.reduce((sum, cma) => sum + cma.count, pages.managedPages(name)) };
  });
  const total = zones.reduce((sum, { managed }) => sum + managed, 0);
  const cmaFree = areas.reduce((sum, cma) => sum + cma.bitmap.zeros(), -perCpuCmaPages(records));
  const free = pages.freePages() + cmaFree;
  return new Map<string, number>([
    ['MemTotal', kib(total)],
    ['MemFree', kib(free)],
    ['MemAvailable', kib(Math.max(free - totalReservePages(zones, profile), 0))],
    ['CommitLimit', kib(Math.floor((total * OVERCOMMIT_RATIO) / 100))],
    ['VmallocTotal', vmallocTotalKiB(profile)],
    ['CmaTotal', kib(cmaPages(records))],
    ['CmaFree', kib(cmaFree)],
  ]);
}

/** The file. */
export function meminfo(records: Records): string {
  const values = procMeminfo(records);
  const profile = profileIn(records);
  const huge = profile.config.CONFIG_TRANSPARENT_HUGEPAGE ? HUGE_PAGE_LINES : [];
  const text = (line: string, kib: number): string => `${`${line}:`.padEnd(16)}${`${kib}`.padStart(8)} kB\n`;
  const { meminfoEnd, meminfoLacks } = profile.linux;
  const high = profile.arch.lowmem !== undefined && profile.config.CONFIG_HIGHMEM ? HIGHMEM_LINES : [];
  const swap = LINES.indexOf('SwapTotal');
  const usual = [...LINES.slice(0, swap), ...high, ...LINES.slice(swap)];
  const lines = [...usual, ...huge, ...CMA_LINES, ...meminfoEnd]
    .filter((line) => !meminfoLacks.includes(line))
    .map((line) => text(line, values.get(line) ?? 0));
  const last = profile.arch.meminfoEnd.map((line) => text(line, 0));
  return [...lines, ...hugetlbLines(profile, text), ...last].join('');
}

/** hugetlb_report_meminfo(): no huge pages are set aside. */
function hugetlbLines(
  { config, geometry }: Profile,
  text: (line: string, kib: number) => string,
): readonly string[] {
  if (!config.CONFIG_HUGETLBFS) return [];
  return [
    ...HUGETLB_PAGES.map((line) => `${`${line}:`.padEnd(16)}${'0'.padStart(8)}\n`),
    text('Hugepagesize', Number(geometry.tableSpans[0] / KiB)),
    text('Hugetlb', 0),
  ];
}
