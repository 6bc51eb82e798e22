/**
 * Says where two trees differ, in one line: the first difference in the order of the blob.
 */
import type { DeviceTree, DtNode } from '../../../src/devicetree/tree.ts';

/** The first difference, or `undefined` when the trees are equal byte by byte and in order. */
export function firstDifference(ours: DeviceTree, theirs: DeviceTree): string | undefined {
  if (ours.bootCpuid !== theirs.bootCpuid) return `boot cpuid: ${ours.bootCpuid}, not ${theirs.bootCpuid}`;
  // In a blob the first reservation of size 0 ends the list.
  const reserves = ({ memReserves }: DeviceTree): string => {
    const end = memReserves.findIndex(({ size }) => size === 0n);
    const listed = end < 0 ? memReserves : memReserves.slice(0, end);
    return listed.map(({ address, size }) => `${address}+${size}`).join(' ');
  };
  if (reserves(ours) !== reserves(theirs)) return `reservations: ${reserves(ours)}, not ${reserves(theirs)}`;
  return nodeDifference(ours.root, theirs.root, '');
}

function nodeDifference(ours: DtNode, theirs: DtNode, path: string): string | undefined {
  const names = (node: DtNode): string => node.properties.map(({ name }) => name).join(' ');
  if (names(ours) !== names(theirs))
    return `properties of ${path || '/'}: ${names(ours)}, not ${names(theirs)}`;
  for (const [i, property] of ours.properties.entries()) {
    const mine = Buffer.from(property.value).toString('hex');
    const other = Buffer.from(theirs.properties[i]?.value ?? []).toString('hex');
    if (mine !== other) return `value of ${path}:${property.name}: ${mine}, not ${other}`;
  }
  const children = (node: DtNode): string => node.children.map(({ name }) => name).join(' ');
  if (children(ours) !== children(theirs)) {
    return `children of ${path || '/'}: ${children(ours)}, not ${children(theirs)}`;
  }
  for (const [i, child] of ours.children.entries()) {
    const other = theirs.children[i];
    const found = other && nodeDifference(child, other, `${path}/${child.name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
