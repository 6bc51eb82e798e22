/**
 * A board: what Linux reads from a device tree that matters for memory, and nothing else.
 * The same facts come from a tree (`from-tree.ts`) and from YAML (`from-yaml.ts`).
 */

import type { DeviceTree } from '../devicetree/tree.ts';
import type { Diagnostic, SourcePosition } from '../diagnostic.ts';
import type { ConfigValue } from '../profile/given-option.ts';
import type { PhysAddr, PhysRange } from '../units.ts';
import type { HeapDeclarations } from './declared-heaps.ts';

/** One child of /reserved-memory, as written; what becomes of it is decided at boot. */
export interface ReservedMemNode {
  /** The full node name with its unit address. */
  readonly name: string;
  readonly position?: SourcePosition;
  readonly compatible: readonly string[];
  /** The text of `status`, absent where there is none. */
  readonly status?: string;
  /** Every <base size> entry of `reg`, in the root's cells. Absent when there is no `reg`. */
  readonly reg?: readonly PhysRange[];
  /** `reg` is there, but its length is no multiple of an entry. */
  readonly regMalformed?: boolean;
  /** `size`: a number, or `'invalid'` when it is not the root's #size-cells long. */
  readonly size?: bigint | 'invalid';
  /** `alignment`: a number, or `'invalid'` when it is not the root's #address-cells long. */
  readonly alignment?: bigint | 'invalid';
  /** `alloc-ranges` in order; absent when there is none or it cannot be parsed. */
  readonly allocRanges?: readonly PhysRange[];
  /** `alloc-ranges` is there and cannot be parsed. */
  readonly allocRangesMalformed?: boolean;
  readonly noMap: boolean;
  readonly reusable: boolean;
  readonly linuxCmaDefault: boolean;
  readonly linuxDmaDefault: boolean;
  readonly phandle?: number;
  readonly label?: string;
}

/** A device that uses reserved memory. */
export interface MemoryRegionUser {
  /** The full path of the device's node. */
  readonly path: string;
  /** Names of the /reserved-memory children that its `memory-region` points to. */
  readonly regions: readonly string[];
}

/** A range of a bus through which its devices reach memory. */
export interface DmaRange {
  /** Its first address for the CPU. */
  readonly cpu: PhysAddr;
  /** The same for the device. */
  readonly dma: bigint;
  readonly size: bigint;
}

/** What an entry of `memory-region` leads to. */
export interface RegionRef {
  /** The child of /reserved-memory; absent where it is another node, or none at all. */
  readonly region?: string;
  /** Whether there is no node of that phandle. */
  readonly missing?: true;
  /** Whether the node's `status` turns it off. */
  readonly disabled?: true;
  /** Whether boot had no such region: it came with an overlay on the running kernel, and no memory is reserved for it. */
  readonly late?: true;
  /** Whether it is a `restricted-dma-pool`. */
  readonly restricted?: true;
}

/** A device, as far as DMA goes. */
export interface BoardDevice {
  /** What Linux calls it below /sys/devices: dev_name(). */
  readonly name: string;
  /** The full path of its node. */
  readonly path: string;
  readonly label?: string;
  readonly compatible: readonly string[];
  /** Whether it sees what the CPU's caches hold: dev_is_dma_coherent(). */
  readonly dmaCoherent: boolean;
  /** What it can reach, and where it sees it: dev->dma_range_map. Empty: all, one to one. */
  readonly dmaRanges: readonly DmaRange[];
  /** The highest address (inclusive) that its bus carries: dev->bus_dma_limit. Absent without ranges. */
  readonly busDmaLimit?: bigint;
  /** An IOMMU translates for it. */
  readonly iommu: boolean;
  /** Names of the /reserved-memory children that are its own, in order. */
  readonly memoryRegions: readonly string[];
  /** Every entry of its `memory-region`, in order; absent without the property. */
  readonly regionRefs?: readonly RegionRef[];
  /** Its `memory-region-names`, in order. */
  readonly regionNames?: readonly string[];
  /** Whether it would be coherent for a kernel that does not read `dma-noncoherent`, where that differs. */
  readonly coherentWithoutNon?: true;
  /** Its node, or one above it, is disabled, so that Linux makes no device of it. Never listed so on a board. */
  readonly disabled?: true;
}

export interface Board {
  /** Where it came from: a file name, for messages. */
  readonly source: string;
  readonly model?: string;
  readonly compatible: readonly string[];
  /** #address-cells and #size-cells of the root (1 or 2 each). */
  readonly addressCells: number;
  readonly sizeCells: number;
  /** Its architecture, where its tree or its file says so. */
  readonly arch?: string;
  /** What says so. */
  readonly archBy?: 'cpus' | 'compatible' | 'file';
  /** The kernel that the board's file names: `6.12`. */
  readonly kernel?: string;
  /** The preset and the options of its configuration that the file names. */
  readonly preset?: string;
  readonly config?: Readonly<Record<string, ConfigValue>>;
  /** Heaps that its file declares. */
  readonly heaps?: HeapDeclarations;
  /** Every range of every `device_type = "memory"` node, in tree order; size 0 left out. */
  readonly memory: readonly PhysRange[];
  /** Absent when there is no /reserved-memory node. */
  readonly reservedMemory?: {
    readonly addressCells: number;
    readonly sizeCells: number;
    readonly ranges: boolean;
    readonly nodes: readonly ReservedMemNode[];
  };
  /** /chosen bootargs. */
  readonly bootargs: string;
  readonly memReserves: readonly PhysRange[];
  readonly users: readonly MemoryRegionUser[];
  /** The devices whom buffers are for, in tree order: `devices.ts` says which. */
  readonly devices?: readonly BoardDevice[];
  /** The tree that all this was read from. */
  readonly tree?: DeviceTree;
  /** The highest CPU address (inclusive) that the root's or its buses' `dma-ranges` reach:
   *  of_dma_get_max_cpu_address(). Absent when there is no limit. */
  readonly dmaMaxCpuAddress?: PhysAddr;
  /** Warnings found on the way. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A board of which nothing is known but its name: for machines without a device tree. */
export const boardWithoutTree = (source: string): Board => ({
  source,
  compatible: [],
  addressCells: 2,
  sizeCells: 2,
  memory: [],
  bootargs: '',
  memReserves: [],
  users: [],
  diagnostics: [],
});
