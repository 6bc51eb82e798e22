/**
 * The children of /reserved-memory as data: drivers/of/of_reserved_mem.c (Linux 7.3) reads the same properties,
 * always in the root's cells. What becomes of a node is decided at boot.
 */
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { CELL, cellAt, firstString, numberAt, stringsOf } from '../devicetree/value.ts';
import type { PhysRange } from '../units.ts';
import type { ReservedMemNode } from './board.ts';

/** Cells of an address and of a size. */
export interface CellWidths {
  readonly addressCells: number;
  readonly sizeCells: number;
}

/**
 * The <base size> entries of a value, or `undefined` when its length is no multiple of an entry:
 * drivers/of/fdt.c: of_flat_dt_get_addr_size_prop().
 */
export function rangesOf(value: Uint8Array, widths: CellWidths): PhysRange[] | undefined {
  const { addressCells, sizeCells } = widths;
  const entry = addressCells + sizeCells;
  if (value.length % (entry * CELL) !== 0) return undefined;
  return Array.from({ length: value.length / (entry * CELL) }, (_, index) => ({
    base: numberAt(value, index * entry, addressCells),
    size: numberAt(value, index * entry + addressCells, sizeCells),
  }));
}

/** The node's phandle under either of its names, if it is one cell and not 0: fdt_get_phandle(). */
export function phandleOf(node: DtNode): number | undefined {
  for (const name of ['phandle', 'linux,phandle']) {
    const value = getProperty(node, name)?.value;
    if (value?.length === CELL) return cellAt(value, 0) || undefined;
  }
  return undefined;
}

/** Reads one child of /reserved-memory. `label` is what /__symbols__ calls it. */
export function reservedMemNode(node: DtNode, root: CellWidths, label: string | undefined): ReservedMemNode {
  const value = (name: string): Uint8Array | undefined => getProperty(node, name)?.value;
  const has = (name: string): boolean => value(name) !== undefined;
  // A number that must be exactly `cells` long.
  const exactNumber = (name: string, cells: number): bigint | 'invalid' | undefined => {
    const bytes = value(name);
    if (bytes === undefined) return undefined;
    return bytes.length === cells * CELL ? numberAt(bytes, 0, cells) : 'invalid';
  };
  const reg = value('reg');
  const regRanges = reg && rangesOf(reg, root);
  const allocRanges = value('alloc-ranges');
  const statusValue = value('status');
  return {
    name: node.name,
    compatible: stringsOf(value('compatible') ?? new Uint8Array()),
    noMap: has('no-map'),
    reusable: has('reusable'),
    linuxCmaDefault: has('linux,cma-default'),
    linuxDmaDefault: has('linux,dma-default'),
    ...present({
      position: node.position,
      status: statusValue && firstString(statusValue),
      reg: reg && (regRanges ?? []),
      regMalformed: reg !== undefined && regRanges === undefined ? true : undefined,
      size: exactNumber('size', root.sizeCells),
      alignment: exactNumber('alignment', root.addressCells),
      allocRanges: allocRanges && rangesOf(allocRanges, root),
      allocRangesMalformed:
        allocRanges !== undefined && rangesOf(allocRanges, root) === undefined ? true : undefined,
      phandle: phandleOf(node),
      label,
    }),
  };
}

/** The members of an object that have a value. */
function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
