/** Trees built by hand, for tests. */
import type { DeviceTree, DtNode, DtProperty } from '../../src/devicetree/tree.ts';

/** A value of cells. */
export function cells(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value);
  });
  return out;
}

/** A value of strings, each with its NUL. */
export const strings = (...values: readonly string[]): Uint8Array =>
  new TextEncoder().encode(values.map((value) => `${value}\0`).join(''));

/** A value that is only there. */
export const flag = new Uint8Array();

/** A node: properties by name, then children. A number is one cell, a string one string. */
export function node(
  name: string,
  properties: Readonly<Record<string, Uint8Array | string | number>> = {},
  children: readonly DtNode[] = [],
): DtNode {
  return {
    name,
    properties: Object.entries(properties).map(
      ([key, value]): DtProperty => ({ name: key, value: propertyBytes(value) }),
    ),
    children,
  };
}

function propertyBytes(value: Uint8Array | string | number): Uint8Array {
  if (typeof value === 'string') return strings(value);
  return typeof value === 'number' ? cells(value) : value;
}

export const tree = (root: DtNode): DeviceTree => ({ root, memReserves: [], bootCpuid: 0 });

/** What a tree says, without where it stood: for comparisons. */
export function plain(from: DtNode): unknown {
  return {
    name: from.name,
    properties: from.properties.map(({ name, value }) => [name, Buffer.from(value).toString('hex')]),
    children: from.children.map(plain),
  };
}

/** A tree with its nodes as plain values, for comparisons. */
export const everything = (of: DeviceTree): unknown => ({ ...of, root: plain(of.root) });
