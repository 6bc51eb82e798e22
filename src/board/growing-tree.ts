/**
 * A device tree while it is made from a YAML board: nodes that grow, their bytes, and what is wrong on the way.
 */
import type { DtNode, DtProperty } from '../devicetree/tree.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { pathText } from './yaml-problems.ts';
import { shown, type YamlEntry, type YamlNode, type YamlSource } from './yaml-source.ts';
import {
  cellBytes,
  cellsFor,
  cellsOf,
  entriesOf,
  flagOf,
  numberOf,
  stringBytes,
  textsOf,
} from './yaml-values.ts';

/** A node being built; its properties and children can still grow. */
export interface Growing extends DtNode {
  readonly properties: DtProperty[];
  readonly children: Growing[];
}

export interface Cells {
  readonly address: number;
  readonly size: number;
}

/** Where something stands in the board: `['reserved-memory', 'pool@1', 'reg']`. */
export type Path = readonly string[];

export class GrowingTree {
  readonly root: Growing = { name: '', properties: [], children: [] };
  readonly diagnostics: Diagnostic[] = [];
  readonly #source: YamlSource;
  readonly #phandles = new Map<Growing, number>();
  readonly #byPhandle = new Map<number, Growing>();
  #nextPhandle = 1;

  constructor(source: YamlSource) {
    this.#source = source;
  }

  report(
    severity: Diagnostic['severity'],
    code: string,
    message: string,
    at: number,
    path: Path,
    hint: string,
  ): void {
    const position = this.#source.position(at);
    this.diagnostics.push({ code, severity, message, position, path: pathText(path), hint });
  }

  error(code: string, message: string, at: number, path: Path, hint: string): void {
    this.report('error', code, message, at, path, hint);
  }

  put(node: Growing, name: string, value: Uint8Array, entry: YamlEntry | undefined): void {
    const position = entry === undefined ? node.position : this.#source.position(entry.keyAt);
    node.properties.push({ name, value, ...(position === undefined ? {} : { position }) });
  }

  addNode(parent: Growing, name: string, entry: YamlEntry): Growing {
    const position = this.#source.position(entry.keyAt);
    const node: Growing = { name, properties: [], children: [], position };
    parent.children.push(node);
    return node;
  }

  strings(node: Growing, entry: YamlEntry | undefined): void {
    if (entry !== undefined) this.put(node, entry.key, stringBytes(textsOf(entry.value)), entry);
  }

  flag(node: Growing, entry: YamlEntry | undefined): void {
    if (entry !== undefined && flagOf(entry)) this.put(node, entry.key, new Uint8Array(0), entry);
  }

  /** Entries of numbers, each in its own count of cells: `reg`, `alloc-ranges`, `dma-ranges`. */
  ranges(node: Growing, entry: YamlEntry | undefined, path: Path, widths: readonly number[]): void {
    if (entry === undefined) return;
    const cells =
      cellsOf(entry.value) ??
      entriesOf(entry.value).flatMap((items) =>
        items.flatMap((item, index) => this.#cells(item, widths[index] ?? 0, path)),
      );
    this.put(node, entry.key, cellBytes(cells), entry);
  }

  /** One number: `size`, `alignment`. */
  number(node: Growing, entry: YamlEntry | undefined, path: Path, width: number): void {
    if (entry === undefined) return;
    const cells = cellsOf(entry.value) ?? this.#cells(entry.value, width, path);
    this.put(node, entry.key, cellBytes(cells), entry);
  }

  #cells(node: YamlNode, width: number, path: Path): number[] {
    const value = numberOf(node);
    if (value >> BigInt(width * 32) !== 0n) {
      this.error(
        'board-cell-overflow',
        `'${path.at(-1)}': 0x${value.toString(16)} does not fit ${width === 1 ? 'the one 32-bit cell' : `${width} cells`} that #address-cells or #size-cells gives it`,
        node.at,
        path,
        'make the cells 2, or the number smaller',
      );
    }
    return cellsFor(value, width);
  }

  nameOk(name: string, at: number, path: Path): boolean {
    if (/^[!-.0-~]+$/.test(name)) return true;
    this.error(
      'board-bad-name',
      `'${shown(name)}' is no name of a device tree node`,
      at,
      path,
      'use ASCII letters, digits and , . _ + - @, without spaces and slashes',
    );
    return false;
  }

  /** The node that has a phandle already. */
  withPhandle(phandle: number): Growing | undefined {
    return this.#byPhandle.get(phandle);
  }

  setPhandle(node: Growing, phandle: number, entry: YamlEntry | undefined): void {
    this.#byPhandle.set(phandle, node);
    this.#phandles.set(node, phandle);
    this.put(node, 'phandle', cellBytes([phandle]), entry);
  }

  /** The phandle of a node, given out on the first reference as dtc does: the lowest free number. */
  phandle(node: Growing): number {
    const given = this.#phandles.get(node);
    if (given !== undefined) return given;
    while (this.#byPhandle.has(this.#nextPhandle)) this.#nextPhandle++;
    const phandle = this.#nextPhandle;
    this.setPhandle(node, phandle, undefined);
    return phandle;
  }
}
