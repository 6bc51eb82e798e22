/**
 * The device tree that the kernel was booted with, as folders and files. Models drivers/of/kobj.c and
 * drivers/of/fdt.c: populate_properties(), of_fdt_raw_init() (Linux 7.3).
 */
import { decodeDtb } from '../../devicetree/dtb.ts';
import type { DtNode } from '../../devicetree/tree.ts';
import type { Records } from '../../records.ts';
import { bootTree, liveTree } from '../overlays.ts';
import { attribute, directory, type Entries, fixedDirectory } from './make-node.ts';
import type { VirtualDirectory, VirtualNode } from './node.ts';

/** What /proc/device-tree points at. */
export const DEVICE_TREE_PATH = '/sys/firmware/devicetree/base';

/** After so many tries for a name that is free Linux gives up. */
const NAME_TRIES = 16;

export const hasDeviceTree = (records: Records): boolean => bootTree(records) !== undefined;

/** What /sys/firmware holds. */
export function firmwareEntries(records: Records): Entries {
  const blob = bootTree(records);
  if (blob === undefined) return new Map();
  // The folders are the tree as overlays have left it; the blob stays as it was booted.
  const base = () => nodeDirectory(decodeDtb(liveTree(records) ?? blob, 'fdt').root);
  return new Map<string, () => VirtualNode>([
    ['devicetree', () => fixedDirectory(0o755, { base })],
    ['fdt', () => attribute(() => blob, { mode: 0o400, size: blob.length })],
  ]);
}

/** A node: its properties, then its children; a name that is taken gets `#1`, `#2`: safe_name(). */
function nodeDirectory(node: DtNode): VirtualDirectory {
  return directory(0o755, () => {
    const entries = new Map<string, () => VirtualNode>();
    const add = (name: string, make: () => VirtualNode): void => {
      let free = name;
      for (let tries = 1; entries.has(free) && tries <= NAME_TRIES; tries++) free = `${name}#${tries}`;
      if (!entries.has(free)) entries.set(free, make);
    };
    for (const { name, value } of propertiesOf(node)) add(name, () => propertyFile(name, value));
    for (const child of node.children) add(child.name, () => nodeDirectory(child));
    return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Of names that are equal Linux keeps all properties; `name` is added where the blob has none. */
function propertiesOf({ name, properties }: DtNode): readonly { name: string; value: Uint8Array }[] {
  if (properties.some((property) => property.name === 'name')) return properties;
  const at = name.lastIndexOf('@');
  const stem = at < 0 ? name : name.slice(0, at);
  const value = Uint8Array.from(`${stem}\0`, (character) => character.charCodeAt(0));
  return [...properties, { name: 'name', value }];
}

/** The raw bytes; what begins with `security-` is user 0's alone, and does not tell its length. */
function propertyFile(name: string, value: Uint8Array): VirtualNode {
  const secure = name.startsWith('security-');
  return attribute(() => value, { mode: secure ? 0o400 : 0o444, size: secure ? 0 : value.length });
}
