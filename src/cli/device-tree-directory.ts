/**
 * A device tree as a directory, as Linux shows it in /proc/device-tree: a directory a node, a file a property.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceTree, DtNode, DtProperty } from '../devicetree/tree.ts';
import { UnreadableInput } from './failures.ts';

const MAX_DEPTH = 64;
const MAX_BYTES = 64 * 1024 * 1024;

/** Whether a directory looks like a node: it holds a `compatible`, `model` or `#address-cells` file. */
export const isDeviceTreeDirectory = (directory: string): boolean =>
  readdirSync(directory).some((name) => ['compatible', 'model', '#address-cells'].includes(name));

/**
 * Reads a tree. Its reservations are not there: /sys/firmware/fdt has them.
 *
 * @throws UnreadableInput when the directory is no tree
 */
export function readDeviceTreeDirectory(directory: string): DeviceTree {
  let total = 0;
  const refuse = (code: string, message: string): never => {
    throw new UnreadableInput(code, directory, `${directory}: ${message}`);
  };

  function node(path: string, name: string, depth: number): DtNode {
    if (depth > MAX_DEPTH) refuse('tree-too-deep', `nodes are nested more than ${MAX_DEPTH} deep`);
    const properties: DtProperty[] = [];
    const children: DtNode[] = [];
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const file = join(path, entry.name);
      if (entry.isDirectory()) {
        children.push(node(file, entry.name, depth + 1));
      } else if (entry.isFile()) {
        const value = readFileSync(file);
        total += value.length;
        if (total > MAX_BYTES) refuse('file-too-large', 'holds more than 64 MiB: not a device tree');
        // Linux adds the node's name as a property; blobs have none.
        if (entry.name !== 'name') properties.push({ name: entry.name, value, position: { file } });
      }
    }
    return { name, properties, children, position: { file: path } };
  }

  if (!isDeviceTreeDirectory(directory)) {
    refuse('is-a-directory', 'is a directory, not a board, nor a device tree as in /proc/device-tree');
  }
  return { root: node(directory, '', 0), memReserves: [], bootCpuid: 0 };
}
