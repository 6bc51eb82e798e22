/**
 * x86_64 with four levels of page tables, booted by a BIOS: no device tree, memory as the e820 table has it.
 * From arch/x86/Kconfig, arch/x86/include/asm/ and arch/x86/kernel/setup.c (Linux 7.3).
 */
import { formatPa, GiB, KiB, MiB, U64_MASK } from '../units.ts';
import type { Architecture } from './architecture.ts';

export const X86_64: Architecture = {
  name: 'x86_64',
  pages: {
    4: {
      wordBits: 64,
      pageShift: 12,
      maxPageOrder: 10,
      sectionSize: 128n * MiB,
      tableSpans: [2n * MiB, GiB, 512n * GiB],
      memstartAlign: 2n * MiB,
      memmapBlock: 2n * MiB,
    },
  },
  defconfig: { CONFIG_CMA_SIZE_MBYTES: 0, CONFIG_CMA_SIZE_PERCENTAGE: 0, CONFIG_DMA_COHERENT_POOL: false },
  fixedConfig: { CONFIG_SWIOTLB: true },
  refusedConfig: {},
  deviceTree: false,
  // include/uapi/asm-generic/fcntl.h
  openFlags: { O_DIRECT: 0o40000, O_LARGEFILE: 0o100000, O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 },
  // arch/x86/include/uapi/asm/stat.h
  stat: {
    size: 144,
    st_dev: [0, 8],
    st_ino: [8, 8],
    st_nlink: [16, 8],
    st_mode: [24, 4],
    st_uid: [28, 4],
    st_gid: [32, 4],
    st_rdev: [40, 8],
    st_size: [48, 8],
    st_blksize: [56, 8],
    st_blocks: [64, 8],
  },
  taskSize: (1n << 47n) - 4n * KiB,
  readsExecOnly: false,
  protOfCpu: 0,
  physMax: U64_MASK,
  formatPa,
  physEnd: 1n << 52n,
  ioremapSaysWhy: true,
  dmaZone: 16n * MiB,
  dma32End: 4n * GiB,
  early: {
    mem: 'address',
    memoryWords: ['disable_mtrr_trim', 'mem_encrypt'],
    firstPageLost: true,
    initrdOutside: 'disabled',
    belowImage: 0n,
    blob: 'before-regions',
    defaultCmaEarly: () => false,
    defaultCmaLimit: 'ram',
    linearMap: 'none',
    // Page tables, a node's data or a moved initrd: less than 2 MiB, so that it decides only where RAM ends evenly.
    takenAtEnd: 4n * KiB,
    sectionRoots: 0n,
    efiRanges: false,
    coherentNeedsNoMap: false,
    atomicPools: (config) => (config.CONFIG_DMA_COHERENT_POOL ? 'by-zone' : 'none'),
    swiotlb: 'to-bounce',
    remapsCma: false,
  },
  iomem: {
    reserved: 'Reserved',
    ram: 'firmware',
    noMap: 'by-version',
    nested: false,
    outside: false,
    image: [
      { name: 'Kernel code', from: 0, to: 0x198 / 0x4c1 },
      { name: 'Kernel rodata', from: 0x200 / 0x4c1, to: 0x2a4 / 0x4c1 },
      { name: 'Kernel data', from: 0x400 / 0x4c1, to: 1 },
    ],
  },
  vmallocTotalKiB: 34_359_738_367,
  meminfoEnd: ['DirectMap4k', 'DirectMap2M'],
  listsCmaPages: false,
  showsCmaLock: false,
  versionSizes: false,
};
