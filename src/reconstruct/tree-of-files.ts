/** A device tree of the properties that a capture has: a part of the target's own. */
import type { DeviceTree, DtNode } from '../devicetree/tree.ts';
import type { Facts } from './facts.ts';
import type { SeenRegion } from './regions-of.ts';

interface Growing {
  readonly name: string;
  readonly properties: { name: string; value: Uint8Array }[];
  readonly children: Map<string, Growing>;
}

/** Deeper than any tree; paths come from a text. */
const DEEPEST = 32;

/**
 * The kernel lists the nodes of a directory in no order of the tree: those of /reserved-memory are put into the order of
 * the log, in which they were set up.
 *
 * @returns `undefined` where no property was read
 */
export function treeOfFiles({ properties }: Facts, regions: readonly SeenRegion[]): DeviceTree | undefined {
  if (!properties.has('#address-cells')) return undefined;
  const root: Growing = { name: '', properties: [], children: new Map() };
  for (const [path, { bytes }] of properties) {
    const parts = path.split('/').filter((part) => part !== '');
    const name = parts.pop();
    if (name === undefined || name === 'name' || parts.length > DEEPEST) continue;
    let node = root;
    for (const part of parts) {
      const next = node.children.get(part) ?? { name: part, properties: [], children: new Map() };
      node.children.set(part, next);
      node = next;
    }
    node.properties.push({ name, value: Uint8Array.from(bytes) });
  }
  const order = new Map(regions.map(({ name }, index) => [name, index]));
  const place = ({ name }: DtNode) => order.get(name) ?? regions.length;
  const grown = (node: Growing): DtNode => {
    const children = [...node.children.values()].map(grown);
    if (node.name === 'reserved-memory') children.sort((a, b) => place(a) - place(b));
    return { name: node.name, properties: node.properties, children };
  };
  return { root: grown(root), memReserves: [], bootCpuid: 0 };
}
