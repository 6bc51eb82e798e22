/**
 * What an overlay needs beside its fragments: `__symbols__`, `__fixups__` and `__local_fixups__`.
 *
 * dtc: livetree.c: generate_label_tree(), generate_fixups_tree(), generate_local_fixups_tree()
 */
import { byteString, CELL } from '../value.ts';
import { concatenate } from './concatenate.ts';
import { EMPTY, LiveNode, LiveProperty, liveNodes } from './live-tree.ts';
import type { CheckContext } from './references.ts';

/** Why a property is there that names places of references. */
export const MADE_FOR_PLUGIN = 'made for a plugin';

const utf8 = new TextEncoder();

/** Adds `/__symbols__`: the path of every labelled node, each of which gets a phandle. */
export function addSymbols(context: CheckContext): void {
  addLabelPaths(context, '__symbols__', 'made for -@');
  for (const node of context.nodes) {
    if (node.labels !== undefined) context.phandleOf(node, 'numbered for a label');
  }
}

/** Adds the path of every labelled node to `/aliases`. */
export const addAliases = (context: CheckContext): void => addLabelPaths(context, 'aliases', 'made for -A');

function addLabelPaths(context: CheckContext, name: string, made: string): void {
  if (!context.nodes.some((node) => node.labels !== undefined)) return;
  const list = childOf(context.tree.root, name, made);
  for (const node of context.nodes) {
    if (node.labels === undefined) continue;
    const { path } = node;
    for (let i = node.labels.length - 1; i >= 0; i--) {
      const label = node.labels[i];
      if (label === undefined || label.deleted) continue;
      const known = list.liveProperty(label.name);
      if (known !== undefined) {
        // What was decompiled says the same twice.
        if (byteString(known.value) === `${path}\0`) continue;
        context.tree.report.warning({
          code: 'dts-symbol-exists',
          at: label.at,
          path: node.path,
          message: `/${name} has a property "${label.name}" already; the label of that name is not added`,
        });
        continue;
      }
      context.add(path.length + 1, label.at);
      const property = new LiveProperty(label.name, utf8.encode(`${path}\0`), label.at);
      property.made = 'the path of the label';
      list.addProperty(property);
    }
  }
}

/**
 * Adds `/__fixups__`, the places that refer to labels of the base tree, and `/__local_fixups__`, those that
 * refer to nodes of this tree.
 */
export function addFixups(context: CheckContext): void {
  const { root } = context.tree;
  context.refresh();
  const { nodes } = context;
  let fixups: LiveNode | undefined;
  let localFixups: LiveNode | undefined;
  const local: [LiveNode, LiveProperty, number][] = [];
  for (const node of nodes) {
    for (const property of node.properties) {
      if (property.deleted || property.markers === undefined) continue;
      for (const { kind, ref, offset, at } of property.markers) {
        if (kind !== 'phandle') continue;
        if (context.resolve(ref) !== undefined) {
          local.push([node, property, offset]);
          continue;
        }
        if (ref.includes('/')) {
          context.tree.report.error({
            code: 'dts-path-fixup',
            at,
            path: `${node.path}:${property.name}`,
            message: `&{${ref}} is in the base tree, and only labels of the base tree can be referred to`,
            hint: 'give that node a label in the base tree',
          });
          continue;
        }
        fixups ??= childOf(root, '__fixups__', MADE_FOR_PLUGIN);
        const entry = `${node.path}:${property.name}:${offset}\0`;
        context.add(entry.length, at);
        if (!append(fixups, ref, utf8.encode(entry), 'strings', at)) malformed(context, fixups, ref);
      }
    }
  }
  for (const [node, property, offset] of local) {
    localFixups ??= childOf(root, '__local_fixups__', MADE_FOR_PLUGIN);
    context.add(4, property.at);
    const cell = new Uint8Array(4);
    new DataView(cell.buffer).setUint32(0, offset);
    const mirror = mirrorOf(node, localFixups);
    if (!append(mirror, property.name, cell, 'cells', -1)) malformed(context, mirror, property.name);
  }
  flush(fixups);
  if (localFixups !== undefined) for (const node of liveNodes(localFixups)) flush(node);
}

function malformed(context: CheckContext, fixups: LiveNode, name: string): void {
  context.tree.report.warning({
    code: 'dts-malformed-fixups',
    at: fixups.liveProperty(name)?.at ?? -1,
    path: `${fixups.path}:${name}`,
    message: `"${name}" in ${fixups.path} is no list of places; nothing is added to it`,
    hint: 'leave it out: it is made from the references in the source',
  });
}

/** The node below `__local_fixups__` that stands for `node`. */
function mirrorOf(node: LiveNode, localFixups: LiveNode): LiveNode {
  if (node.parent === undefined) return localFixups;
  return childOf(mirrorOf(node.parent, localFixups), node.name, undefined);
}

/** livetree.c: build_root_node() */
function childOf(parent: LiveNode, name: string, made: string | undefined): LiveNode {
  const existing = parent.liveChild(name);
  if (existing !== undefined) return existing;
  const child = new LiveNode(name, -1);
  child.made = made;
  parent.addChild(child);
  return child;
}

/** What is added to a property, joined once at the end. */
class Additions {
  /** The entries that the property has; undefined when it holds something else. */
  readonly known: Set<string> | undefined;
  readonly added: Uint8Array[] = [];

  constructor(known: Set<string> | undefined) {
    this.known = known;
  }
}

const ADDITIONS = new WeakMap<LiveProperty, Additions>();

/** What a source wrote itself, as a decompiled overlay does: the keys of its entries. */
function entriesOf(value: Uint8Array, kind: 'strings' | 'cells'): Set<string> | undefined {
  const bytes = byteString(value);
  if (kind === 'strings') return bytes.endsWith('\0') ? new Set(bytes.slice(0, -1).split('\0')) : undefined;
  return value.length % CELL === 0 ? new Set(bytes.match(/[\s\S]{4}/g)) : undefined;
}

/**
 * Adds an entry, unless the property has it already: a decompiled overlay has them all.
 *
 * @param at what the property is made for, for messages about the first of its bytes
 * @returns false when the property holds something that is no list of such entries
 */
function append(
  node: LiveNode,
  name: string,
  bytes: Uint8Array,
  kind: 'strings' | 'cells',
  at: number,
): boolean {
  let property = node.liveProperty(name);
  if (property === undefined) {
    property = new LiveProperty(name, EMPTY, at);
    property.made = MADE_FOR_PLUGIN;
    node.addProperty(property);
    ADDITIONS.set(property, new Additions(new Set()));
  }
  let additions = ADDITIONS.get(property);
  if (additions === undefined) {
    additions = new Additions(entriesOf(property.value, kind));
    ADDITIONS.set(property, additions);
  }
  if (additions.known === undefined) return false;
  const key = byteString(kind === 'strings' ? bytes.subarray(0, -1) : bytes);
  if (!additions.known.has(key)) additions.added.push(bytes);
  additions.known.add(key);
  return true;
}

function flush(node: LiveNode | undefined): void {
  for (const property of node?.properties ?? []) {
    const { added = [] } = ADDITIONS.get(property) ?? {};
    ADDITIONS.delete(property);
    if (added.length === 0) continue;
    property.value = concatenate([property.value, ...added]);
    // Its pieces are those of what was written, and no longer of all.
    property.made ??= MADE_FOR_PLUGIN;
    property.pieceCount = 0;
  }
}
