/** Changes to a device tree as data: made to a tree, and printed as the source that makes them. */
import { printDts } from '../devicetree/dts/print.ts';
import type { DeviceTree, DtNode, DtProperty } from '../devicetree/tree.ts';
import { textOf } from '../devicetree/value.ts';

/** One change. Paths are full, with unit addresses, in the tree as the changes before it have left it. */
export type TreeEdit =
  | { readonly edit: 'set'; readonly path: string; readonly property: string; readonly value: Uint8Array }
  | { readonly edit: 'delete'; readonly path: string; readonly property: string }
  /** Gives a property another name, in its place. */
  | { readonly edit: 'call'; readonly path: string; readonly property: string; readonly name: string }
  | { readonly edit: 'rename'; readonly path: string; readonly name: string }
  /** Takes a node out, and hangs it below another. */
  | { readonly edit: 'move'; readonly path: string; readonly to: string }
  | { readonly edit: 'remove'; readonly path: string }
  /** Hangs a new node below the one at the path. */
  | { readonly edit: 'add'; readonly path: string; readonly node: DtNode };

/** The value of so many cells for each number, one number after the other. */
export function cellsValue(numbers: readonly bigint[], cells: number): Uint8Array {
  const value = new Uint8Array(numbers.length * cells * 4);
  for (const [at, number] of numbers.entries()) {
    for (let i = 0; i < cells * 4; i++) {
      value[at * cells * 4 + i] = Number((number >> BigInt(8 * (cells * 4 - 1 - i))) & 0xffn);
    }
  }
  return value;
}

export const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

export const textValue = (...texts: readonly string[]): Uint8Array =>
  new TextEncoder().encode(texts.map((text) => `${text}\0`).join(''));

const plain = (node: DtNode, change: Partial<DtNode> = {}): DtNode => ({
  name: node.name,
  properties: node.properties,
  children: node.children,
  position: node.position,
  origin: node.origin,
  ...change,
});

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
export const below = (parent: string, name: string): string => `${parent === '/' ? '' : parent}/${name}`;

/** The node at a full path, names whole. */
export function exactNode(root: DtNode, path: string): DtNode | undefined {
  let node: DtNode | undefined = root;
  for (const name of path.split('/')) {
    if (name !== '') node = node?.children.find((child) => child.name === name);
  }
  return node;
}

/** The root with one node replaced, or taken out; as it was where there is no such node. */
function replaced(root: DtNode, path: string, replace: (node: DtNode) => DtNode | undefined): DtNode {
  if (path === '/') return replace(root) ?? root;
  const [first = '', ...rest] = path.slice(1).split('/');
  return plain(root, {
    children: root.children.flatMap((child) => {
      if (child.name !== first) return [child];
      if (rest.length > 0) return [replaced(child, `/${rest.join('/')}`, replace)];
      return replace(child) ?? [];
    }),
  });
}

function withProperty(
  node: DtNode,
  property: string,
  change: (before: DtProperty | undefined) => DtProperty | undefined,
): DtNode {
  const before = node.properties.find(({ name }) => name === property);
  const after = change(before);
  const properties =
    before === undefined
      ? [...node.properties, ...(after === undefined ? [] : [after])]
      : node.properties.flatMap((one) => (one === before ? (after ?? []) : [one]));
  return plain(node, { properties });
}

/** Paths that stand as text: labels and aliases follow a node that is renamed or moved. */
function withPaths(root: DtNode, from: string, to: string): DtNode {
  const follow = (node: DtNode): DtNode =>
    plain(node, {
      properties: node.properties.map((property) => {
        const path = textOf(property.value);
        if (path !== from && !path.startsWith(`${from}/`)) return property;
        return { ...property, name: property.name, value: textValue(to + path.slice(from.length)) };
      }),
    });
  return ['/__symbols__', '/aliases'].reduce((tree, path) => replaced(tree, path, follow), root);
}

function edited(root: DtNode, edit: TreeEdit): DtNode {
  const { path } = edit;
  switch (edit.edit) {
    case 'set':
      return replaced(root, path, (node) =>
        withProperty(node, edit.property, () => ({ name: edit.property, value: edit.value })),
      );
    case 'delete':
      return replaced(root, path, (node) => withProperty(node, edit.property, () => undefined));
    case 'call':
      return replaced(root, path, (node) =>
        withProperty(node, edit.property, (before) => before && { name: edit.name, value: before.value }),
      );
    case 'rename': {
      const renamed = replaced(root, path, (node) => plain(node, { name: edit.name }));
      return withPaths(renamed, path, below(parentOf(path), edit.name));
    }
    case 'remove':
      return replaced(root, path, () => undefined);
    case 'add':
      return replaced(root, path, (node) => plain(node, { children: [...node.children, edit.node] }));
    case 'move': {
      const moved = exactNode(root, path);
      if (moved === undefined) return root;
      const without = replaced(root, path, () => undefined);
      const hung = replaced(without, edit.to, (node) => plain(node, { children: [...node.children, moved] }));
      return withPaths(hung, path, below(edit.to, moved.name));
    }
  }
}

/** The tree with the changes made. */
export const editTree = (tree: DeviceTree, edits: readonly TreeEdit[]): DeviceTree => ({
  ...tree,
  root: edits.reduce(edited, tree.root),
});

/** The lines that a node prints, its braces left out. */
function inside(node: DtNode, labels: boolean): readonly string[] {
  const text = printDts(
    { root: { ...plain(node), name: '' }, memReserves: [], bootCpuid: 0 },
    { labels, plugin: false },
  );
  const lines = text.split('\n');
  return lines.slice(lines.indexOf('/ {') + 1, lines.lastIndexOf('};'));
}

/** A phandle that source numbers by itself is not written. */
const written = (node: DtNode): DtNode =>
  plain(node, {
    properties: node.properties.filter(
      ({ name, origin }) => name !== 'phandle' || origin?.made === undefined,
    ),
    children: node.children.map(written),
  });

const open = (path: string): string => (path === '/' ? '/ {' : `&{${path}} {`);

/** The source that makes the changes, to be put behind the board's own: a block a node. */
export function editSource(tree: DeviceTree, edits: readonly TreeEdit[]): readonly string[] {
  const lines: string[] = [];
  const { root } = tree;
  const paths = [...new Set(edits.map(({ path }) => path))];
  for (const path of paths) {
    const own = edits.filter((edit) => edit.path === path);
    const last = own.at(-1);
    if (last?.edit === 'remove') {
      lines.push(open(parentOf(path)), `\t/delete-node/ ${nameOf(path)};`, '};');
      continue;
    }
    if (last?.edit === 'rename' || last?.edit === 'move') {
      const parent = last.edit === 'move' ? last.to : parentOf(path);
      const name = last.edit === 'rename' ? last.name : nameOf(path);
      const node = exactNode(editTree(tree, own).root, below(parent, name));
      if (node === undefined) continue;
      const made = written(node);
      const remove = `\t/delete-node/ ${nameOf(path)};`;
      if (parent !== parentOf(path)) lines.push(open(parentOf(path)), remove, '};');
      lines.push(open(parent));
      if (parent === parentOf(path)) lines.push(remove);
      lines.push(...inside({ name: '', properties: [], children: [made] }, true), '};');
      continue;
    }
    if (last?.edit === 'add') {
      lines.push(open(path), ...inside({ name: '', properties: [], children: [last.node] }, true), '};');
      continue;
    }
    const after = exactNode(editTree(tree, own).root, path);
    const before = exactNode(root, path);
    const set = own.flatMap((edit) =>
      edit.edit === 'set' ? [edit.property] : edit.edit === 'call' ? [edit.name] : [],
    );
    const gone = own.flatMap((edit) =>
      edit.edit === 'delete' || edit.edit === 'call' ? [edit.property] : [],
    );
    const properties = (after?.properties ?? [])
      .filter(({ name }) => set.includes(name))
      .map(({ name, value }) => ({ name, value }));
    const removed = gone.filter((name) => before?.properties.some((property) => property.name === name));
    lines.push(
      open(path),
      ...removed.map((name) => `\t/delete-property/ ${name};`),
      ...inside({ name: '', properties, children: [] }, false),
      '};',
    );
  }
  return lines.filter((line) => line.trim() !== '');
}
