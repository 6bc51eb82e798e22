/**
 * What can be asked of a kernel without changing it: plain data for renderers and tests.
 */
import type { Backend } from '../../dma-buf/backends.ts';
import type { DeviceShare } from '../../mm/dma/device-memory.ts';
import type { DmaDirection } from '../../mm/dma/dma-mapping.ts';
import type { DmaSegment } from '../../mm/dma/iommu-dma.ts';
import type { RegionDetail } from '../../mm/early/region-detail.ts';
import type { PfnRange, PhysAddr, PhysRange } from '../../units.ts';
import type { AddressRange } from '../address-space.ts';

/** One node of /dev/dma_heap. */
export interface HeapView {
  readonly name: string;
  readonly minor: number;
  /** The node's permission bits, `600`. */
  readonly mode: string;
  /** The node's group; 0 is root. */
  readonly gid: number;
  readonly backend: Backend;
  /** The reserved-memory node or CMA area behind it; absent for `system`. */
  readonly region?: string;
  /** Where the region starts; absent for `system`. */
  readonly base?: PhysAddr;
  /** Bytes of a page of the kernel. */
  readonly pageSize: number;
  /** Bytes that the backend manages: the pool, the area, or all RAM that boot left free. */
  readonly size: bigint;
  readonly free: bigint;
  /** The largest contiguous free block in bytes; for a pool the largest that one call can get. */
  readonly largest: bigint;
  readonly buffers: number;
  /** Somebody declared it: it is not mainline's. */
  readonly declared?: DeclaredView;
  /** The devices whose drivers hold pages of the same area or pool, the most first. */
  readonly devices: readonly DeviceShare[];
  /** What its buffers are charged to; absent: nothing. */
  readonly charges?: { readonly controller: 'memory' | 'dmem'; readonly region?: string };
}

/** What was declared of a heap. */
export interface DeclaredView {
  /** Who declared it: `rockchip-5.10`, or a board's file. */
  readonly by: string;
  readonly cached: boolean;
  readonly zone?: string;
  /** Where its facts are public. */
  readonly source?: string;
}

/** What became of a /reserved-memory child, and of the default CMA area. */
export interface RegionView {
  readonly name: string;
  /** `static` by `reg`, `dynamic` by `size`, `cmdline`/`config` for the default CMA area of `cma=`. */
  readonly origin: 'static' | 'dynamic' | 'cmdline' | 'config';
  /** Absent when nothing was placed. */
  readonly base?: PhysAddr;
  readonly size?: bigint;
  readonly noMap: boolean;
  readonly reusable: boolean;
  /** What it is: a CMA area, a coherent pool, plain reserved memory, or nothing at all. */
  readonly kind: 'cma' | 'coherent' | 'reserved' | 'none';
  /** Names of its heaps in /dev/dma_heap; a default CMA area has two. */
  readonly heaps: readonly string[];
  /** It is the default CMA area. */
  readonly isDefault: boolean;
  /** Why there is no heap, or what went wrong on the way; absent when all is well. */
  readonly why?: WhyNoHeap;
  /** The numbers behind `why`. */
  readonly detail?: RegionDetail;
}

/** Why a region is no heap, as a stable code; the words are the renderer's. */
export type WhyNoHeap =
  | 'disabled' // status is neither ok nor okay
  | 'unsupported-format' // /reserved-memory has other cells than the root, or no ranges
  | 'no-reg-no-size' // neither reg nor size
  | 'malformed-reg' // reg is no multiple of an entry
  | 'size-zero' // reg with size 0
  | 'reserve-failed' // overlaps memory that is reserved already
  | 'invalid-size' // size of the wrong length
  | 'invalid-alignment' // alignment of the wrong length
  | 'too-many-dynamic' // more than 64 dynamic regions
  | 'no-room' // no place for a dynamic region
  | 'default-area-failed' // the area of cma= or the configuration found no place
  | 'skipped-for-cmdline' // a linux,cma-default node with cma= on the command line
  | 'not-shared-dma-pool' // compatible does not name it
  | 'reusable-and-no-map' // both properties: no handler takes it
  | 'cma-misaligned' // base or size is no multiple of a pageblock
  | 'cma-no-slot' // CONFIG_CMA_AREAS is used up
  | 'cma-across-zones' // the area crosses a zone's border: a heap that has no pages
  | 'cma-not-configured' // the kernel has no CMA, or no CMA heap
  | 'coherent-off' // the kernel has no coherent heap
  | 'restricted-pool' // restricted-dma-pool: its devices' alone
  | 'restricted-refused' // with no-map, reusable or a default
  | 'coherent-no-slot' // more coherent pools than the series remembers
  | 'coherent-not-no-map' // an architecture whose pools must be no-map
  | 'mapped-ram' // a pool without no-map: memremap refuses System RAM
  | 'mapped-page' // an unaligned base in a page that is still mapped
  | 'unmappable' // a pool above 256 TiB, too large for a bitmap (128 GiB), or on 32-bit arm for what can be mapped
  | 'name-taken' // a heap of that name exists
  | 'module-not-loaded' // the heap's module is not loaded yet
  | 'no-cma-heaps'; // default_cma_region was refused, and every CMA heap with it

/** A descriptor of a task. */
export interface FdView {
  readonly task: string;
  readonly fd: number;
  readonly cloexec: boolean;
}

/** A mapping of a dma-buf. */
export interface MappingView {
  readonly task: string;
  readonly id: number;
  /** Bytes into the buffer, of its first byte that is there. */
  readonly offset: bigint;
  /** Bytes to its end, holes included. */
  readonly length: bigint;
  /** What the first part allows. */
  readonly prot: number;
  readonly shared: boolean;
  /** Its parts where it has several: bytes into the buffer. */
  readonly parts?: readonly { readonly offset: bigint; readonly length: bigint; readonly prot: number }[];
}

/** A device that has imported a dma-buf. */
export interface AttachmentView {
  readonly id: number;
  readonly device: string;
  /** The task that asked the driver for it. */
  readonly task: string;
  /** References that the importer holds. */
  readonly references: number;
  /** Set while it is mapped. */
  readonly direction?: DmaDirection;
  /** The bus addresses that the importer got. */
  readonly segments?: readonly DmaSegment[];
}

/** A task. */
export interface TaskView {
  readonly name: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Soft RLIMIT_NOFILE. */
  readonly nofile: number;
  readonly fds: readonly {
    readonly fd: number;
    readonly cloexec: boolean;
    readonly kind: 'dma_buf' | 'dma_heap' | 'drm' | 'virtual' | 'path' | 'sync_file' | 'stream';
    /** Of a dma-buf. */
    readonly ino?: number;
    /** Of a heap's node or another file. */
    readonly path?: string;
  }[];
  readonly mappings: number;
  readonly attachments: number;
}

/** One dma-buf. */
export interface BufferView {
  /** The inode number in the dmabuf file system, counting from 1 at boot. */
  readonly ino: number;
  /** The heap node it was allocated from. */
  readonly heap: string;
  /** exp_name as bufinfo shows it. */
  readonly expName: string;
  readonly size: bigint;
  /** The file flags given at allocation. */
  readonly flags: number;
  /** DMA_BUF_SET_NAME; absent when never set. */
  readonly name?: string;
  /** References to its file: descriptors, mappings and importers. */
  readonly count: number;
  readonly fds: readonly FdView[];
  readonly mappings: readonly MappingView[];
  readonly attachments: readonly AttachmentView[];
  /** The sg table in order: one entry for CMA and coherent, one a piece for system. */
  readonly sgTable: readonly PfnRange[];
  /** Bytes of a page of the kernel. */
  readonly pageSize: number;
  /** The number of the call that made it, counting the kernel's calls from 0. */
  readonly call: number;
  /** The task that made that call; it may have gone. */
  readonly maker: string;
}

/** An attachment of a device, and the buffer that it is to. */
export interface DeviceAttachment extends AttachmentView {
  readonly buffer: BufferView;
}

/** A dma-buf that a task holds: by descriptors, by mappings, or by what drivers have imported for it. */
export interface HeldBuffer {
  /** The number of its file, which no other gets later. */
  readonly file: number;
  readonly ino: number;
  readonly heap: string;
  readonly size: bigint;
  /** The task's descriptors of it. */
  readonly fds: readonly number[];
  /** What drivers have imported for the task. */
  readonly attachments: readonly { readonly id: number; readonly device: string }[];
}

/** A kernel's identity, for the line that says which Linux is spoken for. */
export interface KernelView {
  /** `Linux 7.3, coherent heap series v3 (not mainline), CMA 32 MiB (arm64 defconfig plus the heaps built in)`. */
  readonly banner: string;
  readonly cmdline: string;
  /** Where there is memory: RAM (no-map included) and pools outside it. */
  readonly layout: readonly PhysRange[];
  /** Logical time in nanoseconds since boot. */
  readonly time: number;
}

/** What stands at addresses of a task. */
export interface MappedArea extends AddressRange {
  /** The number of its mapping, and the address that the mapping was made at. */
  readonly mapping: number;
  readonly base: bigint;
  readonly prot: number;
  readonly shared: boolean;
  /** Whether it is shared, and its descriptor was open for writing: VM_MAYWRITE. */
  readonly sharesStores: boolean;
  /** Whether it is a mapping of frames, not of pages: VM_PFNMAP. */
  readonly frames: boolean;
  /** Bytes into the buffer. */
  readonly offset: bigint;
  /** The inode number of the buffer. */
  readonly ino: number;
}
