/** Linux 6.6: what differs from 6.12. Recorded from a vendor's tree. */
import { formatPa, MiB } from '../units.ts';
import { warnSites } from './dma-rules.ts';
import { linux612 } from './linux-6.12.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/**
 * @param stable the number of the stable update
 * @param pa how lines of the log have physical addresses
 */
export function linux66(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux612(0, pa);
  return {
    ...next,
    name: `6.6.${stable}`,
    options: { ...next.options, cmaDebug: true, smallPages52: false },

    treeSizes: { ...next.treeSizes, property: 96 },
    reservedMem: {
      ...next.reservedMem,
      order: 'sorted-by-node',
      maxRegions: 64,
      maxDynamic: 64,
      bottomUp: 'static-too',
      memreserve: 'before-dynamic',
      fullArray: 'fails',
      badCellsTold: 1,
    },
    maxCmaAreas: (config) => config.CONFIG_CMA_AREAS + 1,
    hugePageblocks: (config) => config.CONFIG_HUGETLBFS,
    zonesByBits: true,
    cmaMapsFrames: false,

    vmallocTotalKiB: { 48: 133_141_626_880 },
    cmaTooLarge: { counted: true, told: false },
    cmaCounters: ['alloc_pages_fail', 'alloc_pages_success'],

    dma: {
      ...next.dma,
      secondPool: 'ignored',
      tellsBeyondReach: false,
      poolGivesNothing: false,
      // MemTotal of the recordings lacks 64 MiB, or 32 where those find no room.
      swiotlb: 'full',
      atomicExhausted: { text: (device) => `Failed to get suitable pool for ${device}`, quiet: false },
      nowaitNoWarn: false,
      vb2Least: (min) => min,
      drmDate: true,
      sites: warnSites([503, 510, 565, 652, 279, 104, 78, 4410], '__dma_alloc_pages', '__alloc_pages'),
    },

    log: {
      ...next.log,
      cmaAllocFailed: (area, pages, busy) => {
        const site = 'cma_alloc';
        const ret = busy ? -16 : -12;
        return {
          site,
          line: [3, `cma: ${site}: ${area}: alloc failed, req-size: ${pages} pages, ret: ${ret}`],
        };
      },
      cmaFree: (runs, free, total, config) =>
        config.CONFIG_CMA_DEBUG ? next.log.cmaFree(runs, free, total, config) : [],
      noReservedMemory: undefined,
      badCells: [3, 'OF: fdt: Reserved memory: unsupported node format, ignoring'],
      badReg: (node) => [3, `OF: fdt: Reserved memory: invalid reg property in '${node}', skipping node.`],
      tooManyDynamic: () => [3, 'OF: reserved mem: not enough space for all defined regions.'],
      severalRegPairs: undefined,
      regionNotReserved: ({ name, base, size }) => [
        3,
        `OF: fdt: Reserved memory: failed to reserve memory for node '${name}': base ${pa(base)}, size ${size / MiB} MiB`,
      ],
    },
  };
}
