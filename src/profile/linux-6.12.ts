/** Linux 6.12: what differs from 6.18. */
import { formatPa, KiB, MiB } from '../units.ts';
import { warnSites } from './dma-rules.ts';
import { linux618 } from './linux-6.18.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/** The regions lie in an array made to size: "dynamically allocate reserved_mem array". */
const REGION_ARRAY = 105;
/** "don't publish fd before copy_to_user() succeeds". */
const NO_LEAK = 113;

/**
 * @param stable the number of the stable update, 13 or later
 * @param pa how lines of the log have physical addresses
 */
export function linux612(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux618(0, pa);
  return {
    ...next,
    name: `6.12.${stable}`,
    options: { ...next.options, rodataFull: true },

    regionSlot: stable >= REGION_ARRAY ? 48n : 0n,
    reservedMem: { ...next.reservedMem, severalPairs: 'all', cmaOnCmdline: 'bypassed' },
    pageMapped: (config, rodata) =>
      rodata === undefined ? config.CONFIG_RODATA_FULL_DEFAULT_ENABLED : rodata === 'full',
    sparseTakers: {
      roots: 64n * KiB,
      perPage: next.sparseTakers?.perPage ?? 0n,
      usage: (pageblock) => (pageblock < 4n * MiB ? 56n : 40n),
      tables: true,
    },
    limitsPageblocks: false,
    cmaLimitAlone: false,
    fromFourGiB: (size, _limit, endOfRam) => endOfRam >= 2n ** 32n + size,

    cmaHeaps: 'default-by-name',
    teeHeaps: false,
    mremapMovesMany: false,
    drmVersionDate: true,
    leaksDescriptor: stable < NO_LEAK,

    dmaBufMode: 0x80004,
    cmaRanges: false,
    cmaCounters: ['alloc_pages_fail', 'alloc_pages_success', 'release_pages_success'],
    cmaFullRet: -12,
    cmaTooLarge: { counted: false, told: false },
    meminfoEnd: [],

    dma: {
      ...next.dma,
      secondPool: 'EBUSY',
      dumb: 'bits',
      sites: warnSites([598, 605, 674, 770, 282, 104, 78, 4832], '__dma_alloc_pages', '__alloc_pages_noprof'),
    },

    log: {
      ...next.log,
      cmaReserved: (_asked, { base, size }) => [
        6,
        `cma: Reserved ${size / MiB} MiB at ${pa(base)} on node -1`,
      ],
      cmaNotReserved: (_asked, rounded) => [3, `cma: Failed to reserve ${rounded / MiB} MiB on node -1`],
      cmaNoSlotTold: false,
      cmaAllocFailed: (area, pages, busy) => {
        const site = '__cma_alloc';
        const ret = busy ? -16 : -12;
        return {
          site,
          line: [3, `cma: ${site}: ${area}: alloc failed, req-size: ${pages} pages, ret: ${ret}`],
        };
      },
      cmaFree: (runs, free, total) => {
        const told = runs.map(({ start, length }) => `${length}@${start}`).join('+');
        return [[6, `cma: number of available pages: ${told}=> ${free} free of ${total} total pages`]];
      },
      badReg: (node) => [
        3,
        `OF: reserved mem: Reserved memory: invalid reg property in '${node}', skipping node.`,
      ],
      severalRegPairs: (node, pairs) => [
        4,
        `OF: reserved mem: fdt_scan_reserved_mem_reg_nodes() ignores ${pairs - 1} regions in node '${node}'`,
      ],
      defaultCmaSkipped: (node) => [
        6,
        `Reserved memory: bypass ${node} node, using cmdline CMA params instead`,
      ],
    },
  };
}
