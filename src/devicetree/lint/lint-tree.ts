/** A finished tree as checks walk it: nodes with their paths, parents, cells and buses. */
import { propertyCalled } from '../node-lookup.ts';
import type { DeviceTree, DtNode, DtProperty } from '../tree.ts';
import { cellAt } from '../value.ts';

/** What sort of bus a node is, as its children are looked at. */
export type Bus = 'pci' | 'simple-bus' | 'i2c' | 'spi' | 'graph-port' | 'graph-ports';

/** A node of the tree that is checked. What the first checks learn of it, later ones use. */
export interface LintNode {
  readonly node: DtNode;
  readonly name: string;
  /** The name before the unit address, and what follows the `@`; empty where there is none. */
  readonly base: string;
  readonly unit: string;
  readonly path: string;
  readonly parent: LintNode | undefined;
  readonly children: readonly LintNode[];
  /** #address-cells and #size-cells; absent where it has none. */
  readonly addressCells: number | undefined;
  readonly sizeCells: number | undefined;
  bus?: Bus;
}

export interface LintTree {
  readonly root: LintNode;
  /** Parents before children. */
  readonly nodes: readonly LintNode[];
  /** An overlay: what it refers to may be elsewhere. */
  readonly isOverlay: boolean;
  byPhandle(phandle: number): LintNode | undefined;
  /** The node at a full path. */
  byPath(path: string): LintNode | undefined;
}

/** The first cell of a property; `undefined` where there is no such property or it is shorter. */
export const firstCell = (node: DtNode, name: string): number | undefined => {
  const property = propertyCalled(node, name);
  return property && cellAt(property.value, 0);
};

export const isPhandle = (phandle: number | undefined): phandle is number =>
  phandle !== undefined && phandle !== 0 && phandle !== 0xffffffff;

/** The first string of a value, as C reads it. */
export function cString(property: DtProperty | undefined): string {
  if (property === undefined) return '';
  const end = property.value.indexOf(0);
  return String.fromCharCode(...(end < 0 ? property.value : property.value.subarray(0, end)));
}

/** The cells that children's addresses and sizes have where nothing says it. */
export const addressCellsOf = ({ addressCells = 2 }: LintNode): number => addressCells;
export const sizeCellsOf = ({ sizeCells = 1 }: LintNode): number => sizeCells;

/** Makes a tree ready for checks. */
export function lintTree({ root }: DeviceTree, isOverlay = false): LintTree {
  const nodes: LintNode[] = [];
  const make = (node: DtNode, parent: LintNode | undefined): LintNode => {
    const at = node.name.indexOf('@');
    const children: LintNode[] = [];
    const made: LintNode = {
      node,
      name: node.name,
      base: at < 0 ? node.name : node.name.slice(0, at),
      unit: at < 0 ? '' : node.name.slice(at + 1),
      path: parent === undefined ? '/' : `${parent.parent === undefined ? '' : parent.path}/${node.name}`,
      parent,
      children,
      addressCells: firstCell(node, '#address-cells'),
      sizeCells: firstCell(node, '#size-cells'),
    };
    nodes.push(made);
    for (const child of node.children) children.push(make(child, made));
    return made;
  };
  const top = make(root, undefined);
  let phandles: Map<number, LintNode> | undefined;
  let paths: Map<string, LintNode> | undefined;
  return {
    root: top,
    nodes,
    isOverlay,
    byPhandle(phandle) {
      phandles ??= indexed(
        nodes,
        ({ node }) => firstCell(node, 'phandle') ?? firstCell(node, 'linux,phandle'),
      );
      return phandles.get(phandle);
    },
    byPath(path) {
      paths ??= indexed(nodes, (node) => node.path);
      return paths.get(path);
    },
  };
}

function indexed<K>(nodes: readonly LintNode[], keyOf: (node: LintNode) => K | undefined): Map<K, LintNode> {
  const index = new Map<K, LintNode>();
  for (const node of nodes) {
    const key = keyOf(node);
    if (key !== undefined && !index.has(key)) index.set(key, node);
  }
  return index;
}
