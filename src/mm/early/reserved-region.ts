/** A child of /reserved-memory, and what becomes of it. */
import type { ReservedMemNode } from '../../board/board.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import type { RegionDetail } from './region-detail.ts';
import type { SharedDmaPoolProblem } from './shared-dma-pool.ts';

/** Why a region got no handler or no memory; the rest is decided when heaps register. */
export type ReservedMemProblem =
  | 'disabled'
  | 'unsupported-format'
  | 'no-reg-no-size'
  | 'malformed-reg'
  | 'size-zero'
  | 'reserve-failed'
  | 'invalid-size'
  | 'invalid-alignment'
  | 'too-many-dynamic'
  | 'no-room'
  | 'skipped-for-cmdline'
  | SharedDmaPoolProblem;

/** struct reserved_mem, and what became of the node. */
export interface ReservedMem {
  readonly name: string;
  readonly dynamic: boolean;
  readonly noMap: boolean;
  readonly reusable: boolean;
  /** Absent when the region has no place. */
  base?: PhysAddr;
  size?: PhysAddr;
  /** What the shared-dma-pool handler made of it. */
  kind: 'cma' | 'coherent' | 'reserved' | 'none';
  /** The number of its CMA area. */
  cma?: number;
  problem?: ReservedMemProblem;
  /** The numbers of the problem. */
  detail?: RegionDetail;
}

/** A region that has its entry in the kernel's reserved_mem array. */
export interface Entry extends PhysRange {
  readonly name: string;
}

/** A child and what becomes of it. */
export interface TrackedNode {
  readonly node: ReservedMemNode;
  readonly region: ReservedMem;
}

/** A `reg` that Linux can read. */
export const hasReg = (node: ReservedMemNode): boolean =>
  node.regMalformed !== true && node.reg !== undefined && node.reg.length > 0;

/** of_fdt_device_is_available(). */
export const isAvailable = (node: ReservedMemNode): boolean =>
  node.status === undefined || node.status === 'ok' || node.status === 'okay';

/** A node as 32 bits of address have it: numbers lose what is above. */
export function cutNode(node: ReservedMemNode, max: bigint): ReservedMemNode {
  const cut = (range: PhysRange): PhysRange => ({ base: range.base & max, size: range.size & max });
  return {
    ...node,
    ...(node.reg && { reg: node.reg.map(cut) }),
    ...(node.allocRanges && { allocRanges: node.allocRanges.map(cut) }),
    ...(typeof node.size === 'bigint' && { size: node.size & max }),
    ...(typeof node.alignment === 'bigint' && { alignment: node.alignment & max }),
  };
}
