/**
 * Linux 5.15: what differs from 6.1. From the source alone. Its heaps have their own code since 5.11, as 6.1's; what is
 * older than 5.11 is as in 5.10.
 */
import { formatPa } from '../units.ts';
import { NO_LINES, warnSites } from './dma-rules.ts';
import { linux510 } from './linux-5.10.ts';
import { linux61 } from './linux-6.1.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/**
 * @param stable the number of the stable update
 * @param pa how lines of the log have physical addresses
 */
export function linux515(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux61(0, pa);
  const before = linux510(0, pa);
  return {
    ...next,
    name: `5.15.${stable}`,
    options: { ...next.options, maxOrder: 'zone' },

    treeSizes: before.treeSizes,
    reservedMem: { ...next.reservedMem, noMapRefusedOutside: true },
    hugePageblocks: before.hugePageblocks,

    // MADV_DONTNEED_LOCKED came with 5.18.
    advice: { ...next.advice, dontneedLocked: false },
    leaksDescriptor: true,
    // EXPORT_SYNC_FILE came with 6.0, an own counter of inodes and the column `name` with 6.1.
    syncFiles: false,
    firstIno: before.firstIno,
    bufinfoTitles: before.bufinfoTitles,
    unnamedBuffer: before.unnamedBuffer,

    vmallocTotalKiB: before.vmallocTotalKiB,
    cmaFolder: before.cmaFolder,
    meminfoLacks: before.meminfoLacks,

    dma: {
      ...next.dma,
      secondPool: 'ignored',
      tellsBeyondReach: false,
      tellsUnmapped: true,
      readsNonCoherent: false,
      vb2Failed: before.dma.vb2Failed,
      vb2NonCoherent: false,
      sites: warnSites(NO_LINES, 'dma_alloc_pages', '__alloc_pages'),
    },

    log: {
      ...next.log,
      regionNotReserved: before.log.regionNotReserved,
      regionNotPlaced: before.log.regionNotPlaced,
    },
  };
}
