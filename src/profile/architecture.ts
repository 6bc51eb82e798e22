/** What differs between architectures, as values. One file an architecture stands beside this one. */
import type { ArchOpenFlags } from '../uapi/fcntl.ts';
import type { StatLayout } from '../uapi/stat.ts';
import type { PhysAddr } from '../units.ts';
import type { ConfigKey, ProfileConfig } from './config.ts';
import type { GeometrySizes } from './geometry.ts';
import type { FormatPa, LinuxVersion, LogText } from './linux-version.ts';

/** A page size in KiB, as CONFIG_ARM64_4K_PAGES and its kin choose it. */
export type PageKiB = 4 | 16 | 64;

/** A part of the kernel image that /proc/iomem shows: where it begins and ends, in shares of the image. */
export interface ImagePart {
  readonly name: 'Kernel image' | 'Kernel code' | 'Kernel rodata' | 'Kernel data' | 'Kernel bss';
  readonly from: number;
  readonly to: number;
  /** Parts of this part. */
  readonly parts?: readonly ImagePart[];
}

/** Where the setup_arch() of architectures differ in what they do to memory, and when. */
export interface EarlyRules {
  /** What `mem=SIZE` does. */
  readonly mem: /** Cuts RAM where the total from the bottom is SIZE, but for the image. */
    | 'total-and-image'
    /** Cuts RAM and what is reserved by then where the total from the bottom is SIZE. */
    | 'total'
    /** The first replaces all RAM, from its start or from where `SIZE@START` says; more words add more. */
    | 'replaces'
    /** Cuts RAM at the address SIZE. */
    | 'address';
  /** Words of the command line that change memory here and not elsewhere, and are not followed. */
  readonly memoryWords: readonly string[];
  /** Whether RAM ends below the first 4 KiB, which belong to firmware. */
  readonly firstPageLost: boolean;
  /** An initrd outside of RAM makes RAM of where it lies, or is disabled. */
  readonly initrdOutside: 'becomes-ram' | 'disabled';
  /** Bytes below the image that its first page tables lie in. */
  readonly belowImage: bigint;
  /** Whether the device tree's blob is reserved before the tree's regions or after them. */
  readonly blob: 'before-regions' | 'after-regions';
  /** Whether the default area is placed before static regions get their handlers, and before page tables are taken. */
  readonly defaultCmaEarly: (linux: LinuxVersion) => boolean;
  /** The end of the default area, where `cma=` has none: that of a zone, or of RAM. */
  readonly defaultCmaLimit: 'dma-zone' | 'dma32-zone' | 'ram';
  /** The tables of the linear map. */
  readonly linearMap: /** By pages or by blocks, as `rodata=` has it. */
    | 'by-rodata'
    /** By the largest block that fits, with tables of its own for the image. */
    | 'largest-fit'
    /** None that decides anything: they lie in the image, or nothing is placed after them. */
    | 'none';
  /** Bytes that boot has taken at the end of RAM before the default area is placed; source only. */
  readonly takenAtEnd: bigint;
  /** Bytes that the roots of the sections take, where the version does not say. */
  readonly sectionRoots: bigint;
  /** Whether an EFI kernel has room for 1024 ranges of memory before the arrays can grow. */
  readonly efiRanges: boolean;
  /** What a kernel with EFI says that finds none. */
  readonly noEfi?: LogText;
  /** Whether a coherent pool must be `no-map`. */
  readonly coherentNeedsNoMap: boolean;
  /** The atomic pools: one for each zone that has pages, a single one of its own, or none. */
  readonly atomicPools: (config: ProfileConfig) => 'by-zone' | 'single' | 'none';
  /** Bounce buffers: for unaligned kmalloc() too, only where RAM ends above ZONE_DMA32, or none. */
  readonly swiotlb: 'for-kmalloc' | 'to-bounce' | 'none';
  /** Whether a CMA region below the end of lowmem is mapped anew, which kills a boot that never ends if regions overlap. */
  readonly remapsCma: boolean;
}

/** What /proc/iomem shows of memory. */
export interface IomemRules {
  /** The name of what is not RAM to use. */
  readonly reserved: 'reserved' | 'Reserved';
  /** RAM inward to whole pages; to the byte; or as firmware gave it. */
  readonly ram: 'pages' | 'bytes' | 'firmware';
  /** How no-map ranges lie at the top level: as the version rounds them, inward to pages, or not at all. */
  readonly noMap: 'by-version' | 'inward' | 'hidden';
  /** Whether what is reserved is nested below. */
  readonly nested: boolean;
  /** Whether what is reserved outside of RAM has a line of its own. */
  readonly outside: boolean;
  /** The parts of the image: as of a recorded one. What a board's has is not known. */
  readonly image: readonly ImagePart[];
}

export interface Architecture {
  readonly name: string;
  /** The page sizes that the kernel can be built with. */
  readonly pages: Readonly<Partial<Record<PageKiB, GeometrySizes>>>;
  /** What its defconfig has otherwise than arm64's. */
  readonly defconfig: Partial<ProfileConfig>;
  /** Options that it does not have, or that the model has in one state: their value, whatever is asked for. */
  readonly fixedConfig: Partial<ProfileConfig>;
  /** Options in a state that nothing was recorded of, and that would change much: refused by name. */
  readonly refusedConfig: Readonly<Partial<Record<ConfigKey, boolean>>>;
  /** Whether the board is described by a device tree; else by what firmware says of memory. */
  readonly deviceTree: boolean;
  /** The numbers of the open flags that no two architectures agree on. */
  readonly openFlags: ArchOpenFlags;
  /** struct stat. */
  readonly stat: StatLayout;
  /** TASK_SIZE: the end of a task's addresses. */
  readonly taskSize: bigint;
  /** Whether what a task may only execute it can read as well; where it depends on the CPU, false: not modelled. */
  readonly readsExecOnly: boolean;
  /** Bits of mprotect's protection that only some of its CPUs know: PROT_BTI, PROT_MTE. */
  readonly protOfCpu: number;
  /** The highest value of phys_addr_t. */
  readonly physMax: PhysAddr;
  readonly formatPa: FormatPa;
  /** The end of physical addresses that ioremap() takes: PHYS_MASK + 1. */
  readonly physEnd: PhysAddr;
  /**
   * Where the kernel maps what it maps by vmalloc(), if that is so small that pools may not fit: the address of the first
   * byte of RAM, the end, and the largest alignment of a mapping.
   */
  readonly vmalloc?: { readonly linear: bigint; readonly end: bigint; readonly maxAlign: bigint };
  /** Whether mapping RAM uncached says why it is refused. */
  readonly ioremapSaysWhy: boolean;
  /** The end of ZONE_DMA: where the devices' reach ends, or an address; absent: there is no such zone. */
  readonly dmaZone?: 'devices' | PhysAddr;
  /** The end of ZONE_DMA32, and of ZONE_DMA where no device asks for less. */
  readonly dma32End: PhysAddr;
  /** Bytes from the start of RAM that the linear map has room for; the rest is HighMem. Absent: all. */
  readonly lowmem?: bigint;
  readonly early: EarlyRules;
  readonly iomem: IomemRules;
  /** VMALLOC_TOTAL as /proc/meminfo has it, KiB, where the version does not say. */
  readonly vmallocTotalKiB: number;
  /** The last lines of /proc/meminfo: arch_report_meminfo(). */
  readonly meminfoEnd: readonly string[];
  /** sizeof(struct page), where it is not the version's. */
  readonly structPage?: bigint;
  /** Whether pages of CMA areas were seen to lie on per-CPU lists. */
  readonly listsCmaPages: boolean;
  /**
   * Whether an area's `order_per_bit` in debugfs shows the lock behind it: debugfs reads 64 bits of a field of 32, and a
   * ticket lock counts how often it was taken.
   */
  readonly showsCmaLock: boolean;
  /** Whether the sizes that versions have are of this architecture: sections, VMALLOC_TOTAL. */
  readonly versionSizes: boolean;
}
