/**
 * What every heap backend does: hand out pages and take them back. Models struct dma_heap_ops
 * (include/linux/dma-heap.h, Linux 7.3).
 */
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Printk } from '../printk.ts';
import type { Profile } from '../profile/profile.ts';
import type { Records } from '../records.ts';
import type { Errno } from '../uapi/errno.ts';
import type { PfnRange } from '../units.ts';
import type { Failure } from './failure.ts';

/** Which backend holds a buffer's pages, and which area or pool of it. */
export type HeapBacking =
  | { readonly backend: 'system' }
  | { readonly backend: 'cma'; readonly area: number }
  | { readonly backend: 'coherent'; readonly pool: number };

/** What a backend works on. */
export interface HeapContext {
  readonly records: Records;
  readonly memory: PhysMemory;
  readonly printk: Printk;
  readonly profile: Profile;
  /** The task that allocates, and the number of its call. */
  readonly maker?: { readonly task: string; readonly call: number };
  /** Whether an allocation is to fail on purpose, when the heap takes its memory or the descriptor is taken. */
  readonly inject?: (
    at: 'allocate' | 'descriptor',
    asked: { readonly heap: string; readonly size: bigint },
  ) => InjectedFault | undefined;
}

/** A failure that a user asked for. */
export interface InjectedFault {
  readonly errno: Errno;
  readonly why: Failure;
}

/** Pages in the order of the sg table, or why there are none. */
export type Allocation =
  | { readonly sgTable: readonly PfnRange[] }
  | { readonly errno: Errno; readonly why: Failure };

/** struct dma_heap_ops, with the release of the buffers it made. */
export interface DmaHeapOps {
  /**
   * Takes zeroed pages.
   *
   * @param pages how many, at least 1; up to 2^52
   */
  allocate(context: HeapContext, pages: bigint): Allocation;
  /** Takes the pages back; what is in them stays. */
  release(context: HeapContext, sgTable: readonly PfnRange[]): void;
}

/** Zeroes whole pieces. */
export function zeroPages({ memory, profile }: HeapContext, sgTable: readonly PfnRange[]): void {
  const { pfnPhys, pagesToBytes } = profile.geometry;
  for (const { pfn, pages } of sgTable) memory.zero(pfnPhys(pfn), pagesToBytes(pages));
}
