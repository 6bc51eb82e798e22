/**
 * arm64 with 48 bits of virtual and physical addresses: CONFIG_ARM64_VA_BITS_48, CONFIG_ARM64_PA_BITS_48.
 * Sizes from arch/arm64/Kconfig and arch/arm64/include/asm/ (Linux 7.3).
 */
import { formatPa, GiB, KiB, MiB, TiB, U64_MASK } from '../units.ts';
import type { Architecture } from './architecture.ts';

export const ARM64: Architecture = {
  name: 'arm64',
  pages: {
    4: {
      wordBits: 64,
      pageShift: 12,
      maxPageOrder: 10,
      sectionSize: 128n * MiB,
      tableSpans: [2n * MiB, GiB, 512n * GiB],
      memstartAlign: GiB,
      memmapBlock: 2n * MiB,
    },
    16: {
      wordBits: 64,
      pageShift: 14,
      maxPageOrder: 11,
      sectionSize: 128n * MiB,
      tableSpans: [32n * MiB, 64n * GiB, 128n * TiB],
      memstartAlign: GiB,
      memmapBlock: 16n * KiB,
    },
    64: {
      wordBits: 64,
      pageShift: 16,
      maxPageOrder: 13,
      sectionSize: 512n * MiB,
      tableSpans: [512n * MiB, 4n * TiB],
      memstartAlign: 512n * MiB,
      memmapBlock: 64n * KiB,
    },
  },
  defconfig: {},
  // Which of the architecture's Kconfig is no choice: SWIOTLB and SPARSEMEM are selected.
  fixedConfig: { CONFIG_SWIOTLB: true, CONFIG_SPARSEMEM: true, CONFIG_DMA_COHERENT_POOL: true },
  refusedConfig: {},
  deviceTree: true,
  // arch/arm64/include/uapi/asm/fcntl.h
  openFlags: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, O_DIRECT: 0o200000, O_LARGEFILE: 0o400000 },
  // include/uapi/asm-generic/stat.h
  stat: {
    size: 128,
    st_dev: [0, 8],
    st_ino: [8, 8],
    st_mode: [16, 4],
    st_nlink: [20, 4],
    st_uid: [24, 4],
    st_gid: [28, 4],
    st_rdev: [32, 8],
    st_size: [48, 8],
    st_blksize: [56, 4],
    st_blocks: [64, 8],
  },
  taskSize: 1n << 48n,
  readsExecOnly: true,
  protOfCpu: 0x30,
  physMax: U64_MASK,
  formatPa,
  physEnd: 1n << 48n,
  ioremapSaysWhy: true,
  dmaZone: 'devices',
  dma32End: 4n * GiB,
  early: {
    mem: 'total-and-image',
    memoryWords: [],
    firstPageLost: false,
    initrdOutside: 'becomes-ram',
    belowImage: 0n,
    blob: 'before-regions',
    defaultCmaEarly: () => false,
    defaultCmaLimit: 'dma-zone',
    linearMap: 'by-rodata',
    takenAtEnd: 0n,
    sectionRoots: 0n,
    efiRanges: true,
    coherentNeedsNoMap: false,
    atomicPools: () => 'by-zone',
    swiotlb: 'for-kmalloc',
    remapsCma: false,
  },
  iomem: {
    reserved: 'reserved',
    ram: 'pages',
    noMap: 'by-version',
    nested: true,
    outside: false,
    image: [
      { name: 'Kernel code', from: 0, to: 0x2d / 0x44 },
      { name: 'Kernel data', from: 0x33 / 0x44, to: 1 },
    ],
  },
  vmallocTotalKiB: 135_288_315_904,
  meminfoEnd: [],
  listsCmaPages: true,
  showsCmaLock: false,
  versionSizes: true,
};
