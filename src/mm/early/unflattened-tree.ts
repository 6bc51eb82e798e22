/**
 * How many bytes the kernel's own form of the device tree takes. Models drivers/of/fdt.c: unflatten_dt_nodes() and
 * drivers/of/base.c: of_alias_scan() (Linux 7.3) by their sizes.
 */
import { type DeviceTree, type DtNode, getChild } from '../../devicetree/tree.ts';
import type { LinuxVersion } from '../../profile/linux-version.ts';
import { roundUp } from '../../units.ts';

/** sizeof(struct device_node) and sizeof(struct property). */
type TreeSizes = LinuxVersion['treeSizes'];

/** What a boot loader adds to the tree before Linux sees it. */
export interface LoaderAdditions {
  readonly bootargs: boolean;
  readonly initrd: boolean;
}

/** Bytes of the unflattened tree. */
export function unflattenedTreeBytes(tree: DeviceTree, added: LoaderAdditions, sizes: TreeSizes): bigint {
  const size = { bytes: 0 };
  addNode(withChosen(tree.root, added), sizes, size);
  return roundUp(BigInt(size.bytes), 4n) + 4n;
}

/** Every piece begins at a multiple of 8. */
function addNode(node: DtNode, sizes: TreeSizes, size: { bytes: number }): void {
  const piece = (bytes: number): void => {
    size.bytes = Math.ceil(size.bytes / 8) * 8 + bytes;
  };
  piece(sizes.node + byteLength(node.name) + 1);
  for (const _ of node.properties) piece(sizes.property);
  // A node without a `name` gets one: its own without the unit address.
  if (!node.properties.some(({ name }) => name === 'name')) {
    const at = node.name.lastIndexOf('@');
    piece(sizes.property + byteLength(at < 0 ? node.name : node.name.slice(0, at)) + 1);
  }
  for (const child of node.children) addNode(child, sizes, size);
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** The root with /chosen as the kernel sees it: what the loader adds, and without the seed that it has used up. */
function withChosen(root: DtNode, added: LoaderAdditions): DtNode {
  const chosen = getChild(root, 'chosen');
  const names = [
    ...(added.bootargs ? ['bootargs'] : []),
    ...(added.initrd ? ['linux,initrd-start', 'linux,initrd-end'] : []),
  ];
  if (chosen === undefined && names.length === 0) return root;
  const kept = (chosen?.properties ?? []).filter(({ name }) => name !== 'rng-seed');
  const missing = names.filter((name) => !kept.some((property) => property.name === name));
  const value = new Uint8Array();
  const properties = [...kept, ...missing.map((name) => ({ name, value }))];
  const made: DtNode = { name: 'chosen', children: [], ...chosen, properties };
  const others = root.children.filter((child) => child !== chosen);
  return { ...root, children: [...others, made] };
}

/** Bytes of each alias that ends in digits and names a node: struct alias_prop and its stem. */
export function aliasBytes({ root }: DeviceTree, sizes: TreeSizes): readonly bigint[] {
  const decoder = new TextDecoder();
  return (getChild(root, 'aliases')?.properties ?? []).flatMap(({ name, value }) => {
    const stem = name.replace(/[0-9]+$/, '');
    if (stem === name || stem === '' || !hasNode(root, decoder.decode(value).replace(/\0[\s\S]*$/, '')))
      return [];
    return [BigInt(sizes.alias + byteLength(stem) + 1)];
  });
}

/** Whether a full path leads to a node. */
function hasNode(root: DtNode, path: string): boolean {
  if (!path.startsWith('/')) return false;
  let node: DtNode | undefined = root;
  for (const name of path.split('/').filter((part) => part !== '')) node = node && getChild(node, name);
  return node !== undefined;
}
