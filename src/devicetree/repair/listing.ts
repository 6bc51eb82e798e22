/**
 * What `fdt list` of a boot loader prints: a node and its properties, and of the nodes within only their names.
 */
import type { LiveNode } from '../dts/live-tree.ts';
import { isMemoryNode, RESERVED_MEMORY } from './memory-role.ts';

const alive = (nodes: readonly LiveNode[]): readonly LiveNode[] => nodes.filter(({ deleted }) => !deleted);
const isEmpty = (node: LiveNode): boolean =>
  alive(node.children).length === 0 && node.properties.every(({ deleted }) => deleted);

/**
 * The nodes whose inside such a list does not show and memory depends on.
 *
 * @param isListing whether the text says that it is one; else only a tree that looks so all over counts
 */
export function hollowNodes(root: LiveNode, isListing: boolean): readonly LiveNode[] {
  const top = alive(root.children);
  const reserved = top.find(({ name }) => name === RESERVED_MEMORY);
  const regions = alive(reserved?.children ?? []);
  const hollow = [
    ...top.filter((node) => isEmpty(node) && (isMemoryNode(node) || node === reserved)),
    ...regions.filter(isEmpty),
  ];
  if (isListing) return hollow;
  // A list of the root, or of /reserved-memory alone.
  const all = top.length === 1 && reserved !== undefined ? regions : top;
  return all.length > 0 && all.every(isEmpty) && hollow.some((node) => node !== reserved) ? hollow : [];
}
