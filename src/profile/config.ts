/** The options of a kernel's configuration that the model reads, and how they are overridden. */

/** The configuration options that the model reads, with their .config names. */
export interface ProfileConfig {
  /** Without it no CMA area is made, by the device tree, `cma=` or the configuration, and there is no CMA heap. */
  readonly CONFIG_DMA_CMA: boolean;
  /** Size of the default CMA area in MiB when neither `cma=` nor the device tree gives one. */
  readonly CONFIG_CMA_SIZE_MBYTES: number;
  /** The same in percent of all RAM. */
  readonly CONFIG_CMA_SIZE_PERCENTAGE: number;
  /** Which of the two counts: one of four. */
  readonly CONFIG_CMA_SIZE_SEL_MBYTES: boolean;
  readonly CONFIG_CMA_SIZE_SEL_PERCENTAGE: boolean;
  readonly CONFIG_CMA_SIZE_SEL_MIN: boolean;
  readonly CONFIG_CMA_SIZE_SEL_MAX: boolean;
  /** The largest alignment order that an allocation asks CMA for. */
  readonly CONFIG_CMA_ALIGNMENT: number;
  /** How many CMA areas there can be. */
  readonly CONFIG_CMA_AREAS: number;
  readonly CONFIG_ZONE_DMA: boolean;
  readonly CONFIG_ZONE_DMA32: boolean;
  /** Huge pages make the pageblock 2 MiB; without them it is the largest buddy block, 4 MiB. */
  readonly CONFIG_TRANSPARENT_HUGEPAGE: boolean;
  /** The same for pages of hugetlbfs. */
  readonly CONFIG_HUGETLBFS: boolean;
  /** The order of the largest buddy block; 0 is the architecture's own for its pages. */
  readonly CONFIG_ARCH_FORCE_MAX_ORDER: number;
  /** Linux 6.18 on: the order of the largest pageblock; 0 is that of the largest buddy block. */
  readonly CONFIG_PAGE_BLOCK_MAX_ORDER: number;
  /** Bits of a virtual address: with 39 the linear map has one level of tables less. 52 is 48 where the CPU has no LVA. */
  readonly CONFIG_ARM64_VA_BITS: number;
  /** Bounce buffers; which architecture has them is not a choice. */
  readonly CONFIG_SWIOTLB: boolean;
  /** EFI boots get 1024 ranges in memblock's memory array instead of 128. */
  readonly CONFIG_EFI: boolean;
  /** The linear map is made of pages, not blocks, up to Linux 6.12: what `rodata=` means without a word. */
  readonly CONFIG_RODATA_FULL_DEFAULT_ENABLED: boolean;
  /** Up to Linux 6.6: whether a failed CMA allocation tells what is free. */
  readonly CONFIG_CMA_DEBUG: boolean;
  /** The folders of CMA areas in debugfs and in sysfs. */
  readonly CONFIG_CMA_DEBUGFS: boolean;
  readonly CONFIG_CMA_SYSFS: boolean;
  /** Linux 6.18: the default CMA area's heap under its own name too. */
  readonly CONFIG_DMABUF_HEAPS_CMA_LEGACY: boolean;
  /** 32-bit arm: whether RAM beyond the linear map is used. */
  readonly CONFIG_HIGHMEM: boolean;
  /** 32-bit arm: addresses of 40 bits. */
  readonly CONFIG_ARM_LPAE: boolean;
  /** The memory map in sections, not flat. */
  readonly CONFIG_SPARSEMEM: boolean;
  /** riscv64: whether text and read-only data are mapped by tables of their own. */
  readonly CONFIG_STRICT_KERNEL_RWX: boolean;
  /** riscv64: whether there may be devices that do not see the CPU's caches; they need atomic pools. */
  readonly CONFIG_RISCV_DMA_NONCOHERENT: boolean;
  /** x86_64: atomic pools, which memory encryption brings. */
  readonly CONFIG_DMA_COHERENT_POOL: boolean;
  /** Linux 5.15 on: `restricted-dma-pool` regions hold all that their devices allocate. */
  readonly CONFIG_DMA_RESTRICTED_POOL: boolean;
  /** Whether an IOMMU can stand before a device: without it `iommus` means nothing. */
  readonly CONFIG_IOMMU_SUPPORT: boolean;
  /** Up to Linux 6.3: the allocator of the smallest kernels, with which a struct page has 56 bytes. */
  readonly CONFIG_SLOB: boolean;
  /** Control groups that account memory. */
  readonly CONFIG_MEMCG: boolean;
  /** The same for regions of device memory. */
  readonly CONFIG_CGROUP_DMEM: boolean;
  /** DRM devices without hardware, which import buffers. */
  readonly CONFIG_DRM_VGEM: boolean;
  readonly CONFIG_DRM_VKMS: boolean;
  readonly CONFIG_DMABUF_HEAPS_SYSTEM: boolean;
  readonly CONFIG_DMABUF_HEAPS_CMA: boolean;
  readonly CONFIG_DMABUF_HEAPS_COHERENT: boolean;
}

export type ConfigKey = keyof ProfileConfig;

/** The options of arm64's defconfig; an architecture says what its own has otherwise. */
export const DEFCONFIG: ProfileConfig = {
  CONFIG_DMA_CMA: true,
  CONFIG_CMA_SIZE_MBYTES: 32,
  CONFIG_CMA_SIZE_PERCENTAGE: 10,
  CONFIG_CMA_SIZE_SEL_MBYTES: true,
  CONFIG_CMA_SIZE_SEL_PERCENTAGE: false,
  CONFIG_CMA_SIZE_SEL_MIN: false,
  CONFIG_CMA_SIZE_SEL_MAX: false,
  CONFIG_CMA_ALIGNMENT: 8,
  CONFIG_CMA_AREAS: 20,
  CONFIG_ZONE_DMA: true,
  CONFIG_ZONE_DMA32: true,
  CONFIG_TRANSPARENT_HUGEPAGE: true,
  CONFIG_HUGETLBFS: true,
  CONFIG_ARCH_FORCE_MAX_ORDER: 0,
  CONFIG_PAGE_BLOCK_MAX_ORDER: 0,
  CONFIG_ARM64_VA_BITS: 48,
  CONFIG_SWIOTLB: true,
  CONFIG_EFI: true,
  CONFIG_RODATA_FULL_DEFAULT_ENABLED: true,
  CONFIG_CMA_DEBUG: false,
  CONFIG_CMA_DEBUGFS: true,
  CONFIG_CMA_SYSFS: true,
  CONFIG_HIGHMEM: true,
  CONFIG_ARM_LPAE: false,
  CONFIG_SPARSEMEM: true,
  CONFIG_STRICT_KERNEL_RWX: true,
  CONFIG_RISCV_DMA_NONCOHERENT: true,
  CONFIG_DMA_COHERENT_POOL: true,
  CONFIG_DMA_RESTRICTED_POOL: true,
  CONFIG_IOMMU_SUPPORT: true,
  CONFIG_SLOB: false,
  CONFIG_MEMCG: true,
  CONFIG_CGROUP_DMEM: false,
  CONFIG_DRM_VGEM: false,
  CONFIG_DRM_VKMS: false,
  CONFIG_DMABUF_HEAPS_SYSTEM: true,
  CONFIG_DMABUF_HEAPS_CMA: true,
  CONFIG_DMABUF_HEAPS_COHERENT: true,
  CONFIG_DMABUF_HEAPS_CMA_LEGACY: true,
};

/** The largest sensible value of each numeric option; the options' own ranges in Kconfig. */
const RANGES: Readonly<Partial<Record<ConfigKey, readonly [min: number, max: number]>>> = {
  CONFIG_CMA_SIZE_MBYTES: [0, 1 << 20],
  CONFIG_CMA_SIZE_PERCENTAGE: [0, 100],
  CONFIG_CMA_ALIGNMENT: [2, 12],
  CONFIG_CMA_AREAS: [1, 128],
  CONFIG_ARCH_FORCE_MAX_ORDER: [0, 15],
  CONFIG_PAGE_BLOCK_MAX_ORDER: [0, 15],
  CONFIG_ARM64_VA_BITS: [36, 52],
};

/** What is wrong with an option that was given. */
export interface ConfigProblem {
  readonly key: string;
  /** `not-there`: the kernel that is spoken for has no such option, or not in that state. */
  readonly problem: 'unknown' | 'not-boolean' | 'not-number' | 'out-of-range' | 'not-modelled' | 'not-there';
  readonly expected: string;
  /** Why it is not there, as a sentence's end. */
  readonly why?: string;
}

/** The options that can be overridden. */
export const configKeys = (): readonly ConfigKey[] => Object.keys(DEFCONFIG) as ConfigKey[];

/** Reads an option's value as in .config. */
export function readOption(key: ConfigKey, value: unknown): boolean | number | ConfigProblem {
  if (typeof DEFCONFIG[key] === 'boolean') {
    if (value === true || value === 'y') return true;
    if (value === false || value === 'n') return false;
    return { key, problem: 'not-boolean', expected: 'y or n' };
  }
  const [min, max] = RANGES[key] ?? [0, Number.MAX_SAFE_INTEGER];
  const number = typeof value === 'string' && /^(0x[0-9a-f]+|[0-9]+)$/i.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    return { key, problem: 'not-number', expected: `a number from ${min} to ${max}` };
  }
  if (number < min || number > max) {
    return { key, problem: 'out-of-range', expected: `a number from ${min} to ${max}` };
  }
  return number;
}
