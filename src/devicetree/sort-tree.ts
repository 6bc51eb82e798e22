/** A tree in the order of its names, to compare it with another: dtc -s. */
import type { DeviceTree, DtNode } from './tree.ts';

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const byNumber = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorts reservations by address and size, properties and nodes by the bytes of their names. */
export const sortTree = ({ root, memReserves, bootCpuid }: DeviceTree): DeviceTree => ({
  root: sortNode(root),
  memReserves: memReserves.toSorted((a, b) => byNumber(a.address, b.address) || byNumber(a.size, b.size)),
  bootCpuid,
});

const sortNode = ({ name, properties, children, position, origin }: DtNode): DtNode => ({
  name,
  properties: properties.toSorted(byName),
  children: children.map(sortNode).sort(byName),
  position,
  origin,
});
