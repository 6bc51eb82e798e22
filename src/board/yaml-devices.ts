/**
 * The devices of a YAML board as nodes of its device tree. YAML leaves out what is the same for all of them, and
 * that is made here, as a device tree must say it for Linux to make devices of the nodes:
 *
 *     /soc              compatible = "simple-bus", #address-cells, #size-cells, ranges;
 *     /soc/camera@1000  compatible = "dmaheap,device", reg = <0x1000 …>;
 *     /iommu            #iommu-cells = <0>, for the devices with `iommus`
 */
import { closest } from '../devicetree/closest.ts';
import { baseNameOf } from '../devicetree/node-lookup.ts';
import type { Cells, Growing, GrowingTree, Path } from './growing-tree.ts';
import { shown, type YamlEntry } from './yaml-source.ts';
import { cellBytes, cellsFor, countOf, entryOf, flagOf, stringBytes, textsOf } from './yaml-values.ts';

const MAX_DEVICE_DEPTH = 16;
/** Each suggestion compares a name with all others. */
const MAX_SUGGESTIONS = 50;
/** Nodes that the board has keys of its own for. */
const OWN_NODES: ReadonlySet<string> = new Set(['memory', 'chosen', 'reserved-memory']);
/** How far the registers of a device reach: nothing looks at it. */
const REGISTERS = 0x1000;
/** The node of the IOMMU that YAML does not name. */
const IOMMU = 'iommu';

export class DeviceNodes {
  readonly #tree: GrowingTree;
  readonly #regions: ReadonlyMap<string, Growing>;
  readonly #labels: ReadonlyMap<string, Growing>;
  /** What the board says of a node; nothing of those that are only on the way. */
  readonly #described = new Map<Growing, YamlEntry>();
  #iommu: Growing | undefined;

  /**
   * @param regions the nodes of /reserved-memory by their names
   * @param labels and by their labels
   */
  constructor(
    tree: GrowingTree,
    regions: ReadonlyMap<string, Growing>,
    labels: ReadonlyMap<string, Growing>,
  ) {
    this.#tree = tree;
    this.#regions = regions;
    this.#labels = labels;
  }

  /** Adds the devices of the board to the tree. */
  add(entry: YamlEntry | undefined, root: Cells): void {
    if (entry?.value.kind !== 'map') return;
    const { children } = this.#tree.root;
    const first = children.length;
    for (const device of entry.value.entries) this.#place(device);
    // Buses before what is on them: cells come from above.
    const walk = (nodes: readonly Growing[], above: Cells): void => {
      for (const node of nodes) walk(node.children, this.#describe(node, this.#described.get(node), above));
    };
    walk(children.slice(first), root);
    this.#addIommu();
  }

  /** Finds or makes the nodes of a device's path. */
  #place(entry: YamlEntry): void {
    const path = ['devices', entry.key];
    const names = entry.key.replace(/^\//, '').split('/');
    if (names.length > MAX_DEVICE_DEPTH) {
      this.#tree.error(
        'board-bad-name',
        `a device's path has more than ${MAX_DEVICE_DEPTH} nodes`,
        entry.keyAt,
        path,
        'leave nodes out that have no dma-ranges',
      );
      return;
    }
    if (!names.every((name) => this.#tree.nameOk(name, entry.keyAt, path))) return;
    if (OWN_NODES.has(baseNameOf(names[0] ?? ''))) {
      this.#tree.error(
        'board-bad-name',
        `'${shown(entry.key)}' is no device`,
        entry.keyAt,
        path,
        `write it under '${baseNameOf(names[0] ?? '')}'`,
      );
      return;
    }
    let node = this.#tree.root;
    for (const name of names) {
      const parent = node;
      node = parent.children.find((child) => child.name === name) ?? this.#tree.addNode(parent, name, entry);
    }
    if (this.#described.has(node)) {
      this.#tree.error(
        'board-duplicate-device',
        `'${shown(entry.key)}' is here twice, with and without the slash in front`,
        entry.keyAt,
        path,
        'put the properties of a device in one place',
      );
      return;
    }
    this.#described.set(node, entry);
  }

  /** Gives a node its properties, and its cells to what is below it. */
  #describe(node: Growing, entry: YamlEntry | undefined, parent: Cells): Cells {
    const path = ['devices', entry?.key ?? node.name];
    const get = (key: string): YamlEntry | undefined => entry && entryOf(entry.value, key);
    const has = (key: string): boolean => get(key) !== undefined;
    const isBus =
      node.children.length > 0 || has('dma-ranges') || has('#address-cells') || has('#size-cells');
    const iommus = get('iommus');
    const isDevice = !isBus || has('memory-region') || (iommus !== undefined && flagOf(iommus));
    if (has('compatible')) this.#tree.strings(node, get('compatible'));
    else this.#put(node, 'compatible', stringBytes([isDevice ? 'dmaheap,device' : 'simple-bus']));
    this.#tree.strings(node, get('status'));
    if (isDevice) this.#reg(node, parent);
    const own: Cells = {
      address: countOf(get('#address-cells')) ?? parent.address,
      size: countOf(get('#size-cells')) ?? parent.size,
    };
    if (isBus) {
      this.#tree.put(node, '#address-cells', cellBytes([own.address]), get('#address-cells'));
      this.#tree.put(node, '#size-cells', cellBytes([own.size]), get('#size-cells'));
      this.#put(node, 'ranges', new Uint8Array(0));
    }
    const widths = [own.address, parent.address, own.size];
    this.#tree.ranges(node, get('dma-ranges'), [...path, 'dma-ranges'], widths);
    this.#tree.flag(node, get('dma-coherent'));
    this.#tree.flag(node, get('dma-noncoherent'));
    this.#memoryRegion(node, get('memory-region'), path);
    this.#tree.strings(node, get('memory-region-names'));
    this.#iommus(node, iommus);
    return own;
  }

  #put(node: Growing, name: string, value: Uint8Array): void {
    this.#tree.put(node, name, value, undefined);
  }

  /** The unit address is that of the registers, as in every device tree. */
  #reg(node: Growing, parent: Cells): void {
    const unit = /@([0-9a-fA-F]{1,16})$/.exec(node.name)?.[1];
    if (unit === undefined) return;
    const address = BigInt(`0x${unit}`);
    if (address >> BigInt(32 * parent.address) !== 0n) return;
    this.#put(
      node,
      'reg',
      cellBytes([...cellsFor(address, parent.address), ...cellsFor(BigInt(REGISTERS), parent.size)]),
    );
  }

  #iommus(node: Growing, entry: YamlEntry | undefined): void {
    if (entry === undefined || !flagOf(entry)) return;
    this.#iommu ??= this.#tree.root.children.find(({ name }) => name === IOMMU) ?? {
      name: IOMMU,
      properties: [],
      children: [],
    };
    this.#tree.put(node, 'iommus', cellBytes([this.#tree.phandle(this.#iommu)]), entry);
  }

  #addIommu(): void {
    if (this.#iommu === undefined) return;
    this.#put(this.#iommu, '#iommu-cells', cellBytes([0]));
    const { children } = this.#tree.root;
    if (!children.includes(this.#iommu)) children.push(this.#iommu);
  }

  #memoryRegion(node: Growing, entry: YamlEntry | undefined, path: Path): void {
    if (entry === undefined) return;
    const names = textsOf(entry.value);
    const cells: number[] = [];
    names.forEach((name, index) => {
      const region = this.#regions.get(name) ?? this.#labels.get(name);
      if (region !== undefined) {
        cells.push(this.#tree.phandle(region));
        return;
      }
      const joined = [`${name},${names[index + 1]}`, `${names[index - 1]},${name}`].find((candidate) =>
        this.#regions.has(candidate),
      );
      const few = this.#tree.diagnostics.length < MAX_SUGGESTIONS;
      const near =
        joined === undefined && few
          ? closest(name, [...this.#regions.keys(), ...this.#labels.keys()])
          : undefined;
      const item = entry.value.kind === 'seq' ? entry.value.items[index] : entry.value;
      this.#tree.error(
        'board-unknown-region',
        `'memory-region' of ${shown(path.at(-1) ?? '')}: /reserved-memory has no ${shown(name)}`,
        (item ?? entry.value).at,
        [...path, 'memory-region'],
        joined !== undefined
          ? `inside [ ] write "${shown(joined)}", with the quotes`
          : near !== undefined
            ? `did you mean ${shown(near)}?`
            : 'give the full name of a node under reserved-memory, with its address',
      );
    });
    this.#tree.put(node, entry.key, cellBytes(cells), entry);
  }
}
