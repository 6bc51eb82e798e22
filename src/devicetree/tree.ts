/**
 * The device tree as data: nodes and properties in the order of the source, each with where it came from.
 * One type for what was read from a blob, compiled from source or made from a YAML board.
 */
import type { SourcePosition } from '../diagnostic.ts';
import type { NodeOrigin, PropertyOrigin } from './dts/origin.ts';

export interface DtProperty {
  readonly name: string;
  /** The raw bytes, as in the blob. */
  readonly value: Uint8Array;
  readonly position?: SourcePosition | undefined;
  /** What compiled source knows beside the position: earlier settings, labels, the parts of the value. */
  readonly origin?: PropertyOrigin | undefined;
}

export interface DtNode {
  /** The name with its unit address, `pool@50000000`; empty for the root. */
  readonly name: string;
  readonly properties: readonly DtProperty[];
  readonly children: readonly DtNode[];
  readonly position?: SourcePosition | undefined;
  /** What compiled source knows beside the position: overrides and labels. */
  readonly origin?: NodeOrigin | undefined;
}

/** One entry of `/memreserve/`: the memory reservation block of a blob. */
export interface MemReserve {
  readonly address: bigint;
  readonly size: bigint;
  /** Those of source; a blob has none. */
  readonly labels?: readonly string[];
}

export interface DeviceTree {
  readonly root: DtNode;
  readonly memReserves: readonly MemReserve[];
  readonly bootCpuid: number;
}

/** The property of that name, or `undefined`. */
export const getProperty = (node: DtNode, name: string): DtProperty | undefined =>
  node.properties.find((property) => property.name === name);

/** The child of exactly that name (unit address included), or `undefined`. */
export const getChild = (node: DtNode, name: string): DtNode | undefined =>
  node.children.find((child) => child.name === name);
