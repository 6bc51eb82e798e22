/** Configurations that people run, as far as their files say what changes answers; `source` says which file. */
import type { PageKiB } from './architecture.ts';

export interface Preset {
  readonly name: string;
  /** Whose kernels have it. */
  readonly title: string;
  /** Where the values stand. */
  readonly source: string;
  readonly pageKiB?: PageKiB;
  readonly options: Readonly<Record<string, boolean | number>>;
}

export const PRESETS: readonly Preset[] = [
  {
    name: 'defconfig',
    title: "arm64's defconfig, which up to 6.18 has no heap and in 7.3 has them as modules",
    source: 'arch/arm64/configs/defconfig',
    options: {
      CONFIG_DMABUF_HEAPS_SYSTEM: false,
      CONFIG_DMABUF_HEAPS_CMA: false,
      CONFIG_DMABUF_HEAPS_COHERENT: false,
    },
  },
  {
    name: 'debian',
    title: "Debian's arm64 kernels up to 7.1",
    source: 'debian/config/arm64/config of the linux source package',
    options: { CONFIG_CMA_SIZE_MBYTES: 64 },
  },
  {
    name: 'rpi',
    title: 'Raspberry Pi 5: 16 KiB pages',
    source: "arch/arm64/configs/bcm2712_defconfig of the vendor's tree",
    pageKiB: 16,
    options: { CONFIG_CMA_AREAS: 7, CONFIG_CMA_SIZE_MBYTES: 5, CONFIG_ARM64_VA_BITS: 47 },
  },
  {
    name: 'android-gki',
    title: "Android's generic kernel image 6.1: its heaps come as modules of the vendor",
    source: 'arch/arm64/configs/gki_defconfig of the common kernel',
    options: {
      CONFIG_CMA_AREAS: 32,
      CONFIG_CMA_SIZE_MBYTES: 16,
      CONFIG_ZONE_DMA: false,
      CONFIG_HUGETLBFS: false,
      CONFIG_ARM64_VA_BITS: 48,
    },
  },
];
