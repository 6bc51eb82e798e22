/** Linux 6.18: what differs from 7.3. Recorded from a vendor's tree, whose core files show no changes. */
import { formatPa, GiB, KiB, MiB } from '../units.ts';
import { warningBefore, warnSites } from './dma-rules.ts';
import { linux73 } from './linux-7.3.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/**
 * @param stable the number of the stable update
 * @param pa how lines of the log have physical addresses
 */
export function linux618(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux73(0, pa);
  return {
    ...next,
    name: `6.18.${stable}`,
    options: { ...next.options, heapModules: false },
    memAccounting: false,

    regionSlot: 48n,
    reservedMem: {
      ...next.reservedMem,
      severalPairs: 'all-no-region',
      bothProperties: 'refused',
      cmaOnCmdline: 'skipped-once',
      badAllocRanges: 'skip-node',
      refusedOverlaps: true,
    },
    sparseTakers: {
      roots: 64n * KiB,
      perPage: 32n * GiB,
      usage: () => 88n,
      tables: true,
    },
    defaultCmaFirst: false,
    // GFP_KERNEL and GFP_DMA32 always.
    atomicPool: (zone, populated) => zone !== 'DMA' || populated,

    cmaHeaps: 'default-twice',
    systemMapsBy: 'page',
    dmaBufNoExec: false,
    knowsPerCpuBlocks: false,
    meminfoEnd: ['Balloon'],
    leaksDescriptor: true,

    dma: {
      ...next.dma,
      secondPool: 'ignored',
      dumb: 'format-by-8',
      warning: warningBefore,
      sites: warnSites(
        [634, 641, 710, 806, 282, 105, 79, 5215],
        '__dma_alloc_pages',
        '__alloc_frozen_pages_noprof',
      ),
    },

    log: {
      ...next.log,
      cmaAllocFailed: (area, pages) => {
        const site = '__cma_alloc';
        return { site, line: [3, `cma: ${site}: ${area}: alloc failed, req-size: ${pages} pages, ret: -16`] };
      },
      cmaHeapRefused: () => [4, 'cma_heap: failed to add legacy heap: -EEXIST'],
      coherentPoolMade: (base, size) => [
        6,
        `Reserved memory: created DMA memory pool at ${pa(base)}, size ${size / MiB} MiB`,
      ],
      coherentPoolFailed: (base, size) => [
        3,
        `Reserved memory: failed to init DMA memory pool at ${pa(base)}, size ${size / MiB} MiB`,
      ],
      severalRegPairs: undefined,
      defaultCmaSkipped: () => [
        3,
        'OF: reserved mem: Skipping dt linux,cma-default for "cma=" kernel param.',
      ],
    },
  };
}
