/** The kernels that can be spoken for, and what stands behind each. */
import { formatPa } from '../units.ts';
import type { PageKiB } from './architecture.ts';
import { linux510 } from './linux-5.10.ts';
import { linux515 } from './linux-5.15.ts';
import { linux61 } from './linux-6.1.ts';
import { linux66 } from './linux-6.6.ts';
import { linux612 } from './linux-6.12.ts';
import { linux618 } from './linux-6.18.ts';
import { linux72 } from './linux-7.2.ts';
import { linux73 } from './linux-7.3.ts';
import type { FormatPa, LinuxVersion } from './linux-version.ts';

/** A release, as a row of `dmaheap kernels`. */
export interface KernelRow {
  /** `6.12`. */
  readonly release: string;
  /** The stable update that a bare release means: the newest that is known. */
  readonly stable: number;
  /** The first update that is answered for; all from 0 unless given. */
  readonly since?: number;
  /** Whether the coherent series was posted for it, or could be applied; absent: it could not. */
  readonly series?: 'posted' | 'backport';
  /** What it was recorded from, and on which architectures; absent: from the source alone, and so unverified. */
  readonly recorded?: {
    readonly from: string;
    /** The page sizes of each architecture, KiB. */
    readonly on: Readonly<Record<string, readonly PageKiB[]>>;
  };
  /** The trees that were read. */
  readonly source: string;
  readonly version: (stable: number, pa: FormatPa) => LinuxVersion;
}

const ARM64_4K = { arm64: [4] } as const;
const ALL_OF_73 = { arm: [4], arm64: [4, 16, 64], riscv64: [4], x86_64: [4] } as const;

/** The oldest first. */
export const KERNELS: readonly KernelRow[] = [
  {
    release: '5.10',
    stable: 262,
    recorded: { from: '5.10.262 of Debian', on: ARM64_4K },
    source: '5.10.262 of Debian',
    version: linux510,
  },
  { release: '5.15', stable: 40, source: "5.15.40 of a vendor's tree, Android's", version: linux515 },
  {
    release: '6.1',
    stable: 192,
    recorded: { from: '6.1.176 and 6.1.192 of Debian', on: ARM64_4K },
    source: '6.1.192 of Debian',
    version: linux61,
  },
  {
    release: '6.6',
    stable: 63,
    recorded: { from: "6.6.63 of a vendor's tree", on: ARM64_4K },
    source: "6.6.63 of a vendor's tree",
    version: linux66,
  },
  {
    release: '6.12',
    stable: 118,
    since: 13,
    series: 'backport',
    recorded: { from: '6.12.107 and 6.12.118 of Debian', on: ARM64_4K },
    source: '6.12.118 of Debian',
    version: linux612,
  },
  {
    release: '6.18',
    stable: 35,
    series: 'backport',
    recorded: { from: "6.18.35 of a vendor's tree", on: ARM64_4K },
    source: "6.18.35 of a vendor's tree",
    version: linux618,
  },
  { release: '7.2', stable: 13, series: 'backport', source: '7.2.13 of Debian', version: linux72 },
  {
    release: '7.3',
    stable: 4,
    series: 'posted',
    recorded: { from: '7.3.4 with the coherent series', on: ALL_OF_73 },
    source: '7.3.4 of Debian',
    version: linux73,
  },
];

/** The one that a boot speaks for unless told. */
export const NEWEST = '7.3';

/** The line of updates that a release belongs to: `6.12` of `6.12.107`. */
export const lineOf = (release: string): string => release.split('.').slice(0, 2).join('.');

/** The row that a release belongs to. */
export const kernelRow = (release: string): KernelRow | undefined =>
  KERNELS.find((row) => row.release === lineOf(release));

/** Whether nothing that it answers was seen in a recording. */
export const isUnverified = (release: string): boolean => kernelRow(release)?.recorded === undefined;

const found = new Map<FormatPa, Map<string, LinuxVersion>>();

/**
 * The version of a release, `6.12` or `6.12.107`; `undefined` when there is none.
 *
 * @param pa how its log has physical addresses
 */
export function linuxVersion(release: string, pa: FormatPa = formatPa): LinuxVersion | undefined {
  const versions = found.get(pa) ?? new Map<string, LinuxVersion>();
  found.set(pa, versions);
  const known = versions.get(release);
  if (known !== undefined) return known;
  const stable = release.split('.')[2];
  const row = kernelRow(release);
  const version = row?.version(stable === undefined ? row.stable : Number(stable), pa);
  if (version !== undefined) versions.set(release, version);
  return version;
}
