/** Linux 6.1: what differs from 6.6. */
import { formatPa, MiB } from '../units.ts';
import { warnSites } from './dma-rules.ts';
import { linux66 } from './linux-6.6.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/** "don't publish fd before copy_to_user() succeeds". */
const NO_LEAK = 192;

/**
 * @param stable the number of the stable update
 * @param pa how lines of the log have physical addresses
 */
export function linux61(stable: number, pa: FormatPa = formatPa): LinuxVersion {
  const next = linux66(0, pa);
  return {
    ...next,
    name: `6.1.${stable}`,
    options: { ...next.options, maxOrder: 'exclusive' },

    hasSlob: true,
    reservedMem: {
      ...next.reservedMem,
      order: 'sorted',
      bottomUp: 'never',
      memreserve: 'first',
      rangeLine: false,
    },
    leaksDescriptor: stable < NO_LEAK,
    vmallocTotalKiB: { 39: 259_653_632, 48: 133_143_592_960 },

    dma: {
      ...next.dma,
      secondPool: 'EBUSY',
      tellsBeyondReach: true,
      refusesCompound: false,
      swiotlb: 'none',
      restrictedAlign: 'page',
      // The recorded 6.6 is of a vendor, and older there than the recorded 6.1.
      atomicExhausted: { text: (device) => `DMA pool exhausted for ${device}`, quiet: true },
      gfpAtomic: 0xa20,
      tellsBadPages: true,
      sites: warnSites([499, undefined, 553, 638, 282, 107, 81, 5634], '__dma_alloc_pages', '__alloc_pages'),
    },

    log: {
      ...next.log,
      cmaReserved: (_asked, { base, size }) => [6, `cma: Reserved ${size / MiB} MiB at ${pa(base)}`],
      cmaNotReserved: (_asked, rounded) => [3, `cma: Failed to reserve ${rounded / MiB} MiB`],
    },
  };
}
