/** Linux 7.2: what differs from 7.3. From the source alone. */
import { formatPa, MiB } from '../units.ts';
import { NO_LINES, warnSites } from './dma-rules.ts';
import { linux73 } from './linux-7.3.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/**
 * @param stable the number of the stable update
 * @param pa how lines of the log have physical addresses
 */
export function linux72(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux73(0, pa);
  return {
    ...next,
    name: `7.2.${stable}`,

    knowsPerCpuBlocks: false,

    dma: {
      ...next.dma,
      sites: warnSites(NO_LINES, '__dma_alloc_pages', '__alloc_frozen_pages_noprof'),
    },

    log: {
      ...next.log,
      coherentPoolMade: (base, size) => [
        6,
        `Reserved memory: created DMA memory pool at ${pa(base)}, size ${size / MiB} MiB`,
      ],
      coherentPoolFailed: (base, size) => [
        3,
        `Reserved memory: failed to init DMA memory pool at ${pa(base)}, size ${size / MiB} MiB`,
      ],
    },
  };
}
