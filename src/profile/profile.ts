/**
 * Which Linux is spoken for: version, architecture, page size, configuration and the state of the coherent heap
 * series. Nothing below this room asks which version or architecture it is: it asks for what differs.
 */

import type { ArchOpenFlags } from '../uapi/fcntl.ts';
import { formatSize } from '../units.ts';
import { type Accounting, isProposal } from './accounting.ts';
import type { Architecture, PageKiB } from './architecture.ts';
import { ARM } from './arm.ts';
import { ARM64 } from './arm64.ts';
import { type CoherentSeries, seriesRules } from './coherent-series.ts';
import type { ConfigProblem, ProfileConfig } from './config.ts';
import { type ConfigLayer, defaultConfig, layeredConfig } from './config-layers.ts';
import { type Geometry, type GeometrySizes, makeGeometry } from './geometry.ts';
import { kernelRow, linuxVersion, NEWEST } from './kernels.ts';
import type { LinuxVersion } from './linux-version.ts';
import { RISCV64 } from './riscv64.ts';
import { doubtsOf } from './unverified.ts';
import { X86_64 } from './x86-64.ts';

export interface Profile {
  readonly linux: LinuxVersion;
  readonly arch: Architecture;
  /** Its pages and what follows from their size. */
  readonly geometry: Geometry;
  readonly coherent_series: CoherentSeries;
  /** Which heaps charge cgroups: none unless a boot says so. */
  readonly accounting: readonly Accounting[];
  readonly config: ProfileConfig;
  /** Where the configuration comes from: the architecture's defconfig, a preset, a file, and the changed options. */
  readonly configName: string;
  /** The configuration of the architecture's defconfig with the heaps built in, which recorded kernels had but for sizes. */
  readonly defaults: ProfileConfig;
  /** Heaps that the configuration has as modules: they are there once they are loaded. */
  readonly modules: readonly string[];
  /** Options in force that change answers and are not modelled, each with what it does. */
  readonly noted: readonly string[];
}

const ARCHITECTURES: readonly Architecture[] = [ARM64, ARM, RISCV64, X86_64];

/** The architecture that a boot gets. */
export const DEFAULT_ARCHITECTURE = ARM64.name;

/** The page sizes that an architecture's kernels can have, KiB. */
export const pageSizesOf = (archName: string): readonly number[] =>
  Object.keys(architectureOf(archName).pages).map(Number);

/** Whether an architecture's boards are device trees. */
export const readsDeviceTree = (archName: string): boolean => architectureOf(archName).deviceTree;

/** The numbers of the open flags that architectures differ in. @throws Error when there is no such architecture */
export const openFlagsOf = (archName: string): ArchOpenFlags => architectureOf(archName).openFlags;

/** The names of the architectures, as `uname -m` or the kernel's own folders have them. */
export const architectureNames = (): readonly string[] => ARCHITECTURES.map(({ name }) => name);

/**
 * The profile of a kernel, of Linux 7.3 on arm64 unless told, with overrides.
 *
 * @param overrides option names with values as in .config (`y`, `m`, `n`, numbers, texts)
 * @param pageKiB the page size that the kernel was built with, unless an option says
 * @param release `6.12` or `6.12.107`
 * @param archName one of `architectureNames()`
 * @param below what stands below the overrides: presets and files, the first the lowest
 * @returns the profile and what was wrong with the overrides; those are left out
 * @throws Error when there is no such release or architecture, or it has no such pages
 */
export function profileOf(
  coherent: CoherentSeries = 'v3',
  overrides: Readonly<Record<string, unknown>> = {},
  pageKiB: PageKiB = 4,
  release: string = NEWEST,
  archName: string = DEFAULT_ARCHITECTURE,
  below: readonly ConfigLayer[] = [],
): { profile: Profile; problems: readonly ConfigProblem[] } {
  const arch = architectureOf(archName);
  const linux = linuxVersion(release, arch.formatPa);
  if (linux === undefined) throw new Error(`no Linux ${release}`);
  const asked = { linux, arch, pageKiB, coherent };
  const layers: readonly ConfigLayer[] = [...below, { name: '--config', options: overrides }];
  const { pageKiB: pages, name: configName, problems, config, modules, noted } = layeredConfig(asked, layers);
  const names = { linux: release, arch: archName, pageKiB: pages, coherent_series: coherent, accounting: [] };
  return { profile: namedProfile({ ...names, config, configName, modules, noted }), problems };
}

function architectureOf(name: string): Architecture {
  const arch = ARCHITECTURES.find((known) => known.name === name);
  if (arch === undefined) throw new Error(`no architecture ${name}`);
  return arch;
}

/** What names a profile: plain data, from which it is made again. */
export interface ProfileNames
  extends Pick<Profile, 'coherent_series' | 'accounting' | 'config' | 'configName'>,
    Partial<Pick<Profile, 'modules' | 'noted'>> {
  /** The version people say: `7.3`. */
  readonly linux: string;
  readonly arch: string;
  readonly pageKiB: PageKiB;
}

/** Made once for each set of sizes, when first asked for. */
const geometries = new Map<GeometrySizes, Map<string, Geometry>>();

/** @param changed what a version or a configuration has otherwise than the architecture */
function geometryFor(sizes: GeometrySizes, changed: Partial<GeometrySizes>): Geometry {
  const known = geometries.get(sizes) ?? new Map<string, Geometry>();
  geometries.set(sizes, known);
  const key = `${changed.sectionSize}/${changed.maxPageOrder}`;
  const made = known.get(key) ?? makeGeometry({ ...sizes, ...changed });
  known.set(key, made);
  return made;
}

/** The profile of those names. @throws Error when there is no such version or architecture, or it has no such pages */
export function namedProfile({ linux: version, arch: name, pageKiB, ...rest }: ProfileNames): Profile {
  const arch = architectureOf(name);
  const linux = linuxVersion(version, arch.formatPa);
  const sizes = arch.pages[pageKiB];
  if (linux === undefined) throw new Error(`no Linux ${version}`);
  if (sizes === undefined) throw new Error(`no ${name} with pages of ${pageKiB} KiB`);
  const given = rest.config.CONFIG_ARCH_FORCE_MAX_ORDER;
  const order = linux.options.maxOrder === 'inclusive' ? given : given - 1;
  const changed = {
    ...(linux.sectionSize !== undefined && arch.versionSizes && { sectionSize: linux.sectionSize }),
    ...(order > 0 && { maxPageOrder: order }),
  };
  const defaults = defaultConfig(arch);
  // Records of before there were cgroups, modules and others name none.
  const { accounting = [], modules = [], noted = [] } = rest;
  const config = { ...defaults, ...rest.config };
  const geometry = geometryFor(sizes, changed);
  return { ...rest, config, accounting, modules, noted, linux, arch, defaults, geometry };
}

/** The names from which `namedProfile` makes an equal profile. */
export function profileNames({ linux, arch, geometry, defaults: _, ...rest }: Profile): ProfileNames {
  return { ...rest, linux: linux.name, arch: arch.name, pageKiB: (geometry.pageSize / 1024) as PageKiB };
}

/**
 * The unit of CMA alignment in bytes: CMA_MIN_ALIGNMENT_BYTES. Huge pages make it what a PMD maps, within the
 * largest buddy block; without them it is that block.
 */
export function pageblockBytes({ linux, config, geometry }: Profile): bigint {
  const most = config.CONFIG_PAGE_BLOCK_MAX_ORDER;
  const order =
    linux.limitsPageblocks && most > 0 ? Math.min(most, geometry.maxPageOrder) : geometry.maxPageOrder;
  const block = geometry.pagesToBytes(2 ** order);
  const [pmd] = geometry.tableSpans;
  return linux.hugePageblocks(config) && pmd < block ? pmd : block;
}

/**
 * Whether recordings of running kernels stand behind this version on this architecture with these pages, configured
 * so; what the model answers for others is unverified, and `doubtsOf` says why.
 */
export const isRecorded = (profile: Profile): boolean =>
  doubtsOf(profile).length === 0 && isSeriesRecorded(profile);

/** Whether the state of the coherent series was recorded, on this version. */
function isSeriesRecorded({ linux, coherent_series: series }: Profile): boolean {
  const rules = seriesRules(series);
  return rules === undefined || (rules.recorded && kernelRow(linux.name)?.series === 'posted');
}

/** VMALLOC_TOTAL as /proc/meminfo has it, KiB. */
export function vmallocTotalKiB({ linux, arch, config }: Profile): number {
  const known = arch.versionSizes ? linux.vmallocTotalKiB[config.CONFIG_ARM64_VA_BITS] : undefined;
  return known ?? arch.vmallocTotalKiB;
}

/** Whether coherent pools become heaps. */
export const hasCoherentHeaps = (profile: Profile): boolean =>
  profile.coherent_series !== 'off' && profile.config.CONFIG_DMABUF_HEAPS_COHERENT;

/** What people call it: `Linux 7.3`. */
export const linuxName = ({ linux }: Profile): string => `Linux ${linux.name}`;

/** The default CMA area that a kernel has, and who asked for it. */
export interface BannerArea {
  readonly size: bigint;
  readonly from: 'config' | 'cmdline' | 'tree';
}

/** Which Linux is spoken for. */
export function linuxBanner(profile: Profile): string {
  const series =
    profile.coherent_series === 'off'
      ? 'no coherent heaps'
      : `coherent heap series ${profile.coherent_series} (not mainline${isSeriesRecorded(profile) ? '' : `; ${UNVERIFIED_SERIES}`})`;
  const unverified = doubtsOf(profile).length === 0 ? '' : UNVERIFIED;
  const { name } = profile.arch;
  const on = name === DEFAULT_ARCHITECTURE ? '' : ` on ${name}`;
  return `${linuxName(profile)}${on}${unverified}, ${series}`;
}

/**
 * The same of one boot.
 *
 * @param area the default CMA area, if there is one
 */
export const banner = (profile: Profile, area: BannerArea | undefined): string =>
  `${linuxBanner(profile)}, CMA ${areaText(profile, area)}${accountingText(profile)}`;

function accountingText({ accounting }: Profile): string {
  const charged = accounting.map((one) => (isProposal(one) ? `${one} (a proposal)` : one));
  return charged.length === 0 ? '' : `, accounting: ${charged.join(', ')}`;
}

/** How a banner marks a kernel that no recording stands behind. */
const UNVERIFIED = ' (unverified: from the source, no recording)';

/** How it marks a state of the coherent series that no recording stands behind. */
const UNVERIFIED_SERIES = 'unverified: never recorded';

/** Whether a banner speaks for a version or a series that no recording stands behind. */
export const speaksUnverified = (text: string): boolean =>
  text.includes(UNVERIFIED) || text.includes(UNVERIFIED_SERIES);

function areaText({ configName }: Profile, area: BannerArea | undefined): string {
  if (area?.from === 'config') return `${formatSize(area.size)} (${configName})`;
  const said = area === undefined ? 'none' : `${formatSize(area.size)} (${AREA_FROM[area.from]})`;
  return `${said}, ${configName}`;
}

const AREA_FROM = { cmdline: 'cma=', tree: 'device tree' } as const;
