/**
 * What differs between versions of Linux: values, rules and log texts by name. One file a version stands beside this
 * one and is all of it that knows the version.
 */
import type { PhysAddr } from '../units.ts';
import type { ProfileConfig } from './config.ts';
import type { DmaRules } from './dma-rules.ts';
import type { FormatPa, LogText } from './log-text.ts';

export type { FormatPa, LogText };

export type ZoneName = 'DMA' | 'DMA32' | 'Normal' | 'HighMem';

/** A /reserved-memory child, as lines name it. */
interface NamedRegion {
  readonly name: string;
  readonly base: PhysAddr;
  readonly size: bigint;
}

/** Bytes that sparse_init() takes besides the map. */
export interface SparseTakers {
  /** The roots of the sections. */
  readonly roots: bigint;
  /** RAM for which one page of sections is taken. */
  readonly perPage: bigint;
  /** Of each section, in one block. @param pageblock bytes */
  readonly usage: (pageblock: bigint) => bigint;
  /** Whether the map has page tables of its own: one for each 64 GiB. */
  readonly tables: boolean;
}

/** Where drivers/of/of_reserved_mem.c and drivers/of/fdt.c differ. */
export interface ReservedMemRules {
  /** In which order regions are placed and set up. */
  readonly order: /** All by address and size, dynamic ones first, by a sort that leaves equal ones in any order. */
    | 'sorted'
    /** The same, equal ones in tree order. */
    | 'sorted-by-node'
    /** Dynamic ones at once, static ones later, each in tree order. */
    | 'tree';
  /** How many regions there may be in all. */
  readonly maxRegions: number;
  /** How many of them may be dynamic. */
  readonly maxDynamic: number;
  /** Which regions a range may touch to be filled from below. */
  readonly bottomUp: 'never' | 'static-too' | 'dynamic';
  /** What more than one base and size in `reg` means. */
  readonly severalPairs: /** All are reserved; the first is the region. */
    | 'all'
    /** All are reserved, and there is no region. */
    | 'all-no-region'
    /** Only the first counts. */
    | 'first';
  /** When /memreserve/ is reserved. */
  readonly memreserve: 'first' | 'before-dynamic' | 'last';
  /** What a region with both `reusable` and `no-map` is. */
  readonly bothProperties: 'refused' | 'plain';
  /** What `cma=` does to a `linux,cma-default` node. */
  readonly cmaOnCmdline: 'bypassed' | 'skipped-once' | 'skipped';
  /** How a dynamic no-map region is hidden. */
  readonly dynamicNoMap: 'removed' | 'marked';
  /** Whether a static no-map region is refused where it meets what is reserved, though no RAM is there. */
  readonly noMapRefusedOutside: boolean;
  /** What a full array of memblock does to a no-map region. */
  readonly fullArray: 'fails' | 'panics';
  /** How often an unsupported format is told. */
  readonly badCellsTold: 1 | 2;
  /** What `alloc-ranges` that cannot be parsed do. */
  readonly badAllocRanges: 'skip-node' | 'ignored';
  /** Whether a region that its handler refused still takes part in the search for overlaps. */
  readonly refusedOverlaps: boolean;
  /** Whether a region's range is told. */
  readonly rangeLine: boolean;
}

/** A file of /sys/kernel/mm/cma/AREA. */
export type CmaCounter =
  | 'alloc_pages_fail'
  | 'alloc_pages_success'
  | 'available_pages'
  | 'release_pages_success'
  | 'total_pages';

/** Which options a version has, and in which form. */
export interface VersionOptions {
  /** CONFIG_RODATA_FULL_DEFAULT_ENABLED. */
  readonly rodataFull: boolean;
  /** CONFIG_CMA_DEBUG. */
  readonly cmaDebug: boolean;
  /** Whether heaps can be modules. */
  readonly heapModules: boolean;
  /** CONFIG_ARCH_FORCE_MAX_ORDER: the largest order, the number of orders, or that as CONFIG_FORCE_MAX_ZONEORDER. */
  readonly maxOrder: 'inclusive' | 'exclusive' | 'zone';
  /** Whether arm64 has addresses of 52 bits with pages of 4 and 16 KiB. */
  readonly smallPages52: boolean;
}

export interface LinuxVersion {
  /** The release: `7.3.4`. */
  readonly name: string;
  /** Options of the configuration that not every version has. */
  readonly options: VersionOptions;

  /** Whether CONFIG_SLOB is an option: up to 6.3. */
  readonly hasSlob: boolean;
  /** sizeof(struct page). */
  readonly structPage: bigint;
  /** sizeof(struct reserved_mem), of which the array of regions is made. */
  readonly regionSlot: bigint;
  /** sizeof(struct device_node), of struct property and of struct alias_prop, of which the unflattened tree is made. */
  readonly treeSizes: { readonly node: number; readonly property: number; readonly alias: number };
  /** How /reserved-memory is read: what its steps differ in. */
  readonly reservedMem: ReservedMemRules;
  /** Bytes of a section of the memory map, where it is not the architecture's of today. */
  readonly sectionSize?: bigint;
  /** Whether the linear map is made of pages, not of blocks. @param rodata the word of `rodata=`, if any */
  readonly pageMapped: (config: ProfileConfig, rodata?: string) => boolean;
  /** What the memory map takes before and after itself; absent: nothing that matters, and the default area comes first. */
  readonly sparseTakers?: SparseTakers;
  /** Whether a limit in `cma=` may lie above the end of the DMA zone. */
  readonly cmaLimitAlone: boolean;
  /** How many CMA areas there can be: MAX_CMA_AREAS. */
  readonly maxCmaAreas: (config: ProfileConfig) => number;
  /** Whether the configuration can bound the pageblock. */
  readonly limitsPageblocks: boolean;
  /** Whether what a PMD maps bounds the pageblock: pageblock_order. */
  readonly hugePageblocks: (config: ProfileConfig) => boolean;
  /** Whether the default area is tried from 4 GiB upward first. */
  readonly fromFourGiB: (size: bigint, limit: PhysAddr, endOfRam: PhysAddr) => boolean;
  /** Whether a zone gets a pool for atomic DMA allocations. */
  readonly atomicPool: (zone: ZoneName, populated: boolean) => boolean;

  /** The default area, then the zones and the memory map, or the other way round. */
  readonly defaultCmaFirst: boolean;
  /** The DMA zone's end as a number of address bits: it widens where RAM lies wholly above. */
  readonly zonesByBits: boolean;

  /** Which CMA areas become heaps: all; or the default one, under its own name, or under both. */
  readonly cmaHeaps: 'all' | 'default-by-name' | 'default-twice';
  /** Whether a TEE driver can register heaps: drivers/tee/tee_heap.c. */
  readonly teeHeaps: boolean;
  /** The name of the exporter that every buffer shows; absent: its heap's. */
  readonly exporter?: string;
  /** What one call maps of a system heap's buffer: a private mapping must be of one such piece. */
  readonly systemMapsBy: 'never-private' | 'page' | 'piece';
  /** Whether a CMA heap's buffer is mapped as frames (VM_PFNMAP), not as pages. */
  readonly cmaMapsFrames: boolean;
  /** Whether buffers lie on a file system without programs: SB_I_NOEXEC. PROT_EXEC is refused then. */
  readonly dmaBufNoExec: boolean;
  /** Which advice of madvise(2) it knows: MADV_POPULATE_READ and _WRITE, MADV_DONTNEED_LOCKED. */
  readonly advice: { readonly populate: boolean; readonly dontneedLocked: boolean };
  /** Whether MREMAP_DONTUNMAP is for anonymous memory alone; afterwards for all that is no mapping of frames. */
  readonly dontunmapAnonymous: boolean;
  /** Whether mremap looks at what it moves before MREMAP_FIXED unmaps what is in the way, and moves several areas at once. */
  readonly mremapMovesMany: boolean;
  /** The largest buffer of the system heap, pages, whose array of page pointers is a kmalloc(); absent: no such limit. */
  readonly systemArrayLimit: boolean;
  /** Whether looking at a buffer wakes who waits for it: an edge-triggered epoll tells it again and again. */
  readonly epollEdgeRepeats: boolean;
  /** Whether close_range(2) can mark what it would close: CLOSE_RANGE_CLOEXEC. */
  readonly closeRangeCloexec: boolean;
  /** Whether DRM_IOCTL_VERSION tells the driver's date. */
  readonly drmVersionDate: boolean;
  /** Whether a descriptor stays open whose number could not be told to the caller. */
  readonly leaksDescriptor: boolean;
  /** Whether sync_files can be taken of buffers and given to them. */
  readonly syncFiles: boolean;
  /** The inode number of the first buffer: 1, or where the whole system counts what a recorded kernel's had. */
  readonly firstIno: number;
  /** Whether fdinfo says the inode. */
  readonly fdinfoIno: boolean;
  /** Whether a buffer that is attached can be named. */
  readonly namesAttached: boolean;

  /** The folder of an area in debugfs. */
  readonly cmaFolder: (area: string) => string;
  /** Whether that folder has `ranges/`. */
  readonly cmaRanges: boolean;
  /** The files of an area in sysfs; empty: there is no folder. */
  readonly cmaCounters: readonly CmaCounter[];
  /** What the line of a failed request ends in (`ret:`) where no page was busy: the bitmap had no room. */
  readonly cmaFullRet: -12 | -16;
  /** What a request for more than the whole area leaves: a counter, and a line as any other that fails. */
  readonly cmaTooLarge: { readonly counted: boolean; readonly told: boolean };
  /** Whether pageblocks of areas lie on per-CPU lists as the model has it: what CmaFree then lacks is known. */
  readonly knowsPerCpuBlocks: boolean;
  /** The last lines of /proc/meminfo behind those of CMA. */
  readonly meminfoEnd: readonly string[];
  /** VmallocTotal of arm64 by the bits of a virtual address, KiB, as recorded. */
  readonly vmallocTotalKiB: Readonly<Record<number, number>>;
  /** Whether a no-map range in iomem is rounded outward to pages, not inward. */
  readonly noMapOutward: boolean;
  /** Lines of /proc/meminfo that are not there yet. */
  readonly meminfoLacks: readonly string[];

  /** Whether buffers can be charged to cgroups: dma_heap.mem_accounting. */
  readonly memAccounting: boolean;
  /** The orders in which the system heap takes pieces, the largest first. */
  readonly systemHeapOrders: readonly [number, ...number[]];
  /** The name that the default CMA area's heap has besides its own. */
  readonly defaultCmaHeap: string;

  /** What f_mode of every dma-buf's file has, besides its access. */
  readonly dmaBufMode: number;
  /** The column titles of bufinfo. */
  readonly bufinfoTitles: string;
  /** What bufinfo calls a buffer without a name. */
  readonly unnamedBuffer: string;

  /** What a driver's own allocations differ in. */
  readonly dma: DmaRules;

  readonly log: {
    /** Of the default area: what was asked for, and what was taken. */
    readonly cmaReserved: (
      asked: bigint,
      area: { readonly base: PhysAddr; readonly size: bigint },
    ) => LogText;
    /** @param rounded what was asked for, as far as it was rounded up when it failed */
    readonly cmaNotReserved: (asked: bigint, rounded: bigint) => LogText;
    /** Whether that is told where no area is left to be made. */
    readonly cmaNoSlotTold: boolean;
    /** A request that failed, with the name of its rate limit, if it has one. @param busy the last try met busy pages */
    readonly cmaAllocFailed: (
      area: string,
      pages: bigint,
      busy: boolean,
    ) => { readonly site?: string; readonly line: LogText };
    /** What of an area is free, in pages: cma_debug_show_areas(). @param runs from the area's start */
    readonly cmaFree: (
      runs: readonly { readonly start: number; readonly length: number }[],
      free: number,
      total: number,
      config: ProfileConfig,
    ) => readonly LogText[];
    readonly cmaNotActivated: (area: string) => LogText;
    readonly cmaHeapRefused: (area: string) => LogText;
    readonly coherentPoolMade: (base: PhysAddr, size: bigint) => LogText;
    /** A pool whose bitmap cannot be allocated. */
    readonly coherentPoolFailed: (base: PhysAddr, size: bigint) => LogText;
    /** Absent: nothing is said. */
    readonly noReservedMemory?: LogText | undefined;
    readonly badCells: LogText;
    /** A `reg` that cannot be read. */
    readonly badReg?: ((node: string) => LogText) | undefined;
    readonly tooManyDynamic: (node: string) => LogText;
    /** Absent: nothing is said. */
    readonly severalRegPairs?: ((node: string, pairs: number) => LogText) | undefined;
    /** Of a node that `cma=` displaces. */
    readonly defaultCmaSkipped: (node: string) => LogText;
    readonly regionNotReserved: (region: NamedRegion) => LogText;
    readonly regionNotPlaced: (node: string, size: bigint) => LogText;
    /** A region that was set up: the line with its range. */
    readonly regionRange: (
      region: NamedRegion & { readonly noMap: boolean; readonly reusable: boolean },
    ) => LogText;
  };
}
