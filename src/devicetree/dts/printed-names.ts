/**
 * What things are called in a tree that is printed: labels, and the text of references to them.
 *
 * A compiled tree knows both. A blob has the labels of nodes in `__symbols__`, and in `__fixups__` and
 * `__local_fixups__` where phandles stand in values.
 */
import { childCalled, propertyCalled } from '../node-lookup.ts';
import type { DeviceTree, DtNode, DtProperty, MemReserve } from '../tree.ts';
import { byteString, cellAt, cellsOf } from '../value.ts';
import type { ValueMark } from './origin.ts';

type Named = DtNode | DtProperty | ValueMark | MemReserve;

const LABEL = /^[a-zA-Z_]\w*$/;
/** An unresolved reference of an overlay. */
const UNRESOLVED = 0xffffffff;

export class PrintedNames {
  /** Whether the tree is an overlay, whose references to other trees are no errors. */
  readonly isPlugin: boolean;
  readonly #root: DtNode;
  /** What has a label; of several the first in the order of the text. */
  readonly #owners = new Map<string, Named>();
  readonly #paths = new Map<Named, string>();
  readonly #byPath = new Map<string, DtNode>();
  readonly #byPhandle = new Map<number, DtNode>();
  /** By node, of a tree that has no source. */
  readonly #symbols = new Map<DtNode, string[]>();
  readonly #references = new Map<DtProperty, Map<number, ValueMark>>();

  constructor({ root, memReserves }: DeviceTree, isPlugin = isOverlayBlob(root)) {
    this.#root = root;
    this.isPlugin = isPlugin;
    this.#place(root, '/');
    this.#readSymbols();
    for (const reserve of memReserves) for (const label of reserve.labels ?? []) this.#claim(label, reserve);
    this.#claimAll(root);
    this.#readFixups();
  }

  /** The labels of a node or property that are printed before it. */
  labelsOf(entry: DtNode | DtProperty): readonly string[] {
    return this.#known(entry).filter((label) => this.#owners.get(label) === entry);
  }

  /** The labels and references in a value. */
  marksOf(property: DtProperty): readonly ValueMark[] {
    const recovered = [...(this.#references.get(property)?.values() ?? [])];
    const marks = property.origin?.marks ?? recovered.sort((a, b) => a.offset - b.offset);
    return marks.filter((mark) => mark.kind !== 'label' || this.#owners.get(mark.ref) === mark);
  }

  /** `&label` or `&{/path}` where it means what the cell has; undefined where it would not. */
  reference(ref: string, cell: number): string | undefined {
    if (!ref.includes('/')) {
      const owner = this.#owners.get(ref);
      const isOutside = owner === undefined && this.isPlugin && cell === UNRESOLVED && LABEL.test(ref);
      return isOutside || this.#means(owner, cell) ? `&${ref}` : undefined;
    }
    const slash = ref.indexOf('/');
    const from = slash === 0 ? this.#root : this.#owners.get(ref.slice(0, slash));
    const path = from && this.#paths.get(from);
    const node = path === undefined ? undefined : this.#byPath.get(join(path, ref.slice(slash + 1)));
    return this.#means(node, cell) ? `&{${ref}}` : undefined;
  }

  #means(owner: Named | undefined, phandle: number): boolean {
    return owner !== undefined && this.#byPhandle.get(phandle) === owner;
  }

  #known(entry: DtNode | DtProperty): readonly string[] {
    if (entry === this.#root) return [];
    return entry.origin?.labels ?? this.#symbols.get(entry as DtNode) ?? [];
  }

  #place(node: DtNode, path: string): void {
    this.#paths.set(node, path);
    if (!this.#byPath.has(path)) this.#byPath.set(path, node);
    const phandle = phandleOf(node);
    if (phandle !== undefined && !this.#byPhandle.has(phandle)) this.#byPhandle.set(phandle, node);
    for (const child of node.children) this.#place(child, join(path, child.name));
  }

  #claim(label: string, owner: Named): void {
    if (!this.#owners.has(label)) this.#owners.set(label, owner);
  }

  /** Gives out labels in the order in which they are printed. */
  #claimAll(node: DtNode): void {
    for (const label of this.#known(node)) this.#claim(label, node);
    for (const property of node.properties) {
      for (const label of property.origin?.labels ?? []) this.#claim(label, property);
      for (const mark of property.origin?.marks ?? []) if (mark.kind === 'label') this.#claim(mark.ref, mark);
    }
    for (const child of node.children) this.#claimAll(child);
  }

  #readSymbols(): void {
    for (const { name, value } of childCalled(this.#root, '__symbols__')?.properties ?? []) {
      const node = this.#byPath.get(byteString(value.subarray(0, -1)));
      if (node === undefined || node.origin !== undefined || !LABEL.test(name)) continue;
      // dtc puts the latest label first.
      this.#symbols.set(node, [name, ...(this.#symbols.get(node) ?? [])]);
    }
  }

  #readFixups(): void {
    for (const { name, value } of childCalled(this.#root, '__fixups__')?.properties ?? []) {
      for (const entry of byteString(value.subarray(0, -1)).split('\0')) {
        const [, path, property = '', offset] = /^(\/[^:]*):([^:]+):(\d+)$/.exec(entry) ?? [];
        const node = path === undefined ? undefined : this.#byPath.get(path);
        if (node !== undefined) this.#refer(propertyCalled(node, property), Number(offset), name);
      }
    }
    const local = childCalled(this.#root, '__local_fixups__');
    if (local !== undefined) this.#readLocalFixups(local, this.#root);
  }

  #readLocalFixups(fixups: DtNode, node: DtNode): void {
    for (const { name, value } of fixups.properties) {
      const property = propertyCalled(node, name);
      for (const offset of cellsOf(value)) {
        const target = this.#byPhandle.get(cellAt(property?.value.subarray(offset) ?? value, 0) ?? 0);
        if (target === undefined) continue;
        this.#refer(property, offset, this.labelsOf(target)[0] ?? this.#paths.get(target) ?? '');
      }
    }
    for (const child of fixups.children) {
      const target = childCalled(node, child.name);
      if (target !== undefined) this.#readLocalFixups(child, target);
    }
  }

  #refer(property: DtProperty | undefined, offset: number, ref: string): void {
    if (property === undefined || property.origin !== undefined || offset + 4 > property.value.length) return;
    const marks = this.#references.get(property) ?? new Map<number, ValueMark>();
    this.#references.set(property, marks);
    const overlaps = [-3, -2, -1, 0, 1, 2, 3].some((by) => marks.has(offset + by));
    if (!overlaps) marks.set(offset, { kind: 'phandle', offset, ref });
  }
}

/** A blob whose phandles are to be filled in when it is laid over another. */
const isOverlayBlob = (root: DtNode): boolean =>
  root.origin === undefined &&
  (childCalled(root, '__fixups__') !== undefined || childCalled(root, '__local_fixups__') !== undefined);

function phandleOf(node: DtNode): number | undefined {
  const property = propertyCalled(node, 'phandle') ?? propertyCalled(node, 'linux,phandle');
  return property?.value.length === 4 ? cellAt(property.value, 0) : undefined;
}

const join = (path: string, name: string): string => `${path === '/' ? '' : path}/${name}`;
