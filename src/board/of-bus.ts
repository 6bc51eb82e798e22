/**
 * Buses of a device tree: how many cells their addresses have and how those are read. The part of
 * drivers/of/address.c around struct of_bus (Linux 7.3) that ranges and dma-ranges need.
 */
import { baseNameOf } from '../devicetree/node-lookup.ts';
import type { DtNode, DtProperty } from '../devicetree/tree.ts';
import { cellAt, firstString } from '../devicetree/value.ts';
import { U64_MASK } from '../units.ts';

const OF_MAX_ADDR_CELLS = 4;
/** OF_ROOT_NODE_ADDR_CELLS_DEFAULT and OF_ROOT_NODE_SIZE_CELLS_DEFAULT, but on SPARC. */
export const ROOT_CELLS_DEFAULT = 1;

/** Flags of a range as its bus reads them; neighbouring ranges merge only when they are equal. */
export type RangeFlags = number;

/** What struct of_bus decides for a kind of bus. */
export interface BusKind {
  /** Cells in front of an address that carry flags. */
  readonly flagCells: 0 | 1;
  /** Fixed cell counts of the devices on it, else those that the tree gives. */
  readonly cells?: readonly [address: number, size: number];
  /** The flags in the first cell of an address. */
  flags(cell: number): RangeFlags;
  /** Whether an address and a range whose first cells are these belong together. */
  matches(address: number, range: number): boolean;
}

const IORESOURCE_IO = 1;
const IORESOURCE_MEM = 2;

const PCI_SPACES: readonly RangeFlags[] = [0, IORESOURCE_IO, IORESOURCE_MEM, IORESOURCE_MEM | 4];
const PCI_PREFETCH = 8;

/** of_bus_pci_get_flags(): the address space in bits 24 and 25, prefetchable in bit 30. */
const pciFlags = (cell: number): RangeFlags =>
  (PCI_SPACES[(cell >>> 24) & 3] ?? 0) | (cell & 0x40000000 ? PCI_PREFETCH : 0);

const PCI: BusKind = {
  flagCells: 1,
  cells: [3, 2],
  flags: pciFlags,
  matches: (address, range) =>
    ((pciFlags(address) ^ pciFlags(range)) & (IORESOURCE_MEM | IORESOURCE_IO)) === 0,
};
const ISA: BusKind = {
  flagCells: 1,
  cells: [2, 1],
  flags: (cell) => (cell & 1 ? IORESOURCE_IO : IORESOURCE_MEM),
  matches: (address, range) => ((address ^ range) & 1) === 0,
};
const DEFAULT_FLAGS: BusKind = {
  flagCells: 1,
  flags: (cell) => cell,
  matches: (address, range) => address === range,
};
const DEFAULT: BusKind = { flagCells: 0, flags: () => IORESOURCE_MEM, matches: () => true };

const PCI_TYPES: ReadonlySet<string> = new Set(['pci', 'pciex', 'vci', 'ht']);

/** The properties that DMA and addresses hang on. */
const READ = [
  '#address-cells',
  '#interconnect-cells',
  '#iommu-cells',
  '#size-cells',
  'compatible',
  'device_type',
  'dma-coherent',
  'dma-noncoherent',
  'dma-ranges',
  'interconnect-names',
  'interconnects',
  'iommus',
  'linux,phandle',
  'mask',
  'memory-region',
  'memory-region-names',
  'phandle',
  'ranges',
  'reg',
  'status',
] as const;

const IS_READ: ReadonlySet<string> = new Set(READ);

export type ReadProperty = (typeof READ)[number];

/**
 * A node as a bus, and with it every node: each is on the bus of its parent. Its properties are gone through
 * once: a tree may hold thousands of nodes, and a node thousands of properties.
 */
export class Bus {
  readonly node: DtNode;
  readonly parent: Bus | undefined;
  readonly kind: BusKind | undefined;
  /** of_bus_n_addr_cells(): its own #address-cells, or the nearest ancestor's. */
  readonly addressCells: number;
  /** of_bus_n_size_cells(). */
  readonly sizeCells: number;
  /** drivers/of/base.c: __of_device_is_available(), of the node alone. */
  readonly available: boolean;
  readonly #properties = new Map<string, DtProperty>();
  #children: readonly Bus[] | undefined;

  constructor(node: DtNode, parent: Bus | undefined) {
    this.node = node;
    this.parent = parent;
    for (const property of node.properties) {
      const { name } = property;
      if (IS_READ.has(name) && !this.#properties.has(name)) this.#properties.set(name, property);
    }
    this.kind = matchBus(this);
    this.addressCells = this.cell('#address-cells') ?? parent?.addressCells ?? ROOT_CELLS_DEFAULT;
    this.sizeCells = this.cell('#size-cells') ?? parent?.sizeCells ?? ROOT_CELLS_DEFAULT;
    const status = this.property('status');
    const text = status && firstString(status.value);
    this.available = status === undefined || text === 'ok' || text === 'okay';
  }

  get children(): readonly Bus[] {
    this.#children ??= this.node.children.map((child) => new Bus(child, this));
    return this.#children;
  }

  /** The full path of the node. */
  get path(): string {
    if (this.parent === undefined) return '/';
    return `${this.parent.parent === undefined ? '' : this.parent.path}/${this.node.name}`;
  }

  property(name: ReadProperty): DtProperty | undefined {
    return this.#properties.get(name);
  }

  /** A property that is one cell, or `undefined` when there is none or it is too short: of_property_read_u32(). */
  cell(name: ReadProperty): number | undefined {
    const property = this.property(name);
    return property && cellAt(property.value, 0);
  }

  /** The cells of an address and a size of `device`, which is on this bus: count_cells(). */
  countCells(device: Bus): readonly [address: number, size: number] {
    const above = device.parent ?? device;
    return this.kind?.cells ?? [above.addressCells, above.sizeCells];
  }
}

/** of_match_bus(): the kind of bus that a node is, if it says enough. */
function matchBus(bus: Bus): BusKind | undefined {
  const type = bus.property('device_type');
  if (type !== undefined && PCI_TYPES.has(firstString(type.value) ?? '')) return PCI;
  const name = baseNameOf(bus.node.name);
  if (name === 'pcie') return PCI;
  if (name === 'isa') return ISA;
  if (bus.property('#address-cells') === undefined) return undefined;
  return bus.cell('#address-cells') === 3 ? DEFAULT_FLAGS : DEFAULT;
}

/** OF_CHECK_ADDR_COUNT() */
export const addressCellsOk = (cells: number): boolean => cells > 0 && cells <= OF_MAX_ADDR_CELLS;

/** OF_CHECK_COUNTS(); the upper bound on size cells is ours, far above what any property holds. */
export const cellsOk = (address: number, size: number): boolean =>
  addressCellsOk(address) && size > 0 && size < 0x1000000;

/** An address as cells, while it is translated. */
export type AddressCells = readonly number[];

/** Reads `count` cells from `index` on; cells past the end are 0. */
export const cellsFrom = (value: Uint8Array, index: number, count: number): AddressCells =>
  Array.from({ length: count }, (_, i) => cellAt(value, index + i) ?? 0);

/** The low 64 bits of a number in cells. */
export const numberOf = (cells: AddressCells): bigint =>
  cells.reduce((number, cell) => ((number << 32n) | BigInt(cell)) & U64_MASK, 0n);

/** `address + offset` in 64 bits, flag cells kept: of_bus_default_translate(), of_bus_default_flags_translate(). */
export function addOffset(address: AddressCells, offset: bigint, flagCells: number): AddressCells {
  const sum = (numberOf(address.slice(flagCells)) + offset) & U64_MASK;
  const words = address.length - flagCells;
  const number = Array.from({ length: words }, (_, i) => {
    const shift = BigInt(words - 1 - i) * 32n;
    return shift >= 64n ? 0 : Number((sum >> shift) & 0xffffffffn);
  });
  return [...address.slice(0, flagCells), ...number];
}
