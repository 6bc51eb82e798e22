/**
 * A board from a device tree, read as Linux on arm64 reads it: drivers/of/fdt.c, drivers/of/of_reserved_mem.c
 * (Linux 7.3).
 */
import { childCalled } from '../devicetree/node-lookup.ts';
import { type DeviceTree, type DtNode, getChild, getProperty } from '../devicetree/tree.ts';
import { cellAt, firstString, stringsOf, textOf } from '../devicetree/value.ts';
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import type { PhysRange } from '../units.ts';
import type { Board, ReservedMemNode } from './board.ts';
import { boardArchitecture } from './cpus.ts';
import { DeviceReader } from './devices.ts';
import { dmaMaxCpuAddress } from './dma-limit.ts';
import { memoryRegionUsers } from './memory-region-users.ts';
import { OfAddress } from './of-address.ts';
import { ROOT_CELLS_DEFAULT } from './of-bus.ts';
import { OfTree } from './of-tree.ts';
import {
  flagDoubts,
  misspeltProperties,
  placeDoubts,
  strayReserved,
  strayWarnings,
} from './reserved-memory-doubts.ts';
import { type CellWidths, rangesOf, reservedMemNode } from './reserved-memory-nodes.ts';
import { symbolsByPath } from './symbols.ts';

/** The most cells that an address or a size may have: OF_MAX_ADDR_CELLS. */
const MAX_CELLS = 4;
/** arm64's COMMAND_LINE_SIZE, its NUL included. */
const COMMAND_LINE_SIZE = 2048;

/**
 * Reads what a device tree says about memory.
 *
 * A tree without memory is no error here: `memory` is empty then, and a boot loader may fill it in.
 *
 * @param tree the tree, from a blob or compiled from source
 * @param source where it came from, for messages
 * @throws InvalidInput when the tree is no board (an overlay, a FIT image) or its cells cannot be used
 */
export function boardFromTree(tree: DeviceTree, source: string): Board {
  const { root } = tree;
  const diagnostics: Diagnostic[] = [];
  refuseOtherTrees(root, source);
  const widths = rootCells(root, source, diagnostics);
  const reservedMemory = childCalled(root, 'reserved-memory');
  const model = getProperty(root, 'model');
  const stray = strayReserved(root, reservedMemory);
  diagnostics.push(...strayWarnings(stray));
  if (reservedMemory) {
    diagnostics.push(
      ...misspeltProperties(reservedMemory),
      ...flagDoubts(reservedMemory),
      ...placeDoubts(reservedMemory, widths),
    );
  }
  const users = memoryRegionUsers(root, reservedMemory, (warning) => diagnostics.push(warning));
  const labels = symbolsByPath(root);
  const ofTree = new OfTree(root);
  const address = new OfAddress(ofTree);
  const dmaLimit = dmaMaxCpuAddress(ofTree.root, address);
  return {
    source,
    ...boardArchitecture(root, source),
    ...(model ? { model: textOf(model.value) } : {}),
    compatible: stringsOf(getProperty(root, 'compatible')?.value ?? new Uint8Array()),
    ...widths,
    memory: memoryRanges(root, widths, diagnostics),
    ...(reservedMemory ? { reservedMemory: readReservedMemory(reservedMemory, widths, labels) } : {}),
    bootargs: readChosen(root, diagnostics),
    memReserves: tree.memReserves.map(({ address, size }) => ({ base: address, size })),
    users,
    devices: new DeviceReader(ofTree, address, labels).devices(),
    tree,
    ...(dmaLimit === undefined ? {} : { dmaMaxCpuAddress: dmaLimit }),
    diagnostics,
  };
}

/** Blobs that are trees but no boards. */
function refuseOtherTrees(root: DtNode, source: string): void {
  const refuse = (code: string, message: string, hint: string): never => {
    const position = root.position ?? { file: source };
    throw new InvalidInput([{ code, severity: 'error', message, position, path: '/', hint }]);
  };
  if (root.children.some((child) => getChild(child, '__overlay__') !== undefined)) {
    refuse(
      'board-is-overlay',
      'this is a device-tree overlay, which changes a board but is none',
      'name the board first: dmaheap boot BOARD --overlay FILE',
    );
  }
  if (getChild(root, 'images') !== undefined && getChild(root, 'configurations') !== undefined) {
    refuse(
      'board-is-fit-image',
      'this is a FIT image, which holds device trees but is none',
      'take the device tree out first: dumpimage -T flat_dt -p INDEX -o BOARD.dtb IMAGE',
    );
  }
}

/** drivers/of/fdt.c: early_init_dt_scan_root() */
function rootCells(root: DtNode, source: string, diagnostics: Diagnostic[]): CellWidths {
  const read = (name: string): number => {
    const property = getProperty(root, name);
    const position = property?.position ?? root.position ?? { file: source };
    const path = `/:${name}`;
    if (property === undefined) {
      diagnostics.push({
        code: 'board-root-cells',
        severity: 'warning',
        message: `the root has no ${name}; Linux takes ${ROOT_CELLS_DEFAULT} and warns`,
        position,
        path,
        hint: `add ${name} = <2>; (or <1>) to the root`,
      });
      return ROOT_CELLS_DEFAULT;
    }
    const cells = cellAt(property.value, 0);
    if (cells === undefined || cells < 1 || cells > MAX_CELLS) {
      throw new InvalidInput([
        {
          code: 'board-root-cells',
          severity: 'error',
          message: `the root's ${name} is ${cells ?? 'no whole cell'}; expected 1 or 2`,
          position,
          path,
          hint: 'an address or a size of memory takes one cell (32 bits) or two (64 bits)',
        },
      ]);
    }
    if (cells > 2) {
      diagnostics.push({
        code: 'board-root-cells',
        severity: 'warning',
        message: `the root's ${name} is ${cells}; Linux keeps only the last two cells (64 bits) of each number`,
        position,
        path,
      });
    }
    return cells;
  };
  return { addressCells: read('#address-cells'), sizeCells: read('#size-cells') };
}

/** drivers/of/fdt.c: early_init_dt_scan_memory() */
function memoryRanges(root: DtNode, widths: CellWidths, diagnostics: Diagnostic[]): PhysRange[] {
  const memory: PhysRange[] = [];
  const warn = (node: DtNode, what: string, message: string, hint: string): void => {
    const position = node.position ? { position: node.position } : {};
    const path = `/${node.name}${what === '' ? '' : `:${what}`}`;
    diagnostics.push({ code: 'board-memory-node', severity: 'warning', message, ...position, path, hint });
  };
  for (const node of root.children) {
    const type = getProperty(node, 'device_type');
    if (type === undefined || firstString(type.value) !== 'memory') {
      if (node.name === 'memory' || node.name.startsWith('memory@')) {
        const hint = 'add device_type = "memory";';
        warn(node, 'device_type', `Linux ignores ${node.name}: its device_type is not "memory"`, hint);
      }
      continue;
    }
    if (!isAvailable(node)) {
      const message = `Linux ignores ${node.name}: its status is neither "ok" nor "okay"`;
      warn(node, 'status', message, 'remove status, or set it to "okay"');
      continue;
    }
    const malformed: string[] = [];
    let ranges: PhysRange[] | undefined;
    for (const name of ['linux,usable-memory', 'reg']) {
      const property = getProperty(node, name);
      if (property === undefined) continue;
      ranges = rangesOf(property.value, widths);
      if (ranges !== undefined) break;
      malformed.push(name);
    }
    for (const name of malformed) {
      const cells = `#address-cells ${widths.addressCells}, #size-cells ${widths.sizeCells}`;
      warn(
        node,
        name,
        `Linux ignores ${name} of ${node.name}: its length is no multiple of the root's <base size> (${cells})`,
        'write each base and size in the cells that the root asks for',
      );
    }
    for (const range of ranges ?? []) if (range.size !== 0n) memory.push(range);
  }
  return memory;
}

/** drivers/of/fdt.c: of_fdt_device_is_available(): a status without a terminated string does not count. */
function isAvailable(node: DtNode): boolean {
  const status = getProperty(node, 'status');
  const text = status && firstString(status.value);
  return text === undefined || text === 'ok' || text === 'okay';
}

function readReservedMemory(
  reserved: DtNode,
  widths: CellWidths,
  labels: ReadonlyMap<string, string>,
): NonNullable<Board['reservedMemory']> {
  const cells = (name: string): number => {
    const property = getProperty(reserved, name);
    // None, like one too short to read, is equal to no root's.
    return (property && cellAt(property.value, 0)) ?? 0;
  };
  const nodes: ReservedMemNode[] = reserved.children.map((node) =>
    reservedMemNode(node, widths, labels.get(`/${reserved.name}/${node.name}`)),
  );
  return {
    addressCells: cells('#address-cells'),
    sizeCells: cells('#size-cells'),
    ranges: getProperty(reserved, 'ranges') !== undefined,
    nodes,
  };
}

/** drivers/of/fdt.c: early_init_dt_scan_chosen(): the command line, and warnings about what else is there. */
function readChosen(root: DtNode, diagnostics: Diagnostic[]): string {
  const chosen = childCalled(root, 'chosen');
  if (chosen === undefined) return '';
  const warn = (name: string, message: string, hint: string): void => {
    const position = getProperty(chosen, name)?.position ?? chosen.position;
    diagnostics.push({
      code: 'board-chosen',
      severity: 'warning',
      message,
      ...(position ? { position } : {}),
      path: `/${chosen.name}:${name}`,
      hint,
    });
  };
  if (getProperty(chosen, 'linux,usable-memory-range') !== undefined) {
    warn(
      'linux,usable-memory-range',
      'linux,usable-memory-range, with which kexec confines a crash kernel, is not modelled; all memory is used',
      'give the usable memory with --memory BASE:SIZE',
    );
  }
  if (getProperty(chosen, 'linux,initrd-start') !== undefined) {
    warn(
      'linux,initrd-start',
      'the initrd that a boot loader left in /chosen is not taken over',
      'give it with --reserve initrd=BASE:SIZE',
    );
  }
  const bootargs = getProperty(chosen, 'bootargs')?.value;
  if (bootargs === undefined || bootargs.length === 0) return '';
  // strscpy() into min(length, COMMAND_LINE_SIZE) bytes keeps the last one for the NUL.
  const room = Math.min(bootargs.length, COMMAND_LINE_SIZE) - 1;
  const kept = bootargs.subarray(0, room);
  if (!kept.includes(0) && bootargs[room] !== 0) {
    warn(
      'bootargs',
      `Linux keeps only the first ${room} bytes of bootargs, which ${bootargs.length < COMMAND_LINE_SIZE ? 'has no NUL at its end' : 'is too long'}`,
      `give the command line with --cmdline, at most ${COMMAND_LINE_SIZE - 1} characters`,
    );
  }
  return textOf(kept);
}
