/**
 * A device as far as DMA goes: which addresses it can drive, how it sees memory, whether it snoops caches.
 * Models struct device (include/linux/device.h), include/linux/dma-direct.h and
 * kernel/dma/direct.c (Linux 7.3).
 */
import type { PhysAddr } from '../../units.ts';
import { U64_MASK } from '../../units.ts';

/** A bus address as a device drives it: dma_addr_t. */
export type DmaAddr = bigint;

/** What the kernel has for an address that could not be made: DMA_MAPPING_ERROR. */
export const DMA_MAPPING_ERROR: DmaAddr = U64_MASK;

/** A window in which a bus shows physical memory: struct bus_dma_region. */
export interface DmaRange {
  readonly cpu: PhysAddr;
  readonly dma: DmaAddr;
  readonly size: bigint;
}

/** What an entry of `memory-region` leads to; neither a region nor missing: to another node. */
export interface RegionRef {
  readonly region?: string;
  readonly missing?: true;
  readonly disabled?: true;
  readonly restricted?: true;
}

/** struct device, as a record. */
export interface Device {
  /** dev_name(). */
  readonly name: string;
  /** The path of its device-tree node. */
  readonly path?: string;
  /** Whether it snoops the CPU's caches: dev_is_dma_coherent(). */
  readonly dmaCoherent: boolean;
  /** The highest address that it can drive: *dev->dma_mask. */
  readonly dmaMask: DmaAddr;
  /** The highest address that its bus lets through, 0 for no limit: bus_dma_limit. */
  readonly busDmaLimit: DmaAddr;
  /** dma_range_map; empty: bus addresses are physical addresses. */
  readonly dmaRanges: readonly DmaRange[];
  /** Whether an IOMMU translates its addresses. */
  readonly iommu: boolean;
  /** The longest segment that it takes: dma_get_max_seg_size(). */
  readonly maxSegSize: number;
  /** Which framework's driver imports buffers for it, and so what it asks of them. */
  readonly importer: 'vb2' | 'drm';
  /** Whether it needs a buffer in one segment. */
  readonly contiguous: boolean;
  /** The nodes of its `memory-region`, by name. */
  readonly memoryRegions: readonly string[];
  /** Every entry of its `memory-region`, in order; absent without the property. */
  readonly regionRefs?: readonly RegionRef[];
  /** Its `memory-region-names`, in order. */
  readonly regionNames?: readonly string[];
  /** Whether the board has it, or the user added it. */
  readonly origin: 'board' | 'added';
}

/** dma_get_max_seg_size() of a device whose driver sets none. */
export const DEFAULT_MAX_SEG_SIZE = 65536;

/** The bus address of a physical one, or `undefined` where the bus shows none: phys_to_dma(). */
export function physToDma(device: Device, phys: PhysAddr): DmaAddr | undefined {
  if (device.dmaRanges.length === 0) return phys;
  const range = device.dmaRanges.find((r) => phys >= r.cpu && phys - r.cpu < r.size);
  return range && range.dma + (phys - range.cpu);
}

/** The physical address of a bus address, or `undefined` where there is none: dma_to_phys(). */
export function dmaToPhys(device: Device, address: DmaAddr): PhysAddr | undefined {
  if (device.dmaRanges.length === 0) return address;
  const range = device.dmaRanges.find((r) => address >= r.dma && address - r.dma < r.size);
  return range && range.cpu + (address - range.dma);
}

/** The highest bus address that reaches memory: min_not_zero() of mask and bus limit. */
export const dmaLimit = ({ dmaMask, busDmaLimit }: Device): DmaAddr =>
  busDmaLimit !== 0n && (dmaMask === 0n || busDmaLimit < dmaMask) ? busDmaLimit : dmaMask;

/** Whether the device reaches all of `[address, address + size)`: dma_capable(). */
export const dmaCapable = (device: Device, address: DmaAddr | undefined, size: bigint): boolean =>
  address !== undefined && address !== DMA_MAPPING_ERROR && address + size - 1n <= dmaLimit(device);
