/**
 * Which Linux is spoken for: version, architecture, page size, configuration and the state of the coherent heap
 * series. Nothing below this room asks which version or architecture it is: it asks for what differs.
 */

import { formatSize } from '../units.ts';
import { type Accounting, isProposal } from './accounting.ts';
import type { Architecture, PageKiB } from './architecture.ts';
import { ARM } from './arm.ts';
import { ARM64 } from './arm64.ts';
import {
  type ConfigKey,
  type ConfigProblem,
  configKeys,
  DEFCONFIG,
  type ProfileConfig,
  readOption,
} from './config.ts';
import { type Geometry, type GeometrySizes, makeGeometry } from './geometry.ts';
import { kernelRow, linuxVersion, NEWEST } from './kernels.ts';
import type { LinuxVersion } from './linux-version.ts';
import { RISCV64 } from './riscv64.ts';
import { X86_64 } from './x86-64.ts';

export interface Profile {
  readonly linux: LinuxVersion;
  readonly arch: Architecture;
  /** Its pages and what follows from their size. */
  readonly geometry: Geometry;
  readonly coherent_series: 'v3' | 'off';
  /** Which heaps charge cgroups: none unless a boot says so. */
  readonly accounting: readonly Accounting[];
  readonly config: ProfileConfig;
  /** Where the configuration comes from: `arm64 defconfig`, or the changed options. */
  readonly configName: string;
}

const ARCHITECTURES: readonly Architecture[] = [ARM64, ARM, RISCV64, X86_64];

/** The architecture that a boot gets. */
export const DEFAULT_ARCHITECTURE = ARM64.name;

/** The page sizes that an architecture's kernels can have, KiB. */
export const pageSizesOf = (archName: string): readonly number[] =>
  Object.keys(architectureOf(archName).pages).map(Number);

/** Whether an architecture's boards are device trees. */
export const readsDeviceTree = (archName: string): boolean => architectureOf(archName).deviceTree;

/** The names of the architectures, as `uname -m` or the kernel's own folders have them. */
export const architectureNames = (): readonly string[] => ARCHITECTURES.map(({ name }) => name);

/**
 * The profile of a kernel, of Linux 7.3 on arm64 unless told, with overrides.
 *
 * @param overrides option names with values as in .config (`y`, `n`, numbers)
 * @param pageKiB the page size that the kernel was built with
 * @param release `6.12` or `6.12.107`
 * @param archName one of `architectureNames()`
 * @returns the profile and what was wrong with the overrides; those are left out
 * @throws Error when there is no such release or architecture, or it has no such pages
 */
export function profileOf(
  coherent: 'v3' | 'off' = 'v3',
  overrides: Readonly<Record<string, unknown>> = {},
  pageKiB: PageKiB = 4,
  release: string = NEWEST,
  archName: string = DEFAULT_ARCHITECTURE,
): { profile: Profile; problems: readonly ConfigProblem[] } {
  const arch = architectureOf(archName);
  const defconfig = { ...DEFCONFIG, ...arch.defconfig, ...arch.fixedConfig };
  const problems: ConfigProblem[] = [];
  const hasSlob = linuxVersion(release, arch.formatPa)?.hasSlob === true;
  const refused = { ...arch.refusedConfig, ...(!hasSlob && { CONFIG_SLOB: true }) };
  const changed: Record<string, boolean | number> = {};
  for (const [key, value] of Object.entries(overrides)) {
    if (!isOption(key)) {
      problems.push({ key, problem: 'unknown', expected: configKeys().join(', ') });
      continue;
    }
    const option = readOption(key, value);
    if (typeof option === 'object') problems.push(option);
    else if (refused[key] === option) {
      problems.push({ key, problem: 'not-modelled', expected: option === true ? 'n' : 'y' });
    } else if (option !== defconfig[key] && !Object.hasOwn(arch.fixedConfig, key)) changed[key] = option;
  }
  const differs = Object.keys(changed);
  if (pageKiB !== 4) differs.push(`${pageKiB} KiB pages`);
  const configName = `${archName} defconfig${differs.length === 0 ? '' : ` but ${differs.join(', ')}`}`;
  const config = { ...defconfig, ...changed };
  const names = { linux: release, arch: archName, pageKiB, coherent_series: coherent, accounting: [] };
  return { profile: namedProfile({ ...names, config, configName }), problems };
}

const isOption = (key: string): key is ConfigKey => Object.hasOwn(DEFCONFIG, key);

function architectureOf(name: string): Architecture {
  const arch = ARCHITECTURES.find((known) => known.name === name);
  if (arch === undefined) throw new Error(`no architecture ${name}`);
  return arch;
}

/** What names a profile: plain data, from which it is made again. */
export interface ProfileNames
  extends Pick<Profile, 'coherent_series' | 'accounting' | 'config' | 'configName'> {
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
  const order = rest.config.CONFIG_ARCH_FORCE_MAX_ORDER;
  const changed = {
    ...(linux.sectionSize !== undefined && arch.versionSizes && { sectionSize: linux.sectionSize }),
    ...(order > 0 && { maxPageOrder: order }),
  };
  // Records of before cgroups name none.
  return { ...rest, accounting: rest.accounting ?? [], linux, arch, geometry: geometryFor(sizes, changed) };
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
  const most = config.CONFIG_PAGE_BLOCK_MAX_ORDER;
  const order =
    linux.limitsPageblocks && most > 0 ? Math.min(most, geometry.maxPageOrder) : geometry.maxPageOrder;
  const block = geometry.pagesToBytes(2 ** order);
  const [pmd] = geometry.tableSpans;
  return linux.hugePageblocks(config) && pmd < block ? pmd : block;
}

/**
 * Whether any recording of a running kernel stands behind this version on this architecture with these pages; what
 * the model answers for others is unverified.
 */
export function isRecorded({ linux, arch, geometry }: Profile): boolean {
  const pages: readonly number[] = kernelRow(linux.name)?.on[arch.name] ?? [];
  return pages.includes(geometry.pageSize / 1024);
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
      : `coherent heap series ${profile.coherent_series} (not mainline)`;
  const unverified = isRecorded(profile) ? '' : UNVERIFIED;
  return `${linuxName(profile)}${unverified}, ${series}`;
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

/** How a banner marks a version that no recording stands behind. */
const UNVERIFIED = ' (unverified: from the source, no recording)';

/** Whether a banner speaks for a version that no recording stands behind. */
export const speaksUnverified = (text: string): boolean => text.includes(UNVERIFIED);

function areaText({ configName, arch }: Profile, area: BannerArea | undefined): string {
  if (area?.from === 'config') return `${formatSize(area.size)} (${configName})`;
  const said = area === undefined ? 'none' : `${formatSize(area.size)} (${AREA_FROM[area.from]})`;
  return configName === `${arch.name} defconfig` ? said : `${said}, ${configName}`;
}

const AREA_FROM = { cmdline: 'cma=', tree: 'device tree' } as const;
