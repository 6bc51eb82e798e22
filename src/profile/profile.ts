/**
 * Which Linux is spoken for: version, page sizes, configuration and the state of the coherent heap series.
 * Data only; nothing below this room reads a version number.
 */
import { MiB } from '../units.ts';

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
  /** The version people say: `7.3`. */
  readonly linux: string;
  readonly arch: 'arm64';
  readonly coherent_series: 'v3' | 'off';
  readonly config: ProfileConfig;
  /** Where the configuration comes from: `arm64 defconfig`, or the changed options. */
  readonly configName: string;
}

/** Linux 7.3 with the options of arm64's defconfig. */
const LINUX_7_3: Profile = {
  linux: '7.3',
  arch: 'arm64',
  coherent_series: 'v3',
  config: {
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
  },
  configName: 'arm64 defconfig',
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
export const configKeys = (): readonly ConfigKey[] => Object.keys(LINUX_7_3.config) as ConfigKey[];

function readOption(key: ConfigKey, value: unknown): boolean | number | ConfigProblem {
  if (typeof LINUX_7_3.config[key] === 'boolean') {
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
 * @returns the profile and what was wrong with the overrides; those are left out
 */
export function profileOf(
  coherent: 'v3' | 'off' = 'v3',
  overrides: Readonly<Record<string, unknown>> = {},
): { profile: Profile; problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const changed: Record<string, boolean | number> = {};
  for (const [key, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(LINUX_7_3.config, key)) {
      problems.push({ key, problem: 'unknown', expected: configKeys().join(', ') });
      continue;
    }
    const option = readOption(key as ConfigKey, value);
    if (typeof option === 'object') problems.push(option);
    else if (option !== LINUX_7_3.config[key as ConfigKey]) changed[key] = option;
  }
  const names = Object.keys(changed);
  const configName =
    names.length === 0 ? LINUX_7_3.configName : `${LINUX_7_3.configName} but ${names.join(', ')}`;
  const config = { ...LINUX_7_3.config, ...changed };
  return { profile: { ...LINUX_7_3, coherent_series: coherent, config, configName }, problems };
}

/** The unit of CMA alignment in bytes: CMA_MIN_ALIGNMENT_BYTES with 4 KiB pages. */
export const pageblockBytes = (profile: Profile): bigint =>
  profile.config.CONFIG_TRANSPARENT_HUGEPAGE ? 2n * MiB : 4n * MiB;

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
  return `Linux ${profile.linux}, ${series}, ${cma}`;
}
