/** Linux 7.3. */
import { formatPa, GiB, KiB, MiB, U64_MASK } from '../units.ts';
import { dmaRules73 } from './dma-rules.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/**
 * @param stable the number of the stable update: 7.3.4
 * @param pa how lines of the log have physical addresses
 */
export const linux73 = (stable: number, pa: FormatPa = formatPa): LinuxVersion => ({
  name: `7.3.${stable}`,
  options: {
    rodataFull: false,
    cmaDebug: false,
    heapModules: true,
    maxOrder: 'inclusive',
    smallPages52: true,
  },

  hasSlob: false,
  structPage: 64n,
  regionSlot: 40n,
  treeSizes: { node: 208, property: 104, alias: 40 },
  reservedMem: {
    order: 'tree',
    maxRegions: Number.POSITIVE_INFINITY,
    maxDynamic: 64,
    bottomUp: 'dynamic',
    severalPairs: 'first',
    memreserve: 'last',
    bothProperties: 'plain',
    cmaOnCmdline: 'skipped',
    dynamicNoMap: 'marked',
    noMapRefusedOutside: false,
    fullArray: 'panics',
    badCellsTold: 2,
    badAllocRanges: 'ignored',
    refusedOverlaps: false,
    rangeLine: true,
  },
  pageMapped: (_config, rodata) => rodata !== 'noalias' && rodata !== 'off',
  cmaLimitAlone: true,
  maxCmaAreas: (config) => config.CONFIG_CMA_AREAS,
  limitsPageblocks: true,
  hugePageblocks: (config) => config.CONFIG_HUGETLBFS || config.CONFIG_TRANSPARENT_HUGEPAGE,
  fromFourGiB: (size, limit) => limit >= 4n * GiB + size,
  atomicPool: (_zone, populated) => populated,

  defaultCmaFirst: true,
  zonesByBits: false,

  cmaHeaps: 'all',
  teeHeaps: true,
  systemMapsBy: 'piece',
  cmaMapsFrames: true,
  dmaBufNoExec: true,
  advice: { populate: true, dontneedLocked: true },
  dontunmapAnonymous: false,
  mremapMovesMany: true,
  systemArrayLimit: false,
  epollEdgeRepeats: true,
  closeRangeCloexec: true,
  drmVersionDate: false,
  leaksDescriptor: false,
  syncFiles: true,
  firstIno: 1,
  vmallocTotalKiB: { 48: 135_288_315_904, 52: 135_288_315_904 },
  noMapOutward: true,
  fdinfoIno: true,
  namesAttached: true,

  cmaFolder: (area) => area,
  cmaRanges: true,
  cmaCounters: [
    'alloc_pages_fail',
    'alloc_pages_success',
    'available_pages',
    'release_pages_success',
    'total_pages',
  ],
  cmaFullRet: -16,
  cmaTooLarge: { counted: true, told: true },
  knowsPerCpuBlocks: true,
  meminfoEnd: ['Balloon', 'GPUActive', 'GPUReclaim'],
  meminfoLacks: [],

  memAccounting: true,
  systemHeapOrders: [8, 4, 0],
  defaultCmaHeap: 'default_cma_region',

  // FMODE_NONOTIFY, FMODE_OPENED and FMODE_LSEEK.
  dmaBufMode: 0x2080004,
  bufinfoTitles: 'size    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n',
  unnamedBuffer: '<none>',

  dma: dmaRules73(pa),

  log: {
    cmaReserved: (asked, { base }) => [6, `cma: Reserved ${asked / MiB} MiB at ${pa(base)}`],
    cmaNotReserved: (asked) => [3, `cma: Failed to reserve ${asked / MiB} MiB`],
    cmaNoSlotTold: true,
    cmaAllocFailed: (area, pages) => {
      const site = '__cma_alloc_frozen';
      return { site, line: [3, `cma: ${site}: ${area}: alloc failed, req-size: ${pages} pages, ret: -16`] };
    },
    cmaFree: (runs, free, total) => {
      const told = runs.map(({ start, length }) => `${start === 0 ? '' : '+'}${length}@${start}`);
      return [
        [6, 'cma: number of available pages: '],
        [6, `cma: range 0: ${told.join('')}`],
        [6, 'cma: '],
        [4, `=> ${free} free of ${total} total pages`],
      ];
    },
    cmaNotActivated: (area) => [3, `cma: CMA area ${area} could not be activated`],
    cmaHeapRefused: (area) => [4, `cma_heap: Failed to add CMA heap ${area}`],
    coherentPoolMade: (base, size) => [
      6,
      `Reserved memory: created DMA memory pool at ${pa(base)}, size ${size / KiB} KiB`,
    ],
    coherentPoolFailed: (base, size) => [
      3,
      `Reserved memory: failed to init DMA memory pool at ${pa(base)}, size ${size / KiB} KiB`,
    ],
    badCells: [3, 'OF: reserved mem: Reserved memory: unsupported node format, ignoring'],
    noReservedMemory: [6, 'OF: reserved mem: Reserved memory: No reserved-memory node in the DT'],
    tooManyDynamic: (node) => [3, `OF: reserved mem: too many defined dynamic regions, skip '${node}'`],
    severalRegPairs: (node, pairs) => [
      4,
      `OF: reserved mem: Reserved memory: node '${node}' has ${pairs} <base size> entries, only the first is used`,
    ],
    defaultCmaSkipped: () => [3, 'Skipping dt linux,cma-default node in favor for "cma=" kernel param.'],
    regionNotReserved: ({ name, base, size }) => [
      3,
      `OF: reserved mem: Reserved memory: failed to reserve memory for node '${name}': base ${pa(base)}, size ${size / MiB} MiB`,
    ],
    regionNotPlaced: (node, size) => [
      3,
      `OF: reserved mem: failed to allocate memory for node '${node}': size ${size / MiB} MiB`,
    ],
    regionRange: ({ name, base, size, noMap, reusable }) => {
      const range = `${pa(base)}..${pa((base + size - 1n) & U64_MASK)} (${size / KiB} KiB)`;
      const how = `${noMap ? 'nomap' : 'map'} ${reusable ? 'reusable' : 'non-reusable'}`;
      return [6, `OF: reserved mem: ${range} ${how} ${name}`];
    },
  },
});
