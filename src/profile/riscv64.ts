/**
 * riscv64 with four levels of page tables (Sv48), which is what the recorded machine's CPU had.
 * From arch/riscv/Kconfig, arch/riscv/include/asm/ and arch/riscv/mm/init.c (Linux 7.3).
 */
import { formatPa, GiB, KiB, MiB, U64_MASK } from '../units.ts';
import type { Architecture } from './architecture.ts';
import { ARM64 } from './arm64.ts';

/** Shares of the recorded image: 12 MiB of which the last 2 MiB are filled up. */
const MIB = 1 / 12;
const KIB = MIB / 1024;

export const RISCV64: Architecture = {
  name: 'riscv64',
  pages: {
    4: {
      wordBits: 64,
      pageShift: 12,
      maxPageOrder: 10,
      sectionSize: 128n * MiB,
      tableSpans: [2n * MiB, GiB, 512n * GiB],
      memstartAlign: 2n * MiB,
      memmapBlock: 4n * KiB,
    },
  },
  defconfig: { CONFIG_CMA_SIZE_MBYTES: 16 },
  fixedConfig: { CONFIG_ZONE_DMA: false, CONFIG_SWIOTLB: true },
  refusedConfig: {},
  deviceTree: true,
  // include/uapi/asm-generic/fcntl.h
  openFlags: { O_DIRECT: 0o40000, O_LARGEFILE: 0o100000, O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 },
  // include/uapi/asm-generic/stat.h
  stat: ARM64.stat,
  taskSize: 1n << 47n,
  readsExecOnly: false,
  protOfCpu: 0,
  physMax: U64_MASK,
  formatPa,
  physEnd: 1n << 56n,
  ioremapSaysWhy: true,
  dma32End: 4n * GiB,
  early: {
    mem: 'total',
    memoryWords: [],
    firstPageLost: false,
    initrdOutside: 'disabled',
    belowImage: 0n,
    blob: 'after-regions',
    // Where the area comes before the zones, its place in setup_bootmem() has gone too.
    defaultCmaEarly: (linux) => !linux.defaultCmaFirst,
    defaultCmaLimit: 'dma32-zone',
    linearMap: 'largest-fit',
    takenAtEnd: 0n,
    // A pointer for each 256 sections of 2^56 bytes of addresses.
    sectionRoots: 16n * MiB,
    efiRanges: false,
    noEfi: [6, 'efi: UEFI not found.'],
    coherentNeedsNoMap: false,
    atomicPools: (config) => (config.CONFIG_RISCV_DMA_NONCOHERENT ? 'by-zone' : 'none'),
    swiotlb: 'for-kmalloc',
    remapsCma: false,
  },
  iomem: {
    reserved: 'Reserved',
    ram: 'pages',
    noMap: 'inward',
    nested: true,
    outside: true,
    image: [
      {
        name: 'Kernel image',
        from: 8 * KIB,
        to: 0xad2 * 4 * KIB,
        parts: [
          { name: 'Kernel code', from: 8 * KIB, to: 0x14e * 4 * KIB },
          { name: 'Kernel rodata', from: 6 * MIB, to: 8 * MIB },
          { name: 'Kernel data', from: 10 * MIB, to: 0xa95 * 4 * KIB },
          { name: 'Kernel bss', from: 0xa95 * 4 * KIB, to: 0xad2 * 4 * KIB },
        ],
      },
    ],
  },
  vmallocTotalKiB: 34_359_738_367,
  meminfoEnd: [],
  listsCmaPages: true,
  showsCmaLock: true,
  versionSizes: false,
};
