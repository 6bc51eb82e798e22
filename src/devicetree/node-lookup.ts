/**
 * Looks up nodes and properties as libfdt does, fast also in wide trees.
 */
import type { DtNode, DtProperty } from './tree.ts';

/** From how many entries on a table is made. */
const INDEXED_FROM = 16;

interface Index {
  readonly properties: ReadonlyMap<string, DtProperty>;
  readonly children: ReadonlyMap<string, DtNode>;
  /** By the name without its unit address. */
  readonly byBaseName: ReadonlyMap<string, DtNode>;
}

const INDEXES = new WeakMap<DtNode, Index>();

function indexOf(node: DtNode): Index {
  const known = INDEXES.get(node);
  if (known !== undefined) return known;
  const index: Index = {
    properties: firstByName(node.properties, ({ name }) => name),
    children: firstByName(node.children, ({ name }) => name),
    byBaseName: firstByName(node.children, ({ name }) => baseNameOf(name)),
  };
  INDEXES.set(node, index);
  return index;
}

function firstByName<T>(entries: readonly T[], nameOf: (entry: T) => string): Map<string, T> {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(nameOf(entry))) byName.set(nameOf(entry), entry);
  return byName;
}

/** The name of a node without its unit address. */
export function baseNameOf(name: string): string {
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

/** The property of that name: fdt_get_property() */
export function propertyCalled(node: DtNode, name: string): DtProperty | undefined {
  if (node.properties.length >= INDEXED_FROM) return indexOf(node).properties.get(name);
  return node.properties.find((property) => property.name === name);
}

/** The first child of a name; a name without a unit address stands for any. fdt_subnode_offset() */
export function childCalled(node: DtNode, name: string): DtNode | undefined {
  const hasAddress = name.includes('@');
  if (node.children.length >= INDEXED_FROM) {
    const index = indexOf(node);
    return hasAddress ? index.children.get(name) : index.byBaseName.get(name);
  }
  return node.children.find((child) => (hasAddress ? child.name : baseNameOf(child.name)) === name);
}

/** The node at a path of such names: fdt_path_offset(), without aliases. */
export function nodeAtPath(root: DtNode, path: string): DtNode | undefined {
  let node: DtNode | undefined = root;
  for (const name of path.split('/')) {
    if (name !== '' && node !== undefined) node = childCalled(node, name);
  }
  return node;
}
