/**
 * What an overlay needs beside its fragments: `__symbols__`, `__fixups__` and `__local_fixups__`.
 *
 * dtc: livetree.c: generate_label_tree(), generate_fixups_tree(), generate_local_fixups_tree()
 */
import { concatenate } from './concatenate.ts';
import { LiveNode, LiveProperty, liveNodes } from './live-tree.ts';
import type { CheckContext } from './references.ts';

const utf8 = new TextEncoder();

/** Adds `/__symbols__`: the path of every labelled node, each of which gets a phandle. */
export function addSymbols(context: CheckContext): void {
  if (!context.nodes.some((node) => node.labels !== undefined)) return;
  const symbols = childOf(context.tree.root, '__symbols__', 'made for -@');
  for (const node of context.nodes) {
    if (node.labels === undefined) continue;
    const { path } = node;
    for (let i = node.labels.length - 1; i >= 0; i--) {
      const label = node.labels[i];
      if (label === undefined || label.deleted) continue;
      if (symbols.liveProperty(label.name) !== undefined) {
        context.tree.report.warning({
          code: 'dts-symbol-exists',
          at: label.at,
          path: node.path,
          message: `/__symbols__ has a property "${label.name}" already; the label of that name is not added`,
        });
        continue;
      }
      context.add(path.length + 1, label.at);
      const property = new LiveProperty(label.name, utf8.encode(`${path}\0`), label.at);
      property.made = 'the path of the label';
      symbols.addProperty(property);
    }
    context.phandleOf(node, 'numbered for a label');
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
        fixups ??= childOf(root, '__fixups__', 'made for a plugin');
        const entry = `${node.path}:${property.name}:${offset}\0`;
        context.add(entry.length, at);
        append(fixups, ref, utf8.encode(entry), at);
      }
    }
  }
  for (const [node, property, offset] of local) {
    localFixups ??= childOf(root, '__local_fixups__', 'made for a plugin');
    context.add(4, property.at);
    const cell = new Uint8Array(4);
    new DataView(cell.buffer).setUint32(0, offset);
    append(mirrorOf(node, localFixups), property.name, cell, -1);
  }
  flush(fixups);
  if (localFixups !== undefined) for (const node of liveNodes(localFixups)) flush(node);
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

/** Bytes to add to properties, joined once at the end. */
const PENDING = new WeakMap<LiveProperty, Uint8Array[]>();

/** @param at what the property is made for, for messages about the first of its bytes */
function append(node: LiveNode, name: string, bytes: Uint8Array, at: number): void {
  let property = node.liveProperty(name);
  if (property === undefined) {
    property = new LiveProperty(name, bytes, at);
    property.made = 'made for a plugin';
    node.addProperty(property);
    return;
  }
  const pending = PENDING.get(property);
  if (pending === undefined) PENDING.set(property, [bytes]);
  else pending.push(bytes);
}

function flush(node: LiveNode | undefined): void {
  for (const property of node?.properties ?? []) {
    const pending = PENDING.get(property);
    if (pending === undefined) continue;
    PENDING.delete(property);
    property.value = concatenate([property.value, ...pending]);
  }
}
