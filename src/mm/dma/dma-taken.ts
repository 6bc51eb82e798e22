/** What an allocation of a driver gives, and why it gives nothing. */
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Device } from './device.ts';
import type { DeviceBuffer, DeviceShare } from './device-memory.ts';
import type { DriverContext } from './driver-pages.ts';

/** Bits of include/linux/dma-mapping.h (Linux 7.3) that an allocation may have. */
export const DMA_ATTRS = {
  DMA_ATTR_WEAK_ORDERING: 1 << 1,
  DMA_ATTR_WRITE_COMBINE: 1 << 2,
  DMA_ATTR_NO_KERNEL_MAPPING: 1 << 4,
  DMA_ATTR_SKIP_CPU_SYNC: 1 << 5,
  DMA_ATTR_FORCE_CONTIGUOUS: 1 << 6,
  DMA_ATTR_ALLOC_SINGLE_PAGES: 1 << 7,
  DMA_ATTR_NO_WARN: 1 << 8,
  DMA_ATTR_PRIVILEGED: 1 << 9,
} as const;

/** What an allocation gave. */
export type Taken = Pick<DeviceBuffer, 'from' | 'frames' | 'dma' | 'kaddr' | 'source'>;

/** Why it gave nothing: the last place that was asked, and what it had. */
export interface DmaNoRoom {
  readonly kind: 'dma-no-room';
  readonly device: string;
  readonly size: bigint;
  readonly pageSize: number;
  /** Pages that were wanted in one run, as the last place counts them. */
  readonly pages: bigint;
  /**
   * The last place: the only one for a pool; `pages`: the page allocator, behind `area` where one was asked; `flags`:
   * the flags are refused; `reach`: nothing lies where the device reaches.
   */
  readonly last: 'pool' | 'restricted' | 'atomic' | 'pages' | 'order' | 'reach' | 'flags' | 'addresses';
  /** The name of the pool, or of the area that was asked before. */
  readonly place?: string;
  readonly freePages?: number;
  readonly totalPages?: number;
  /** The devices whose drivers hold pages of the pool or the area; absent: none. */
  readonly devices?: readonly DeviceShare[];
}

/** Either. */
export type DmaResult = Taken | DmaNoRoom;

/** What a failure has in common. */
export const none = (
  { records }: DriverContext,
  device: Device,
  size: bigint,
  pages: bigint,
  last: DmaNoRoom['last'],
  more: Pick<DmaNoRoom, 'place' | 'freePages' | 'totalPages' | 'devices'> = {},
): DmaNoRoom => ({
  kind: 'dma-no-room',
  device: device.name,
  size,
  pageSize: geometryOf(records).pageSize,
  pages,
  last,
  ...more,
});

/** Clears what was taken, as far as it was asked for in whole pages. */
export function cleared<T extends Pick<Taken, 'frames'>>(
  { records, memory }: DriverContext,
  taken: T,
  rounded: bigint,
): T {
  const [first] = taken.frames;
  if (first !== undefined) memory.zero(geometryOf(records).pfnPhys(first.pfn), rounded);
  return taken;
}
