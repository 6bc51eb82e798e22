/**
 * What every heap backend does: hand out pages, take them back, and say how it differs from others, all of which the
 * compiler asks of a new one. Models struct dma_heap_ops (include/linux/dma-heap.h, Linux 7.3).
 */
import type { DeclaredZone } from '../board/declared-heaps.ts';
import type { DeviceShare } from '../mm/dma/device-memory.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Printk } from '../printk.ts';
import type { LinuxVersion } from '../profile/linux-version.ts';
import type { Profile } from '../profile/profile.ts';
import type { Records } from '../records.ts';
import type { Errno } from '../uapi/errno.ts';
import type { Pfn, PfnRange } from '../units.ts';
import { formatSize } from '../units.ts';
import type { Charge, ChargedTask, HeapAccount } from './account.ts';
import type { FailureRule } from './failure-rule.ts';

/** What a backend works on. */
export interface HeapContext {
  readonly records: Records;
  readonly memory: PhysMemory;
  readonly printk: Printk;
  readonly profile: Profile;
  /** Whose call it is; absent where nobody is charged. */
  readonly caller?: ChargedTask;
}

/** What is said of a heap that was declared; absent of those that are mainline's. */
export interface DeclaredTraits {
  /** Who declared it: `rockchip-5.10`, or a board's file. */
  readonly by: string;
  /** Whether the CPU maps it cached. */
  readonly cached: boolean;
  /** exp_name of its buffers. */
  readonly exporter: string;
  /** The highest zone of its pages. */
  readonly zone?: DeclaredZone;
  /** Where its facts are public. */
  readonly source?: string;
}

/** What any failure is; those of all backends together are `NoRoom` of backends.ts. */
export interface AnyFailure {
  readonly kind: string;
  /** Who declared the heap, where somebody did. */
  readonly declared?: string;
}

/** Pages in the order of the sg table, or why there are none. */
export type Allocation<F extends AnyFailure = AnyFailure> =
  | { readonly sgTable: readonly PfnRange[]; readonly charge?: Charge }
  | { readonly errno: Errno; readonly why: F };

/** What a heap's memory is and how much of it is left. */
export interface HeapSpace {
  /** The area or pool; absent where it is all RAM. */
  readonly region?: { readonly name: string; readonly pfn: Pfn };
  /** Pages that the backend manages. */
  readonly pages: number;
  readonly freePages: number;
  /** The largest contiguous free block, pages; for a pool the largest that one call can get. */
  readonly largestPages: number;
}

/** What one call can get. */
export interface LargestRequest {
  readonly pages: number;
  /** Where that call's pages would lie; absent where there are none, or many pieces. */
  readonly pfn?: Pfn;
}

/** struct dma_heap_ops of one area or pool, with the release of the buffers it made and what else differs. */
export interface DmaHeapOps<F extends AnyFailure = AnyFailure> {
  /**
   * Takes zeroed pages.
   *
   * @param pages how many, at least 1; up to 2^52
   */
  allocate(context: HeapContext, pages: bigint): Allocation<F>;
  /** Takes the pages back, and their charge; what is in them stays. */
  release(context: HeapContext, sgTable: readonly PfnRange[], charge?: Charge): void;
  space(records: Records): HeapSpace;
  /** The free runs of the area or pool, ascending; none where the memory is all RAM. */
  freeRuns(records: Records): readonly PfnRange[];
  /** The largest request that can still be answered, by what is free and how the heap aligns. */
  largestRequest(records: Records): LargestRequest;
}

/** What is true of all heaps of a backend. @typeParam F what a request that failed says of itself */
export interface HeapBackend<F extends AnyFailure = AnyFailure> {
  /**
   * @param index the number of the area or pool
   * @param declared where the heap was declared
   */
  ops(index: number, declared?: DeclaredTraits): DmaHeapOps<F>;
  /** Whether the CPU may map its buffers at all: dma_buf_ops has mmap and vmap. */
  readonly mappable: boolean;
  /** Whether the CPU maps its buffers cached; what is not mapped at all is not. */
  cached(declared?: DeclaredTraits): boolean;
  /** Whether mmap refuses a private mapping of `[offset, offset + length)`, pages. */
  refusesPrivate(
    sgTable: readonly PfnRange[],
    offset: number,
    length: number,
    linux: LinuxVersion,
    declared?: DeclaredTraits,
  ): boolean;
  /** Whether a mapping is one of frames, not of pages: VM_PFNMAP, which mremap does not make longer. */
  mapsFrames(linux: LinuxVersion, declared?: DeclaredTraits): boolean;
  /** Whether SYNC, mmap and vmap are EINVAL for the buffers of an area or pool. @param index its number */
  refusesCpu(records: Records, index: number): boolean;
  /** What map_dma_buf answers an importer where the mapping failed so. */
  mapErrno(errno: Errno): Errno;
  /** What its buffers are charged to, where that is turned on; absent: nobody proposed anything. */
  readonly account?: HeapAccount;
  /** Its kinds of failure, and by which rule each; the same kind of two backends is explained alike. */
  readonly failures: Readonly<Record<F['kind'], FailureRule>>;
  /** The failure whose rule is also by which it places a buffer. */
  readonly placedBy: F['kind'];
  /** The multiple of 1 << order pages that a buffer begins at. */
  alignOrder(pages: number, profile: Profile): number;
  /** A request that failed, in words and numbers: one line or more. */
  explain(failure: F): string[];
  readonly words: {
    /** How people call the backend. */
    readonly title: string;
    /** What `largestPages` is. */
    readonly largest: string;
    /** What takes pages that no buffer's bytes need; absent where nothing does. */
    readonly others?: string;
    /** What the model leaves out. */
    readonly caveat?: string;
  };
}

/** `2048 pages (8 MiB)`. */
export const pagesText =
  (pageSize: number) =>
  (count: bigint | number): string =>
    `${count} ${BigInt(count) === 1n ? 'page' : 'pages'} (${formatSize(BigInt(count) * BigInt(pageSize))})`;

/** Which devices' drivers hold pages, in words: a line each. */
export const heldLines = ({
  devices = [],
  pageSize,
}: {
  readonly devices?: readonly DeviceShare[];
  readonly pageSize: number;
}): string[] =>
  devices.map(
    ({ device, pages, buffers }) =>
      `the driver of ${device} holds ${pagesText(pageSize)(pages)} of it in ${buffers} (dmaheap device show ${device})`,
  );

/** Zeroes whole pieces. */
export function zeroPages({ memory, profile }: HeapContext, sgTable: readonly PfnRange[]): void {
  const { pfnPhys, pagesToBytes } = profile.geometry;
  for (const { pfn, pages } of sgTable) memory.zero(pfnPhys(pfn), pagesToBytes(pages));
}
