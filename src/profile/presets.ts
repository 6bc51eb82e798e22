/** Configurations that people run, as far as their files say what changes answers; `source` says which file. */
import type { PageKiB } from './architecture.ts';

/** A value as in .config. */
type Options = Readonly<Record<string, boolean | number | 'm'>>;

/** What a preset has otherwise from a release on. */
export interface PresetRow {
  readonly since: string;
  readonly source: string;
  readonly options: Options;
}

export interface Preset {
  readonly name: string;
  /** Whose kernels have it. */
  readonly title: string;
  readonly arch: string;
  /** Where the values stand. */
  readonly source: string;
  readonly pageKiB?: PageKiB;
  readonly options: Options;
  /** By release, the oldest first; a kernel has the last that is not newer than itself. */
  readonly rows?: readonly PresetRow[];
}

const NO_HEAPS: Options = {
  CONFIG_DMABUF_HEAPS_SYSTEM: false,
  CONFIG_DMABUF_HEAPS_CMA: false,
  CONFIG_DMABUF_HEAPS_COHERENT: false,
};

export const PRESETS: readonly Preset[] = [
  {
    name: 'defconfig',
    title: "arm64's defconfig, which up to 6.18 has no heap and in 7.3 has them as modules",
    arch: 'arm64',
    source: 'arch/arm64/configs/defconfig of each release',
    options: { ...NO_HEAPS, CONFIG_NUMA: true },
    rows: [
      {
        since: '7.3',
        source: 'arch/arm64/configs/defconfig of 7.3',
        options: { CONFIG_DMABUF_HEAPS_SYSTEM: 'm', CONFIG_DMABUF_HEAPS_CMA: 'm' },
      },
    ],
  },
  {
    name: 'debian',
    title: "Debian's arm64 kernels, which have no heaps as far as they were looked at (6.1, 6.12)",
    arch: 'arm64',
    source: '/boot/config-* of linux-image-arm64',
    options: {
      ...NO_HEAPS,
      CONFIG_CMA_SIZE_MBYTES: 64,
      CONFIG_CMA_AREAS: 19,
      CONFIG_CMA_DEBUGFS: false,
      CONFIG_CMA_SYSFS: false,
      CONFIG_NUMA: true,
    },
    rows: [
      {
        since: '6.1',
        source: '/boot/config-6.1.0-50-arm64 of Debian 12 (6.1.176-1)',
        options: { CONFIG_ARM64_VA_BITS: 48 },
      },
      {
        since: '6.12',
        source: '/boot/config-6.12.117+deb13-arm64 of Debian 13 (6.12.117-1)',
        options: { CONFIG_CMA_AREAS: 20, CONFIG_ARM64_VA_BITS: 52 },
      },
      {
        since: '7.2',
        source: "the changelog of Debian's linux 7.2 (the size; all else as 6.12)",
        options: { CONFIG_CMA_SIZE_MBYTES: 128, CONFIG_CMA_AREAS: 20, CONFIG_ARM64_VA_BITS: 52 },
      },
    ],
  },
  {
    name: 'rpi',
    title: 'Raspberry Pi 5: 16 KiB pages, no huge pages, the system and CMA heaps built in',
    arch: 'arm64',
    source: 'arch/arm64/configs/bcm2712_defconfig of raspberrypi/linux',
    pageKiB: 16,
    options: {
      CONFIG_CMA_AREAS: 7,
      CONFIG_CMA_SIZE_MBYTES: 5,
      CONFIG_ARM64_VA_BITS: 47,
      CONFIG_TRANSPARENT_HUGEPAGE: false,
      CONFIG_HUGETLBFS: false,
      CONFIG_DMABUF_HEAPS_SYSTEM: true,
      CONFIG_DMABUF_HEAPS_CMA: true,
      CONFIG_DMABUF_HEAPS_COHERENT: false,
      CONFIG_NUMA: true,
    },
  },
  {
    name: 'android-gki',
    title: "Android's generic kernel image: its heaps come as modules of the vendor",
    arch: 'arm64',
    source: 'arch/arm64/configs/gki_defconfig of the common kernel, android14-6.1',
    options: {
      CONFIG_CMA_AREAS: 32,
      CONFIG_CMA_SIZE_MBYTES: 16,
      CONFIG_ZONE_DMA: false,
      CONFIG_HUGETLBFS: false,
      CONFIG_ARM64_VA_BITS: 48,
      CONFIG_DMABUF_HEAPS_SYSTEM: 'm',
      CONFIG_DMABUF_HEAPS_CMA: 'm',
      CONFIG_DMABUF_HEAPS_COHERENT: false,
    },
  },
];

/** The names of the presets. */
export const presetNames = (): readonly string[] => PRESETS.map(({ name }) => name);

export const presetOf = (name: string): Preset | undefined => PRESETS.find((preset) => preset.name === name);

const isNotNewer = (since: string, release: string): boolean => {
  const [major = 0, minor = 0] = since.split('.').map(Number);
  const [ofMajor = 0, ofMinor = 0] = release.split('.').map(Number);
  return major < ofMajor || (major === ofMajor && minor <= ofMinor);
};

/** What a preset has for a release, and the file that says so. */
export function presetFor(
  preset: Preset,
  release: string,
): { readonly options: Options; readonly source: string } {
  const row = preset.rows?.findLast(({ since }) => isNotNewer(since, release));
  return { options: { ...preset.options, ...row?.options }, source: row?.source ?? preset.source };
}
