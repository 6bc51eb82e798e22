/**
 * Which Linux is spoken for: version, architecture, page size, configuration and the state of the coherent heap
 * series. Nothing below this room asks which version or architecture it is: it asks for what differs.
 */
import type { Architecture, PageKiB } from './architecture.ts';
import { ARM64 } from './arm64.ts';
import { type Geometry, type GeometrySizes, makeGeometry } from './geometry.ts';
import { LINUX_7_3 } from './linux-7.3.ts';
import type { LinuxVersion } from './linux-version.ts';

/** The configuration options that the model reads, with their .config names. */
export interface ProfileConfig {
  /** Size of the default CMA area in MiB when neither `cma=` nor the device tree gives one. */
  readonly CONFIG_CMA_SIZE_MBYTES: number;
  /** The largest alignment order that an allocation asks CMA for. */
  readonly CONFIG_CMA_ALIGNMENT: number;
  /** How many CMA areas there can be. */
  readonly CONFIG_CMA_AREAS: number;
  readonly CONFIG_ZONE_DMA: boolean;
  readonly CONFIG_ZONE_DMA32: boolean;
  /** Huge pages make the pageblock 2 MiB; without them it is the largest buddy block, 4 MiB. */
  readonly CONFIG_TRANSPARENT_HUGEPAGE: boolean;
  /** EFI boots get 1024 ranges in memblock's memory array instead of 128. */
  readonly CONFIG_EFI: boolean;
  readonly CONFIG_DMABUF_HEAPS_SYSTEM: boolean;
  readonly CONFIG_DMABUF_HEAPS_CMA: boolean;
  readonly CONFIG_DMABUF_HEAPS_COHERENT: boolean;
}

export type ConfigKey = keyof ProfileConfig;

export interface Profile {
  readonly linux: LinuxVersion;
  readonly arch: Architecture;
  /** Its pages and what follows from their size. */
  readonly geometry: Geometry;
  readonly coherent_series: 'v3' | 'off';
  readonly config: ProfileConfig;
  /** Where the configuration comes from: `arm64 defconfig`, or the changed options. */
  readonly configName: string;
}

/** The options of arm64's defconfig. */
const DEFCONFIG: ProfileConfig = {
  CONFIG_CMA_SIZE_MBYTES: 32,
  CONFIG_CMA_ALIGNMENT: 8,
  CONFIG_CMA_AREAS: 20,
  CONFIG_ZONE_DMA: true,
  CONFIG_ZONE_DMA32: true,
  CONFIG_TRANSPARENT_HUGEPAGE: true,
  CONFIG_EFI: true,
  CONFIG_DMABUF_HEAPS_SYSTEM: true,
  CONFIG_DMABUF_HEAPS_CMA: true,
  CONFIG_DMABUF_HEAPS_COHERENT: true,
};

/** The largest sensible value of each numeric option; the options' own ranges in Kconfig. */
const RANGES: Readonly<Partial<Record<ConfigKey, readonly [min: number, max: number]>>> = {
  CONFIG_CMA_SIZE_MBYTES: [0, 1 << 20],
  CONFIG_CMA_ALIGNMENT: [2, 12],
  CONFIG_CMA_AREAS: [1, 128],
};

/** What is wrong with a configuration override. */
export interface ConfigProblem {
  readonly key: string;
  readonly problem: 'unknown' | 'not-boolean' | 'not-number' | 'out-of-range';
  readonly expected: string;
}

/** The options that can be overridden. */
export const configKeys = (): readonly ConfigKey[] => Object.keys(DEFCONFIG) as ConfigKey[];

function readOption(key: ConfigKey, value: unknown): boolean | number | ConfigProblem {
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

/**
 * The profile of Linux 7.3 on arm64 with overrides.
 *
 * @param overrides option names with values as in .config (`y`, `n`, numbers)
 * @param pageKiB the page size that the kernel was built with
 * @returns the profile and what was wrong with the overrides; those are left out
 */
export function profileOf(
  coherent: 'v3' | 'off' = 'v3',
  overrides: Readonly<Record<string, unknown>> = {},
  pageKiB: PageKiB = 4,
): { profile: Profile; problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const changed: Record<string, boolean | number> = {};
  for (const [key, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(DEFCONFIG, key)) {
      problems.push({ key, problem: 'unknown', expected: configKeys().join(', ') });
      continue;
    }
    const option = readOption(key as ConfigKey, value);
    if (typeof option === 'object') problems.push(option);
    else if (option !== DEFCONFIG[key as ConfigKey]) changed[key] = option;
  }
  const differs = Object.keys(changed);
  if (pageKiB !== 4) differs.push(`${pageKiB} KiB pages`);
  const configName = `arm64 defconfig${differs.length === 0 ? '' : ` but ${differs.join(', ')}`}`;
  const config = { ...DEFCONFIG, ...changed };
  const names = { linux: LINUX_7_3.name, arch: ARM64.name, pageKiB, coherent_series: coherent };
  return { profile: namedProfile({ ...names, config, configName }), problems };
}

/** What names a profile: plain data, from which it is made again. */
export interface ProfileNames extends Pick<Profile, 'coherent_series' | 'config' | 'configName'> {
  /** The version people say: `7.3`. */
  readonly linux: string;
  readonly arch: string;
  readonly pageKiB: PageKiB;
}

const VERSIONS: readonly LinuxVersion[] = [LINUX_7_3];
const ARCHITECTURES: readonly Architecture[] = [ARM64];

/** The architecture that a boot gets. */
export const DEFAULT_ARCHITECTURE = ARM64.name;

/** Made once for each page size, when first asked for. */
const geometries = new Map<GeometrySizes, Geometry>();

function geometryFor(sizes: GeometrySizes): Geometry {
  const known = geometries.get(sizes);
  if (known !== undefined) return known;
  const geometry = makeGeometry(sizes);
  geometries.set(sizes, geometry);
  return geometry;
}

/** The profile of those names. @throws Error when there is no such version or architecture, or it has no such pages */
export function namedProfile({ linux: version, arch: name, pageKiB, ...rest }: ProfileNames): Profile {
  const linux = VERSIONS.find((known) => known.name === version);
  const arch = ARCHITECTURES.find((known) => known.name === name);
  const sizes = arch?.pages[pageKiB];
  if (linux === undefined) throw new Error(`no Linux ${version}`);
  if (arch === undefined || sizes === undefined) throw new Error(`no ${name} with pages of ${pageKiB} KiB`);
  return { ...rest, linux, arch, geometry: geometryFor(sizes) };
}

/** The names from which `namedProfile` makes an equal profile. */
export function profileNames({ linux, arch, geometry, ...rest }: Profile): ProfileNames {
  return { ...rest, linux: linux.name, arch: arch.name, pageKiB: (geometry.pageSize / 1024) as PageKiB };
}

/**
 * The unit of CMA alignment in bytes: CMA_MIN_ALIGNMENT_BYTES. Huge pages make it what a PMD maps, within the
 * largest buddy block; without them it is that block.
 */
export function pageblockBytes({ linux, config, geometry }: Profile): bigint {
  const block = geometry.pagesToBytes(2 ** geometry.maxPageOrder);
  const [pmd] = geometry.tableSpans;
  return linux.hugePageblocks(config) && pmd < block ? pmd : block;
}

/** Whether coherent pools become heaps. */
export const hasCoherentHeaps = (profile: Profile): boolean =>
  profile.coherent_series !== 'off' && profile.config.CONFIG_DMABUF_HEAPS_COHERENT;

/** The line that says which Linux is spoken for. */
export function banner(profile: Profile): string {
  const series =
    profile.coherent_series === 'off'
      ? 'no coherent heaps'
      : `coherent heap series ${profile.coherent_series} (not mainline)`;
  const cma = `CMA ${profile.config.CONFIG_CMA_SIZE_MBYTES} MiB (${profile.configName})`;
  return `Linux ${profile.linux.name}, ${series}, ${cma}`;
}
