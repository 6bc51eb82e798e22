/**
 * A YAML board as the device tree that says the same: the properties' bytes, so that everything after this
 * reads one kind of tree.
 */

import { closest } from '../devicetree/closest.ts';
import type { DeviceTree, DtNode, DtProperty, MemReserve } from '../devicetree/tree.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { isReservedMemoryProperty, pathText } from './yaml-problems.ts';
import { shown, type YamlEntry, type YamlMap, type YamlNode, type YamlSource } from './yaml-source.ts';
import {
  cellBytes,
  cellsOf,
  countOf,
  entriesOf,
  entryOf,
  flagOf,
  numberOf,
  stringBytes,
  textsOf,
} from './yaml-values.ts';

export interface BuiltTree {
  readonly tree: DeviceTree;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Builds the device tree of a YAML board.
 *
 * @param board what the schema accepted (`checkSchema().sound`)
 * @param source where it stands, for positions
 */
export function buildTree(board: YamlMap, source: YamlSource): BuiltTree {
  return new TreeBuilder(board, source).build();
}

/** A node being built; its properties and children can still grow. */
interface Growing extends DtNode {
  readonly properties: DtProperty[];
  readonly children: Growing[];
}

interface Cells {
  readonly address: number;
  readonly size: number;
}

type Path = readonly string[];

const ROOT_CELLS = 2;
const MAX_DEVICE_DEPTH = 16;
/** Each suggestion compares a name with all others. */
const MAX_SUGGESTIONS = 50;
/** Nodes that the board has keys of its own for. */
const OWN_NODES: ReadonlySet<string> = new Set(['memory', 'chosen', 'reserved-memory']);

class TreeBuilder {
  readonly #board: YamlMap;
  readonly #source: YamlSource;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #root: Growing = { name: '', properties: [], children: [] };
  readonly #regions = new Map<string, Growing>();
  readonly #labels = new Map<string, Growing>();
  readonly #phandles = new Map<Growing, number>();
  readonly #byPhandle = new Map<number, Growing>();
  #nextPhandle = 1;

  constructor(board: YamlMap, source: YamlSource) {
    this.#board = board;
    this.#source = source;
  }

  build(): BuiltTree {
    const get = (key: string): YamlEntry | undefined => entryOf(this.#board, key);
    const cells: Cells = {
      address: countOf(get('#address-cells')) ?? ROOT_CELLS,
      size: countOf(get('#size-cells')) ?? ROOT_CELLS,
    };
    this.#strings(this.#root, get('model'));
    this.#strings(this.#root, get('compatible'));
    this.#splitCompatible(get('compatible'));
    this.#put(this.#root, '#address-cells', cellBytes([cells.address]), get('#address-cells'));
    this.#put(this.#root, '#size-cells', cellBytes([cells.size]), get('#size-cells'));
    this.#ranges(this.#root, get('dma-ranges'), ['dma-ranges'], [cells.address, cells.address, cells.size]);
    this.#memory(get('memory'), cells);
    this.#chosen(get('chosen'));
    this.#reservedMemory(get('reserved-memory'), cells);
    this.#devices(get('devices'), cells);
    this.#symbols();
    const memReserves = this.#memReserves(get('memreserve'));
    return { tree: { root: this.#root, memReserves, bootCpuid: 0 }, diagnostics: this.#diagnostics };
  }

  #report(
    severity: Diagnostic['severity'],
    code: string,
    message: string,
    at: number,
    path: Path,
    hint: string,
  ): void {
    const position = this.#source.position(at);
    this.#diagnostics.push({ code, severity, message, position, path: pathText(path), hint });
  }

  #error(code: string, message: string, at: number, path: Path, hint: string): void {
    this.#report('error', code, message, at, path, hint);
  }

  #put(node: Growing, name: string, value: Uint8Array, entry: YamlEntry | undefined): void {
    const position = entry === undefined ? node.position : this.#source.position(entry.keyAt);
    node.properties.push({ name, value, ...(position === undefined ? {} : { position }) });
  }

  #addNode(parent: Growing, name: string, entry: YamlEntry): Growing {
    const position = this.#source.position(entry.keyAt);
    const node: Growing = { name, properties: [], children: [], position };
    parent.children.push(node);
    return node;
  }

  #strings(node: Growing, entry: YamlEntry | undefined): void {
    if (entry !== undefined) this.#put(node, entry.key, stringBytes(textsOf(entry.value)), entry);
  }

  #flag(node: Growing, entry: YamlEntry | undefined): void {
    if (entry !== undefined && flagOf(entry)) this.#put(node, entry.key, new Uint8Array(0), entry);
  }

  /** Entries of numbers, each in its own count of cells: `reg`, `alloc-ranges`, `dma-ranges`. */
  #ranges(node: Growing, entry: YamlEntry | undefined, path: Path, widths: readonly number[]): void {
    if (entry === undefined) return;
    const cells =
      cellsOf(entry.value) ??
      entriesOf(entry.value).flatMap((items) =>
        items.flatMap((item, index) => this.#cells(item, widths[index] ?? 0, path)),
      );
    this.#put(node, entry.key, cellBytes(cells), entry);
  }

  /** One number: `size`, `alignment`. */
  #number(node: Growing, entry: YamlEntry | undefined, path: Path, width: number): void {
    if (entry === undefined) return;
    const cells = cellsOf(entry.value) ?? this.#cells(entry.value, width, path);
    this.#put(node, entry.key, cellBytes(cells), entry);
  }

  #cells(node: YamlNode, width: number, path: Path): number[] {
    const value = numberOf(node);
    if (value >> BigInt(width * 32) !== 0n) {
      this.#error(
        'board-cell-overflow',
        `'${path.at(-1)}': 0x${value.toString(16)} does not fit ${width === 1 ? 'the one 32-bit cell' : `${width} cells`} that #address-cells or #size-cells gives it`,
        node.at,
        path,
        'make the cells 2, or the number smaller',
      );
    }
    return Array.from({ length: width }, (_, i) =>
      Number((value >> BigInt((width - 1 - i) * 32)) & 0xffffffffn),
    );
  }

  /** `compatible: [acme,board]` is a list of two in YAML, and was meant as one. */
  #splitCompatible(entry: YamlEntry | undefined): void {
    if (entry?.value.kind !== 'seq' || !entry.value.flow) return;
    const texts = entry.value.items.map((item) => (item.kind === 'scalar' && item.plain ? item.text : ','));
    const at = texts.findIndex(
      (text, index) => !text.includes(',') && texts[index + 1]?.includes(',') === false,
    );
    if (at < 0) return;
    const joined = `${texts[at]},${texts[at + 1]}`;
    this.#report(
      'warning',
      'board-split-compatible',
      `'compatible' is a list here of ${shown(`${texts[at]} and ${texts[at + 1]}`)}`,
      entry.value.at,
      ['compatible'],
      `for one name with a comma write "${shown(joined)}", with the quotes`,
    );
  }

  #memory(entry: YamlEntry | undefined, cells: Cells): void {
    const reg = entry === undefined ? undefined : entryOf(entry.value, 'reg');
    if (entry === undefined || reg === undefined) return;
    const first = entriesOf(reg.value)[0]?.[0];
    const unit = first === undefined ? '' : `@${numberOf(first).toString(16)}`;
    const node = this.#addNode(this.#root, `memory${unit}`, entry);
    this.#put(node, 'device_type', stringBytes(['memory']), undefined);
    this.#ranges(node, reg, ['memory', 'reg'], [cells.address, cells.size]);
  }

  #chosen(entry: YamlEntry | undefined): void {
    if (entry === undefined) return;
    this.#strings(this.#addNode(this.#root, 'chosen', entry), entryOf(entry.value, 'bootargs'));
  }

  #memReserves(entry: YamlEntry | undefined): MemReserve[] {
    if (entry === undefined) return [];
    return entriesOf(entry.value).map(([address, size]) => ({
      address: address === undefined ? 0n : numberOf(address),
      size: size === undefined ? 0n : numberOf(size),
    }));
  }

  #reservedMemory(entry: YamlEntry | undefined, root: Cells): void {
    if (entry?.value.kind !== 'map') return;
    const node = this.#addNode(this.#root, 'reserved-memory', entry);
    const get = (key: string): YamlEntry | undefined => entryOf(entry.value, key);
    const cells: Cells = {
      address: countOf(get('#address-cells')) ?? root.address,
      size: countOf(get('#size-cells')) ?? root.size,
    };
    this.#put(node, '#address-cells', cellBytes([cells.address]), get('#address-cells'));
    this.#put(node, '#size-cells', cellBytes([cells.size]), get('#size-cells'));
    const ranges = get('ranges');
    if (ranges === undefined || flagOf(ranges)) this.#put(node, 'ranges', new Uint8Array(0), ranges);
    for (const child of entry.value.entries) {
      if (!isReservedMemoryProperty(child.key)) this.#region(node, child, cells);
    }
  }

  #region(parent: Growing, entry: YamlEntry, cells: Cells): void {
    const path = ['reserved-memory', entry.key];
    if (!this.#nameOk(entry.key, entry.keyAt, path)) return;
    const node = this.#addNode(parent, entry.key, entry);
    const get = (key: string): YamlEntry | undefined => entryOf(entry.value, key);
    this.#strings(node, get('compatible'));
    this.#strings(node, get('status'));
    this.#ranges(node, get('reg'), [...path, 'reg'], [cells.address, cells.size]);
    this.#number(node, get('size'), [...path, 'size'], cells.size);
    this.#number(node, get('alignment'), [...path, 'alignment'], cells.address);
    this.#ranges(node, get('alloc-ranges'), [...path, 'alloc-ranges'], [cells.address, cells.size]);
    for (const flag of FLAGS) this.#flag(node, get(flag));
    this.#checkBase(entry.key, get('reg'), path);
    this.#ownPhandle(node, get('phandle'), path);
    this.#regions.set(entry.key, node);
    this.#label(node, get('label'), path);
  }

  /** `pool@50000000` with a decimal 50000000 in `reg`: the 0x was forgotten. */
  #checkBase(name: string, reg: YamlEntry | undefined, path: Path): void {
    const base = reg === undefined ? undefined : entriesOf(reg.value)[0]?.[0];
    const unit = /@([1-9][0-9]*)$/.exec(name)?.[1];
    if (base?.kind !== 'scalar' || unit === undefined || unit.length < 4 || base.text !== unit) return;
    this.#report(
      'warning',
      'board-missing-0x',
      `'reg' of ${shown(name)}: ${unit} is a decimal number here, 0x${BigInt(unit).toString(16)}`,
      base.at,
      [...path, 'reg'],
      `write 0x${unit}, if that was meant`,
    );
  }

  #ownPhandle(node: Growing, entry: YamlEntry | undefined, path: Path): void {
    if (entry === undefined) return;
    const phandle = Number(numberOf(entry.value));
    const other = this.#byPhandle.get(phandle);
    if (other !== undefined) {
      this.#error(
        'board-duplicate-phandle',
        `'phandle' of ${shown(node.name)}: ${phandle} is that of ${shown(other.name)} already`,
        entry.value.at,
        [...path, 'phandle'],
        'leave phandles out: nodes are referred to by name here',
      );
    }
    this.#setPhandle(node, phandle, entry);
  }

  #setPhandle(node: Growing, phandle: number, entry: YamlEntry | undefined): void {
    this.#byPhandle.set(phandle, node);
    this.#phandles.set(node, phandle);
    this.#put(node, 'phandle', cellBytes([phandle]), entry);
  }

  #label(node: Growing, entry: YamlEntry | undefined, path: Path): void {
    if (entry?.value.kind !== 'scalar') return;
    const label = entry.value.text;
    const other = this.#labels.get(label);
    if (other !== undefined) {
      this.#error(
        'board-duplicate-label',
        `'label' of ${shown(node.name)}: ${shown(label)} is that of ${shown(other.name)} already`,
        entry.value.at,
        [...path, 'label'],
        'give each node a label of its own',
      );
    }
    this.#labels.set(label, node);
  }

  /** What `dtc -@` makes of labels: symbols, and a phandle each. */
  #symbols(): void {
    if (this.#labels.size === 0) return;
    for (const node of this.#labels.values()) this.#phandle(node);
    const symbols: Growing = { name: '__symbols__', properties: [], children: [] };
    for (const [label, node] of this.#labels) {
      const value = stringBytes([`/reserved-memory/${node.name}`]);
      symbols.properties.push({ name: label, value });
    }
    this.#root.children.push(symbols);
  }

  #nameOk(name: string, at: number, path: Path): boolean {
    if (/^[!-.0-~]+$/.test(name)) return true;
    this.#error(
      'board-bad-name',
      `'${shown(name)}' is no name of a device tree node`,
      at,
      path,
      'use ASCII letters, digits and , . _ + - @, without spaces and slashes',
    );
    return false;
  }

  #devices(entry: YamlEntry | undefined, root: Cells): void {
    if (entry?.value.kind !== 'map') return;
    const cells = new Map<Growing, Cells>([[this.#root, root]]);
    const described = new Map<Growing, { readonly entry: YamlEntry; readonly parent: Growing }>();
    for (const device of entry.value.entries) this.#place(device, described);
    // Buses before what is on them: cells come from above.
    const walk = (parent: Growing): void => {
      for (const node of parent.children) {
        if (parent === this.#root && !cells.has(node) && OWN_NODES.has(baseName(node.name))) continue;
        const above = cells.get(parent) ?? root;
        const device = described.get(node);
        const own = device === undefined ? above : this.#device(node, device.entry, above);
        cells.set(node, own);
        walk(node);
      }
    };
    walk(this.#root);
  }

  /** Finds or makes the nodes of a device's path. */
  #place(
    entry: YamlEntry,
    described: Map<Growing, { readonly entry: YamlEntry; readonly parent: Growing }>,
  ): void {
    const path = ['devices', entry.key];
    const names = entry.key.replace(/^\//, '').split('/');
    if (names.length > MAX_DEVICE_DEPTH) {
      this.#error(
        'board-bad-name',
        `a device's path has more than ${MAX_DEVICE_DEPTH} nodes`,
        entry.keyAt,
        path,
        'leave nodes out that have no dma-ranges',
      );
      return;
    }
    if (!names.every((name) => this.#nameOk(name, entry.keyAt, path))) return;
    if (OWN_NODES.has(baseName(names[0] ?? ''))) {
      this.#error(
        'board-bad-name',
        `'${shown(entry.key)}' is no device`,
        entry.keyAt,
        path,
        `write it under '${baseName(names[0] ?? '')}'`,
      );
      return;
    }
    let parent = this.#root;
    let node = this.#root;
    for (const name of names) {
      parent = node;
      node = parent.children.find((child) => child.name === name) ?? this.#addNode(parent, name, entry);
    }
    if (described.has(node)) {
      this.#error(
        'board-duplicate-device',
        `'${shown(entry.key)}' is here twice, with and without the slash in front`,
        entry.keyAt,
        path,
        'put the properties of a device in one place',
      );
      return;
    }
    described.set(node, { entry, parent });
  }

  #device(node: Growing, entry: YamlEntry, parent: Cells): Cells {
    const path = ['devices', entry.key];
    const get = (key: string): YamlEntry | undefined => entryOf(entry.value, key);
    this.#strings(node, get('compatible'));
    this.#strings(node, get('status'));
    const own: Cells = {
      address: countOf(get('#address-cells')) ?? parent.address,
      size: countOf(get('#size-cells')) ?? parent.size,
    };
    if (
      get('dma-ranges') !== undefined ||
      get('#address-cells') !== undefined ||
      get('#size-cells') !== undefined
    ) {
      this.#put(node, '#address-cells', cellBytes([own.address]), get('#address-cells'));
      this.#put(node, '#size-cells', cellBytes([own.size]), get('#size-cells'));
    }
    this.#ranges(node, get('dma-ranges'), [...path, 'dma-ranges'], [own.address, parent.address, own.size]);
    this.#memoryRegion(node, get('memory-region'), path);
    return own;
  }

  #memoryRegion(node: Growing, entry: YamlEntry | undefined, path: Path): void {
    if (entry === undefined) return;
    const names = textsOf(entry.value);
    const cells: number[] = [];
    names.forEach((name, index) => {
      const region = this.#regions.get(name) ?? this.#labels.get(name);
      if (region !== undefined) {
        cells.push(this.#phandle(region));
        return;
      }
      const joined = [`${name},${names[index + 1]}`, `${names[index - 1]},${name}`].find((candidate) =>
        this.#regions.has(candidate),
      );
      const few = this.#diagnostics.length < MAX_SUGGESTIONS;
      const near =
        joined === undefined && few
          ? closest(name, [...this.#regions.keys(), ...this.#labels.keys()])
          : undefined;
      const item = entry.value.kind === 'seq' ? entry.value.items[index] : entry.value;
      this.#error(
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
    this.#put(node, entry.key, cellBytes(cells), entry);
  }

  /** The phandle of a region, given out on the first reference as dtc does: the lowest free number. */
  #phandle(region: Growing): number {
    const given = this.#phandles.get(region);
    if (given !== undefined) return given;
    while (this.#byPhandle.has(this.#nextPhandle)) this.#nextPhandle++;
    const phandle = this.#nextPhandle;
    this.#setPhandle(region, phandle, undefined);
    return phandle;
  }
}

const FLAGS = ['no-map', 'reusable', 'linux,cma-default', 'linux,dma-default'];

const baseName = (name: string): string => name.split('@', 1)[0] ?? '';
