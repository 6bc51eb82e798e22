/**
 * Which devices use which reserved memory: every `memory-region` of a tree, its phandles resolved.
 */
import { type DtNode, type DtProperty, getProperty } from '../devicetree/tree.ts';
import { cellsOf } from '../devicetree/value.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { formatHex } from '../units.ts';
import type { MemoryRegionUser } from './board.ts';
import { phandleOf } from './reserved-memory-nodes.ts';

/** Phandles that one warning spells out. */
const SHOWN = 4;

/** The names of the children of /reserved-memory by their phandles. */
export function regionsByPhandle(reservedMemory: DtNode | undefined): ReadonlyMap<number, string> {
  const nameOf = new Map<number, string>();
  for (const node of reservedMemory?.children ?? []) {
    const phandle = phandleOf(node);
    if (phandle !== undefined && !nameOf.has(phandle)) nameOf.set(phandle, node.name);
  }
  return nameOf;
}

/** The regions that a `memory-region` points to, and the phandles that are none's. */
export function regionsOf(
  memoryRegion: DtProperty,
  nameOf: ReadonlyMap<number, string>,
): { readonly regions: readonly string[]; readonly unknown: readonly number[] } {
  const regions: string[] = [];
  const unknown: number[] = [];
  for (const phandle of cellsOf(memoryRegion.value)) {
    const name = nameOf.get(phandle);
    if (name === undefined) unknown.push(phandle);
    else regions.push(name);
  }
  return { regions, unknown };
}

/**
 * Every node with a `memory-region`, in tree order. A phandle that is not a child of /reserved-memory is left out;
 * one warning a node says so.
 */
export function memoryRegionUsers(
  root: DtNode,
  reservedMemory: DtNode | undefined,
  warn: (diagnostic: Diagnostic) => void,
): MemoryRegionUser[] {
  const nameOf = regionsByPhandle(reservedMemory);
  let paths: ReadonlyMap<number, string> | undefined;
  const pathOf = (phandle: number) => {
    paths ??= pathsByPhandle(root);
    return paths.get(phandle);
  };
  const users: MemoryRegionUser[] = [];
  const visit = (node: DtNode, path: string): void => {
    const property = getProperty(node, 'memory-region');
    if (property !== undefined) {
      const { regions, unknown } = regionsOf(property, nameOf);
      if (regions.length > 0) users.push({ path: path || '/', regions });
      if (unknown.length > 0 || property.value.length % 4 !== 0) {
        warn({
          code: 'board-memory-region',
          severity: 'warning',
          message: describe(unknown, pathOf),
          path: `${path || '/'}:memory-region`,
          ...(property.position ? { position: property.position } : {}),
          hint: 'the device gets no memory of its own from it',
        });
      }
    }
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(root, '');
  return users;
}

/** The path of every node with a phandle. */
function pathsByPhandle(root: DtNode): ReadonlyMap<number, string> {
  const paths = new Map<number, string>();
  const visit = (node: DtNode, path: string): void => {
    const phandle = phandleOf(node);
    if (phandle !== undefined && !paths.has(phandle)) paths.set(phandle, path || '/');
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(root, '');
  return paths;
}

function describe(unknown: readonly number[], pathOf: (phandle: number) => string | undefined): string {
  if (unknown.length === 0) return 'memory-region is no list of whole cells';
  const told = (phandle: number) => {
    const path = pathOf(phandle);
    return path === undefined ? formatHex(phandle) : `${formatHex(phandle)} (${path})`;
  };
  const shown = unknown.slice(0, SHOWN).map(told).join(', ');
  const more = unknown.length > SHOWN ? ` and ${unknown.length - SHOWN} more` : '';
  return `memory-region points to ${shown}${more}, which no child of /reserved-memory has as its phandle`;
}
