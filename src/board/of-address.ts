/**
 * Addresses of one bus as another sees them: drivers/of/address.c (Linux 7.3).
 *
 *     ranges     = <address of the devices    (this node's #address-cells)
 *     dma-ranges    address on the parent bus (the parent's #address-cells)
 *                   size                      (this node's #size-cells)> …
 *
 * `ranges` are followed from parent to parent, for the CPU's accesses to a device; `dma-ranges` along the DMA
 * parents, for a device's accesses to memory.
 *
 * Deviation: a `dma-ranges` of a node without usable cell counts has no ranges. Linux 7.3 follows a null
 * pointer there; the check that was added to parser_init() later is what we model.
 */
import { cellAt, cellCount, numberAt, stringsOf } from '../devicetree/value.ts';
import { U64_MASK } from '../units.ts';
import {
  type AddressCells,
  addOffset,
  addressCellsOk,
  type Bus,
  type BusKind,
  cellsFrom,
  cellsOk,
  numberOf,
  type RangeFlags,
} from './of-bus.ts';
import type { OfTree } from './of-tree.ts';

export const OF_BAD_ADDR = U64_MASK;

/** One range of a bus, neighbours merged: struct of_range. */
export interface OfRange {
  readonly flags: RangeFlags;
  /** Its first address for the devices on the bus. */
  readonly bus: bigint;
  /** The same for the CPU; OF_BAD_ADDR where it cannot be translated. */
  readonly cpu: bigint;
  readonly size: bigint;
}

type RangesName = 'ranges' | 'dma-ranges';

export class OfAddress {
  readonly #tree: OfTree;
  readonly #dmaParents = new Map<Bus, Bus | undefined>();

  constructor(tree: OfTree) {
    this.#tree = tree;
  }

  /** of_translate_address(): the address at cell `index` of a value in `device`, such as its `reg`. */
  translateAddress(device: Bus, value: Uint8Array, index: number): bigint {
    return this.#translate(device, value, index, 'ranges', (bus) => bus.parent);
  }

  /** of_translate_dma_address() */
  translateDmaAddress(device: Bus, value: Uint8Array, index: number): bigint {
    return this.#translate(device, value, index, 'dma-ranges', (bus) => this.dmaParent(bus));
  }

  /** __of_get_dma_parent(): the interconnect named `dma-mem`, or the parent. */
  dmaParent(bus: Bus): Bus | undefined {
    if (!this.#dmaParents.has(bus)) this.#dmaParents.set(bus, this.#interconnect(bus) ?? bus.parent);
    return this.#dmaParents.get(bus);
  }

  #interconnect(bus: Bus): Bus | undefined {
    const names = bus.property('interconnect-names');
    const wanted = names === undefined ? -1 : stringsOf(names.value).indexOf('dma-mem');
    const specifiers = wanted < 0 ? undefined : bus.property('interconnects');
    if (specifiers === undefined) return undefined;
    let index = 0;
    for (const provider of this.#tree.phandlesWithArgs(specifiers.value, '#interconnect-cells')) {
      if (index++ === wanted) return provider;
    }
    return undefined;
  }

  /** Every range of a bus's `dma-ranges`: of_dma_range_parser_init(), for_each_of_range(). */
  dmaRanges(bus: Bus): OfRange[] {
    const { kind, addressCells, sizeCells } = bus;
    const parentCells = (bus.parent ?? bus).addressCells;
    const value = bus.property('dma-ranges')?.value;
    if (value === undefined || kind === undefined) return [];
    if (!cellsOk(addressCells, sizeCells) || !addressCellsOk(parentCells)) return [];
    const entryCells = addressCells + parentCells + sizeCells;
    const ranges: OfRange[] = [];
    for (let at = 0; at + entryCells <= cellCount(value); at += entryCells) {
      const range: OfRange = {
        flags: kind.flags(cellAt(value, at) ?? 0),
        bus: numberAt(value, at + kind.flagCells, addressCells - kind.flagCells),
        cpu: this.translateDmaAddress(bus, value, at + addressCells),
        size: numberAt(value, at + addressCells + parentCells, sizeCells),
      };
      const last = ranges.at(-1);
      if (last === undefined || !follows(last, range)) ranges.push(range);
      else ranges[ranges.length - 1] = { ...last, size: (last.size + range.size) & U64_MASK };
    }
    return ranges;
  }

  /**
   * __of_translate_address(). The root has no parent to translate to: its own ranges have bad addresses, of
   * which only the size counts.
   */
  #translate(
    from: Bus,
    value: Uint8Array,
    index: number,
    name: RangesName,
    parentOf: (bus: Bus) => Bus | undefined,
  ): bigint {
    let parent = parentOf(from);
    let kind = parent?.kind;
    if (parent === undefined || kind === undefined) return OF_BAD_ADDR;
    let [addressCells, sizeCells] = parent.countCells(from);
    if (!cellsOk(addressCells, sizeCells)) return OF_BAD_ADDR;
    let address = cellsFrom(value, index, addressCells);
    for (;;) {
      const device: Bus = parent;
      parent = parentOf(device);
      if (parent === undefined) return numberOf(address);
      const parentKind: BusKind | undefined = parent.kind;
      if (parentKind === undefined) return OF_BAD_ADDR;
      const [parentCells, parentSizeCells] = parent.countCells(device);
      if (!cellsOk(parentCells, parentSizeCells)) return OF_BAD_ADDR;
      const up = this.#translateOne(device, name, kind, parentKind, address, sizeCells, parentCells);
      if (up === undefined) return OF_BAD_ADDR;
      address = up;
      [addressCells, sizeCells] = [parentCells, parentSizeCells];
      kind = parentKind;
    }
  }

  /**
   * of_translate_one(): through one bus's ranges. Empty ones mean one to one; none at all mean the same for
   * DMA, but that no address below is the CPU's.
   */
  #translateOne(
    bus: Bus,
    name: RangesName,
    kind: BusKind,
    parentKind: BusKind,
    address: AddressCells,
    sizeCells: number,
    parentCells: number,
  ): AddressCells | undefined {
    this.#tree.step();
    const value = bus.property(name)?.value;
    if (value === undefined && name === 'ranges') return undefined;
    if (value === undefined || value.length === 0) {
      const zero: AddressCells = new Array<number>(parentCells).fill(0);
      return addOffset(zero, numberOf(address), parentKind.flagCells);
    }
    const wanted = numberOf(address.slice(kind.flagCells));
    const addressCells = address.length;
    const entryCells = addressCells + parentCells + sizeCells;
    for (let at = 0; at + entryCells <= cellCount(value); at += entryCells) {
      this.#tree.step();
      if (!kind.matches(address[0] ?? 0, cellAt(value, at) ?? 0)) continue;
      const start = numberAt(value, at + kind.flagCells, addressCells - kind.flagCells);
      const size = numberAt(value, at + addressCells + parentCells, sizeCells);
      if (wanted < start || wanted >= ((start + size) & U64_MASK)) continue;
      const target = cellsFrom(value, at + addressCells, parentCells);
      return addOffset(target, wanted - start, parentKind.flagCells);
    }
    return undefined;
  }
}

/** Whether of_range_parser_one() takes `range` for the rest of `last`. */
const follows = (last: OfRange, range: OfRange): boolean =>
  range.flags === last.flags &&
  range.bus === ((last.bus + last.size) & U64_MASK) &&
  range.cpu === ((last.cpu + last.size) & U64_MASK);
