/**
 * A device tree as a directory, as Linux shows it in /proc/device-tree: a directory a node, a file a property.
 */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceTree, DtNode, DtProperty } from '../../devicetree/tree.ts';
import { cellAt } from '../../devicetree/value.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { UnreadableInput } from '../failures.ts';
import { readRegular, UnusableFile } from './input-file.ts';

const MAX_DEPTH = 64;
const MAX_BYTES = 64 * 1024 * 1024;

/** A directory with one of these looks like a root. */
const ROOT_PROPERTIES = ['compatible', 'model', '#address-cells'];

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

export interface ReadDirectory {
  readonly tree: DeviceTree;
  /** Properties that may not be read: Linux shows the `security-` ones to root alone. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads a tree. What is not there: its reservations, and the order of its nodes and properties, which come
 * sorted by name. /sys/firmware/fdt has both.
 *
 * @throws UnreadableInput when the directory is no tree
 */
export function readDeviceTreeDirectory(directory: string): ReadDirectory {
  const warnings: Diagnostic[] = [];
  let total = 0;
  const refuse = (code: string, message: string): never => {
    throw new UnreadableInput(code, directory, `${directory}: ${message}`);
  };

  function list(path: string): readonly Dirent[] {
    try {
      return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      return refuse('file-unreadable', `${path} cannot be read (${codeOf(error)})`);
    }
  }

  function read(file: string): Uint8Array | undefined {
    try {
      const value = readRegular(file, MAX_BYTES);
      total += value.length;
      if (total > MAX_BYTES) refuse('file-too-large', 'holds more than 64 MiB: not a device tree');
      return value;
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      const message = `the property is left out: ${error.message}`;
      warnings.push({ code: 'file-unreadable', severity: 'warning', message, position: { file } });
      return undefined;
    }
  }

  function node(path: string, name: string, depth: number): DtNode {
    if (depth > MAX_DEPTH) refuse('tree-too-deep', `nodes are nested more than ${MAX_DEPTH} deep`);
    const properties: DtProperty[] = [];
    const children: DtNode[] = [];
    for (const entry of list(path)) {
      const file = join(path, entry.name);
      if (entry.isDirectory()) {
        children.push(node(file, entry.name, depth + 1));
        // Linux adds the node's name as a property; blobs have none.
      } else if (entry.isFile() && entry.name !== 'name') {
        const value = read(file);
        if (value !== undefined) properties.push({ name: entry.name, value, position: { file } });
      }
    }
    return { name, properties, children, position: { file: path } };
  }

  if (!list(directory).some(({ name }) => ROOT_PROPERTIES.includes(name))) {
    refuse('is-a-directory', 'is a directory, not a board, nor a device tree as in /proc/device-tree');
  }
  const root = node(directory, '', 0);
  return { tree: { root, memReserves: [], bootCpuid: bootCpuidOf(root) }, warnings };
}

/** The boot processor's number, which no file tells: what dtc takes for it. */
function bootCpuidOf(root: DtNode): number {
  const first = root.children.find(({ name }) => name === 'cpus')?.children[0];
  const reg = first?.properties.find(({ name }) => name === 'reg')?.value;
  return reg?.length === 4 ? (cellAt(reg, 0) ?? 0) : 0;
}
