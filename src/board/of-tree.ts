/**
 * A device tree as Linux walks it: nodes as buses, and the phandles by which they refer to each other:
 * drivers/of/base.c (Linux 7.3).
 */
import type { DtNode } from '../devicetree/tree.ts';
import { CELL, cellAt, cellCount } from '../devicetree/value.ts';
import { InvalidInput } from '../diagnostic.ts';
import { Bus, type ReadProperty } from './of-bus.ts';

/** Ranges compared before we give up: real boards need a few thousand, a hostile one could ask for billions. */
const MAX_STEPS = 200_000;

export class OfTree {
  readonly root: Bus;
  #byPhandle: Map<number, Bus> | undefined;
  #steps = 0;

  constructor(root: DtNode) {
    this.root = new Bus(root, undefined);
  }

  /** Every node below the root in tree order: for_each_of_allnodes(). */
  *nodes(): Generator<Bus> {
    // The last of the stack is next.
    const waiting = this.root.children.toReversed();
    for (let bus = waiting.pop(); bus !== undefined; bus = waiting.pop()) {
      yield bus;
      for (let i = bus.children.length - 1; i >= 0; i--) {
        const child = bus.children[i];
        if (child !== undefined) waiting.push(child);
      }
    }
  }

  /** of_find_node_by_phandle(): the first node of that number. */
  byPhandle(phandle: number): Bus | undefined {
    if (this.#byPhandle === undefined) {
      this.#byPhandle = new Map();
      for (const bus of [this.root, ...this.nodes()]) {
        const number = bus.cell('phandle') ?? bus.cell('linux,phandle');
        if (number !== undefined && !this.#byPhandle.has(number)) this.#byPhandle.set(number, bus);
      }
    }
    return this.#byPhandle.get(phandle);
  }

  /**
   * The nodes that a list of phandles with arguments names, `undefined` for an empty entry; the list ends early
   * where it is wrong. of_for_each_phandle(), of_parse_phandle_with_args()
   *
   *     iommus = <&smmu 0x800 0x7f>, <0>, <&smmu 0x900 0x7f>;     #iommu-cells of the smmu: 2
   *
   * @param value the list
   * @param cellsName the property of the named nodes that says how many arguments follow: `#iommu-cells`
   */
  *phandlesWithArgs(value: Uint8Array, cellsName: ReadProperty): Generator<Bus | undefined> {
    for (let at = 0; at * CELL < value.length; at++) {
      this.step();
      const phandle = cellAt(value, at) ?? 0;
      if (phandle === 0) {
        yield undefined;
        continue;
      }
      const bus = this.byPhandle(phandle);
      const args = bus?.cell(cellsName);
      if (args === undefined || at + 1 + args > cellCount(value)) return;
      yield bus;
      at += args;
    }
  }

  /**
   * Counts work that a tree can ask for without end.
   *
   * @throws InvalidInput when it has asked for too much
   */
  step(): void {
    if (++this.#steps > MAX_STEPS) this.refuse();
  }

  /** Gives up on a tree whose DMA parents or ranges lead nowhere. */
  refuse(): never {
    throw new InvalidInput([
      {
        code: 'board-dma-ranges',
        severity: 'error',
        message: `the board's ranges and dma-ranges take more than ${MAX_STEPS} steps to translate, or form a loop`,
        hint: 'look at the ranges, the dma-ranges and the dma-mem interconnects of the buses',
      },
    ]);
  }
}
