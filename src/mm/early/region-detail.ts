/** The numbers behind what became of a region: data, for whoever explains it. */

import type { RegionPurpose } from '../../board/region-purpose.ts';
import type { CellWidths } from '../../board/reserved-memory-nodes.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import type { Claim } from './claims.ts';

/** Why the default CMA area of `cma=` or the configuration is not there. */
export interface DefaultAreaDetail {
  readonly is: 'default-area';
  readonly cause: 'no-slot' | 'misaligned' | 'exceeds-limit' | 'across-lowmem' | 'reserved' | 'no-room';
  /** What was asked for, and that in whole pageblocks. */
  readonly asked: bigint;
  readonly size: bigint;
  /** Where it was to begin; 0: anywhere. */
  readonly base: PhysAddr;
  /** Where it must end. */
  readonly limit: PhysAddr;
  readonly pageblock: bigint;
  /** The largest free run below the limit that starts at a pageblock. */
  readonly largest?: PhysRange;
  /** Who has the place. */
  readonly reservedBy?: readonly Claim[];
}

export type RegionDetail =
  /** Of `unsupported-format`: the cells of /reserved-memory and of the root. */
  | {
      readonly is: 'format';
      readonly cells: CellWidths;
      readonly root: CellWidths;
      readonly ranges: boolean;
    }
  /** Of `reserve-failed`; nobody, where another region gave the memory back. */
  | { readonly is: 'reserved-by'; readonly reservedBy: readonly Claim[] }
  /** Of `no-room`. */
  | {
      readonly is: 'room';
      readonly asked: bigint;
      readonly alignment: bigint;
      /** Where it may lie; absent: anywhere. */
      readonly allocRanges?: readonly PhysRange[];
      /** RAM, and how much of it is where the region may lie. */
      readonly ram: readonly PhysRange[];
      readonly ramInRanges: bigint;
      /** The largest free run there, from its first multiple of the alignment on. */
      readonly largest?: PhysRange;
    }
  /** Of `cma-misaligned`. */
  | { readonly is: 'alignment'; readonly pageblock: bigint }
  /** Of `not-shared-dma-pool`: what it is for, and the Linux that has no pool of it. */
  | { readonly is: 'purpose'; readonly purpose: RegionPurpose; readonly linux: string }
  | DefaultAreaDetail;
