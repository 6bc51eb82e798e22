/** What boot leaves for the running kernel to know: one record, never changed afterwards. */
import type { Diagnostic } from '../../diagnostic.ts';
import type { RamResource } from '../../mm/early/system-ram.ts';
import type { Records } from '../../records.ts';
import type { PhysRange } from '../../units.ts';
import type { RegionView } from '../views/views.ts';
import type { BootReserved } from './boot-params.ts';

export const BOOT_RECORD = 'boot';
/** The board's device tree as a blob: what /proc/device-tree shows. */
export const DEVICE_TREE_RECORD = 'device-tree';

export interface BootRecord {
  readonly banner: string;
  readonly cmdline: string;
  readonly reserve: BootReserved;
  readonly layout: readonly PhysRange[];
  /** The bounce buffers of devices that do not reach all of memory. */
  readonly swiotlb?: PhysRange;
  /** The seed by which cache lines are evicted by chance; absent: never. */
  readonly evict?: number;
  readonly iomem: readonly RamResource[];
  /** The number of CMA areas. */
  readonly cmaAreas: number;
  readonly regions: readonly RegionView[];
  /** What is odd about the board, and where Linux dies later or has several answers. */
  readonly warnings?: readonly Diagnostic[];
}

/** What boot left behind. @throws Error when the records hold no booted kernel */
export function bootRecord(records: Records): BootRecord {
  const boot = records.get<BootRecord>(BOOT_RECORD);
  if (boot === undefined) throw new Error('no kernel has booted in these records');
  return boot;
}
