/**
 * How high in memory every device of a board can reach: drivers/of/address.c: of_dma_get_max_cpu_address()
 * (Linux 7.3). It bounds ZONE_DMA and with it the default CMA area.
 *
 *     dma-ranges = <device address (this node's #address-cells)
 *                   CPU address    (the parent's #address-cells, translated up to the root)
 *                   size           (this node's #size-cells)> …
 *
 * Deviation: a `dma-ranges` of a node without usable cell counts limits nothing. Linux 7.3 follows a null
 * pointer there; the check that was added to parser_init() later is what we model.
 */
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { CELL, cellAt, cellCount, firstString, numberAt, stringsOf } from '../devicetree/value.ts';
import { InvalidInput } from '../diagnostic.ts';
import { type PhysAddr, U64_MASK } from '../units.ts';
import {
  type AddressCells,
  addOffset,
  addressCellsOk,
  Bus,
  type BusKind,
  cellsFrom,
  cellsOk,
  numberOf,
  type RangeFlags,
} from './of-bus.ts';

const OF_BAD_ADDR = U64_MASK;
/** Ranges compared before we give up: real boards need a few hundred, a hostile one could ask for billions. */
const MAX_STEPS = 200_000;

/**
 * The highest CPU address (inclusive) that all of the tree's DMA masters can reach; `undefined` when no
 * `dma-ranges` limits it (PHYS_ADDR_MAX).
 *
 * @throws InvalidInput when the ranges are absurdly many or form a loop
 */
export function dmaMaxCpuAddress(root: DtNode): PhysAddr | undefined {
  const limit = new DmaLimit(root).ofSubtree(new Bus(root, undefined));
  return limit === U64_MASK ? undefined : limit;
}

/** __of_device_is_available() */
function isAvailable(node: DtNode): boolean {
  const status = getProperty(node, 'status');
  if (status === undefined) return true;
  const text = firstString(status.value);
  return text === 'ok' || text === 'okay';
}

class DmaLimit {
  readonly #root: DtNode;
  readonly #dmaParents = new Map<Bus, Bus | undefined>();
  #byPhandle: Map<number, Bus> | undefined;
  #steps = 0;

  constructor(root: DtNode) {
    this.#root = root;
  }

  /** of_dma_get_max_cpu_address(np) */
  ofSubtree(bus: Bus): bigint {
    let limit = this.#ofNode(bus);
    for (const node of bus.node.children) {
      if (!isAvailable(node)) continue;
      const below = this.ofSubtree(new Bus(node, bus));
      if (below < limit) limit = below;
    }
    return limit;
  }

  /** What the node's own `dma-ranges` allows: the highest end of its ranges, neighbours merged. */
  #ofNode(bus: Bus): bigint {
    const { kind, addressCells, sizeCells } = bus;
    const parentCells = (bus.parent ?? bus).addressCells;
    if (bus.dmaRanges === undefined || kind === undefined) return U64_MASK;
    if (!cellsOk(addressCells, sizeCells) || !addressCellsOk(parentCells)) return U64_MASK;
    const { value } = bus.dmaRanges;
    const entryCells = addressCells + parentCells + sizeCells;
    const entries = Math.floor(cellCount(value) / entryCells);
    if (entries === 0) return U64_MASK;

    let highest = 0n;
    let range: { flags: RangeFlags; device: bigint; cpu: bigint; size: bigint } | undefined;
    const finish = (): void => {
      if (range === undefined) return;
      // Wraps at 2^64 as the kernel's sum does, also for an address that could not be translated.
      const end = (range.cpu + range.size) & U64_MASK;
      if (end > highest) highest = end - 1n;
    };
    for (let entry = 0; entry < entries; entry++) {
      const at = entry * entryCells;
      const flags = kind.flags(cellAt(value, at) ?? 0);
      const device = numberAt(value, at + kind.flagCells, addressCells - kind.flagCells);
      const cpu = this.#translate(bus, value, at + addressCells);
      const size = numberAt(value, at + addressCells + parentCells, sizeCells);
      if (
        range !== undefined &&
        flags === range.flags &&
        device === ((range.device + range.size) & U64_MASK) &&
        cpu === ((range.cpu + range.size) & U64_MASK)
      ) {
        range.size = (range.size + size) & U64_MASK;
        continue;
      }
      finish();
      range = { flags, device, cpu, size };
    }
    finish();
    return highest;
  }

  /**
   * of_translate_dma_address(): the address at cell `index` of a value in `from`, as the CPU sees it. The root
   * has no parent to translate to: its own dma-ranges have bad addresses, of which only the size counts.
   */
  #translate(from: Bus, value: Uint8Array, index: number): bigint {
    let parent = this.#dmaParent(from);
    let kind = parent?.kind;
    if (parent === undefined || kind === undefined) return OF_BAD_ADDR;
    let [addressCells, sizeCells] = parent.countCells(from);
    if (!cellsOk(addressCells, sizeCells)) return OF_BAD_ADDR;
    let address = cellsFrom(value, index, addressCells);
    for (;;) {
      const device: Bus = parent;
      parent = this.#dmaParent(device);
      if (parent === undefined) return numberOf(address);
      const parentKind: BusKind | undefined = parent.kind;
      if (parentKind === undefined) return OF_BAD_ADDR;
      const [parentCells, parentSizeCells] = parent.countCells(device);
      if (!cellsOk(parentCells, parentSizeCells)) return OF_BAD_ADDR;
      const up = this.#translateOne(device, kind, parentKind, address, sizeCells, parentCells);
      if (up === undefined) return OF_BAD_ADDR;
      address = up;
      [addressCells, sizeCells] = [parentCells, parentSizeCells];
      kind = parentKind;
    }
  }

  /** of_translate_one(): through one bus's dma-ranges, where none or an empty one means one to one. */
  #translateOne(
    bus: Bus,
    kind: BusKind,
    parentKind: BusKind,
    address: AddressCells,
    sizeCells: number,
    parentCells: number,
  ): AddressCells | undefined {
    this.#step();
    const value = bus.dmaRanges?.value;
    if (value === undefined || value.length === 0) {
      const zero: AddressCells = new Array<number>(parentCells).fill(0);
      return addOffset(zero, numberOf(address), parentKind.flagCells);
    }
    const wanted = numberOf(address.slice(kind.flagCells));
    const addressCells = address.length;
    const entryCells = addressCells + parentCells + sizeCells;
    for (let at = 0; at + entryCells <= cellCount(value); at += entryCells) {
      this.#step();
      if (!kind.matches(address[0] ?? 0, cellAt(value, at) ?? 0)) continue;
      const start = numberAt(value, at + kind.flagCells, addressCells - kind.flagCells);
      const size = numberAt(value, at + addressCells + parentCells, sizeCells);
      if (wanted < start || wanted >= ((start + size) & U64_MASK)) continue;
      const target = cellsFrom(value, at + addressCells, parentCells);
      return addOffset(target, wanted - start, parentKind.flagCells);
    }
    return undefined;
  }

  /** __of_get_dma_parent(): the interconnect named `dma-mem`, or the parent. */
  #dmaParent(bus: Bus): Bus | undefined {
    if (!this.#dmaParents.has(bus)) this.#dmaParents.set(bus, this.#interconnect(bus) ?? bus.parent);
    return this.#dmaParents.get(bus);
  }

  #interconnect(bus: Bus): Bus | undefined {
    const names = getProperty(bus.node, 'interconnect-names');
    const wanted = names === undefined ? -1 : stringsOf(names.value).indexOf('dma-mem');
    const specifiers = wanted < 0 ? undefined : getProperty(bus.node, 'interconnects');
    if (specifiers === undefined) return undefined;
    const { value } = specifiers;
    for (let at = 0, index = 0; at * CELL < value.length; index++) {
      this.#step();
      const provider = this.#phandle(cellAt(value, at) ?? 0);
      const cells = provider && getProperty(provider.node, '#interconnect-cells');
      const count = cells && cellAt(cells.value, 0);
      if (provider === undefined || count === undefined) return undefined;
      if (index === wanted) return provider;
      at += 1 + count;
    }
    return undefined;
  }

  #phandle(phandle: number): Bus | undefined {
    if (this.#byPhandle === undefined) {
      this.#byPhandle = new Map();
      const waiting = [new Bus(this.#root, undefined)];
      for (let bus = waiting.pop(); bus !== undefined; bus = waiting.pop()) {
        const property = getProperty(bus.node, 'phandle') ?? getProperty(bus.node, 'linux,phandle');
        const number = property && cellAt(property.value, 0);
        if (number !== undefined) this.#byPhandle.set(number, bus);
        for (const node of bus.node.children) waiting.push(new Bus(node, bus));
      }
    }
    return this.#byPhandle.get(phandle);
  }

  #step(): void {
    if (++this.#steps <= MAX_STEPS) return;
    throw new InvalidInput([
      {
        code: 'board-dma-ranges',
        severity: 'error',
        message: `the board's dma-ranges take more than ${MAX_STEPS} steps to translate, or form a loop`,
        hint: 'look at the dma-ranges and the dma-mem interconnects of the buses',
      },
    ]);
  }
}
