/** Linux 5.10: what differs from 6.1. */
import { formatPa, GiB, KiB, MiB } from '../units.ts';
import type { DmaRules } from './dma-rules.ts';
import { warnSites } from './dma-rules.ts';
import { linux61 } from './linux-6.1.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/** Characters of an area's folder in debugfs: cma-NAME is cut by its buffer. */
const FOLDER = 15;

/** There are restricted pools since 5.15. */
function withoutRestricted({ restrictedAlign: _, ...rules }: DmaRules): DmaRules {
  return rules;
}

/**
 * @param stable the number of the stable update
 * @param pa how lines of the log have physical addresses
 */
export function linux510(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux61(0, pa);
  return {
    ...next,
    name: `5.10.${stable}`,
    options: { ...next.options, maxOrder: 'zone' },

    treeSizes: { node: 168, property: 88, alias: 40 },
    reservedMem: { ...next.reservedMem, dynamicNoMap: 'removed', noMapRefusedOutside: true },
    sectionSize: GiB,
    sparseTakers: { roots: 8n * KiB, perPage: 256n * GiB, usage: () => 144n, tables: false },
    hugePageblocks: () => false,
    fromFourGiB: () => false,

    exporter: 'heap_helpers',
    systemMapsBy: 'never-private',
    // They came with 5.14 and 5.18.
    advice: { populate: false, dontneedLocked: false },
    dontunmapAnonymous: true,
    systemArrayLimit: true,
    epollEdgeRepeats: false,
    closeRangeCloexec: false,
    leaksDescriptor: true,
    syncFiles: false,
    firstIno: 70,
    vmallocTotalKiB: { 39: 262_930_368 },
    noMapOutward: false,
    fdinfoIno: false,
    namesAttached: false,

    systemHeapOrders: [0],
    bufinfoTitles: 'size    \tflags   \tmode    \tcount   \texp_name\tino     \n',
    unnamedBuffer: '',

    cmaFolder: (area) => `cma-${area}`.slice(0, FOLDER),
    cmaCounters: [],
    meminfoLacks: ['SecPageTables'],

    dma: {
      ...withoutRestricted(next.dma),
      secondPool: 'ignored',
      tellsBeyondReach: false,
      tellsUnmapped: true,
      readsNonCoherent: false,
      vb2Failed: (size) => `dma_alloc_coherent of size ${size} failed`,
      vb2NonCoherent: false,
      sites: warnSites(
        [427, undefined, 482, undefined, 285, 107, 81, 5013],
        'dma_alloc_pages',
        '__alloc_pages_nodemask',
      ),
    },

    log: {
      ...next.log,
      cmaAllocFailed: (_area, pages, busy) => ({
        line: [3, `cma: cma_alloc: alloc failed, req-size: ${pages} pages, ret: ${busy ? -16 : -12}`],
      }),
      regionNotReserved: ({ name, base, size }) => [
        6,
        `OF: fdt: Reserved memory: failed to reserve memory for node '${name}': base ${pa(base)}, size ${size / MiB} MiB`,
      ],
      regionNotPlaced: (node) => [6, `OF: reserved mem: failed to allocate memory for node '${node}'`],
    },
  };
}
