/** The kernels that can be spoken for, and what stands behind each. */
import { linux510 } from './linux-5.10.ts';
import { linux61 } from './linux-6.1.ts';
import { linux66 } from './linux-6.6.ts';
import { linux612 } from './linux-6.12.ts';
import { linux618 } from './linux-6.18.ts';
import { linux73 } from './linux-7.3.ts';
import type { LinuxVersion } from './linux-version.ts';

/** A release, as a row of `dmaheap kernels`. */
export interface KernelRow {
  /** `6.12`. */
  readonly release: string;
  /** The stable update that a bare release means: the newest that is known. */
  readonly stable: number;
  /** What it was recorded from; absent: from the source alone, and so unverified. */
  readonly recorded?: string;
  readonly version: (stable: number) => LinuxVersion;
}

/** The oldest first. */
export const KERNELS: readonly KernelRow[] = [
  { release: '5.10', stable: 262, recorded: '5.10.262 of Debian', version: linux510 },
  { release: '6.1', stable: 192, recorded: '6.1.176 and 6.1.192 of Debian', version: linux61 },
  { release: '6.6', stable: 63, recorded: "6.6.63 of a vendor's tree", version: linux66 },
  { release: '6.12', stable: 118, recorded: '6.12.107 and 6.12.118 of Debian', version: linux612 },
  { release: '6.18', stable: 35, recorded: "6.18.35 of a vendor's tree", version: linux618 },
  { release: '7.3', stable: 4, recorded: '7.3.4 with the coherent series', version: linux73 },
];

/** The one that a boot speaks for unless told. */
export const NEWEST = '7.3';

const found = new Map<string, LinuxVersion>();

/** The version of a release, `6.12` or `6.12.107`; `undefined` when there is none. */
export function linuxVersion(release: string): LinuxVersion | undefined {
  const known = found.get(release);
  if (known !== undefined) return known;
  const [major, minor, stable] = release.split('.');
  const row = KERNELS.find((one) => one.release === `${major}.${minor}`);
  const version = row?.version(stable === undefined ? row.stable : Number(stable));
  if (version !== undefined) found.set(release, version);
  return version;
}
