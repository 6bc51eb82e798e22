/**
 * 32-bit arm with 3 GiB for tasks and addresses of 32 bits: CONFIG_VMSPLIT_3G, no CONFIG_ARM_LPAE.
 * From arch/arm/Kconfig, arch/arm/include/ and arch/arm/mm/ (Linux 7.3).
 */
import { formatPa32, GiB, KiB, MiB, U32_MASK } from '../units.ts';
import type { Architecture } from './architecture.ts';

export const ARM: Architecture = {
  name: 'arm',
  pages: {
    4: {
      wordBits: 32,
      pageShift: 12,
      maxPageOrder: 10,
      sectionSize: 256n * MiB,
      tableSpans: [2n * MiB],
      memstartAlign: 2n * MiB,
      memmapBlock: 4n * KiB,
    },
  },
  defconfig: { CONFIG_CMA_SIZE_MBYTES: 64, CONFIG_CMA_AREAS: 8, CONFIG_SPARSEMEM: false },
  fixedConfig: {
    // Huge pages need LPAE; zones below lowmem belong to single machines.
    CONFIG_TRANSPARENT_HUGEPAGE: false,
    CONFIG_HUGETLBFS: false,
    CONFIG_ZONE_DMA: false,
    CONFIG_ZONE_DMA32: false,
    // Selected by LPAE.
    CONFIG_SWIOTLB: false,
  },
  refusedConfig: { CONFIG_ARM_LPAE: true },
  deviceTree: true,
  // arch/arm/include/uapi/asm/fcntl.h
  openFlags: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, O_DIRECT: 0o200000, O_LARGEFILE: 0o400000 },
  // arch/arm/include/uapi/asm/stat.h: struct stat64
  stat: {
    size: 104,
    st_dev: [0, 8],
    st_mode: [16, 4],
    st_nlink: [20, 4],
    st_uid: [24, 4],
    st_gid: [28, 4],
    st_rdev: [32, 8],
    st_size: [48, 8],
    st_blksize: [56, 4],
    st_blocks: [64, 8],
    st_ino: [96, 8],
  },
  taskSize: 3n * GiB - 16n * MiB,
  readsExecOnly: true,
  protOfCpu: 0,
  physMax: U32_MASK,
  formatPa: formatPa32,
  physEnd: 4n * GiB,
  // VMALLOC_END; the last that is free lies before PCI's ports.
  vmalloc: { linear: 3n * GiB, end: 0xfee0_0000n, maxAlign: 16n * MiB },
  ioremapSaysWhy: false,
  dma32End: 4n * GiB,
  // 1 GiB of addresses less 8 MiB at their end, 240 MiB of vmalloc() and a gap of 8 MiB before that.
  lowmem: 768n * MiB,
  early: {
    mem: 'replaces',
    memoryWords: ['vmalloc'],
    firstPageLost: false,
    initrdOutside: 'disabled',
    belowImage: 16n * KiB,
    blob: 'before-regions',
    defaultCmaEarly: () => true,
    defaultCmaLimit: 'ram',
    linearMap: 'none',
    takenAtEnd: 0n,
    sectionRoots: 0n,
    efiRanges: false,
    coherentNeedsNoMap: true,
    atomicPools: () => 'single',
    swiotlb: 'none',
    remapsCma: true,
  },
  iomem: {
    reserved: 'reserved',
    ram: 'bytes',
    noMap: 'hidden',
    nested: false,
    outside: false,
    image: [
      { name: 'Kernel code', from: 0, to: 0x2f8 / 0x499 },
      { name: 'Kernel data', from: 0x3f8 / 0x499, to: 1 },
    ],
  },
  // Where lowmem is full; with less RAM what lowmem does not take is added.
  vmallocTotalKiB: 245_760,
  meminfoEnd: [],
  structPage: 32n,
  listsCmaPages: true,
  showsCmaLock: false,
  versionSizes: false,
};
