/** Labels of nodes: `/__symbols__`, which `dtc -@` leaves in a blob. */
import { type DtNode, getChild } from '../devicetree/tree.ts';
import { textOf } from '../devicetree/value.ts';

/** The first label that /__symbols__ has for each node, by the node's path. */
export function symbolsByPath(root: DtNode): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const { name, value } of getChild(root, '__symbols__')?.properties ?? []) {
    const path = textOf(value);
    if (!labels.has(path)) labels.set(path, name);
  }
  return labels;
}
