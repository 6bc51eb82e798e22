/** Whether this host can show that board to a native program: what cannot be is refused by name, never half done. */
import { readFileSync } from 'node:fs';
import type { Profile } from '../profile/profile.ts';
import { ExecFailure } from './exec-failure.ts';

/** Of linux/auxvec.h. */
const AT_PAGESZ = 6n;

/** The host's page size, as the kernel tells every program. */
export function hostPageSize(auxv: Uint8Array = readFileSync('/proc/self/auxv')): number {
  const words = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + 16 <= auxv.byteLength; at += 16) {
    if (words.getBigUint64(at, true) === AT_PAGESZ) return Number(words.getBigUint64(at + 8, true));
  }
  return 4096;
}

/** @throws ExecFailure where native programs cannot be run at all */
export function refuseHost(platform: string = process.platform, arch: string = process.arch): void {
  if (platform !== 'linux') {
    throw new ExecFailure(
      'exec-host',
      `exec runs native programs of Linux, and this is ${platform}`,
      'Run it in a Linux container or virtual machine; all other commands work here',
    );
  }
  if (!/^(x64|arm64)$/.test(arch)) {
    throw new ExecFailure(
      'exec-host',
      `exec carries programs of x86-64 and AArch64, and this machine is ${arch}`,
    );
  }
}

/** @throws ExecFailure when the board's kernel cannot be shown to programs of this host */
export function refuseBoard(profile: Profile, seccomp: boolean, hostPage: number): void {
  const { arch, geometry } = profile;
  if (arch.taskSize <= 1n << 32n) {
    throw new ExecFailure(
      'exec-board',
      "the board's kernel is of 32 bits, and programs of this host are of 64",
      'Other commands and scenarios work on it',
    );
  }
  const { pageSize } = geometry;
  if (pageSize < hostPage) {
    throw new ExecFailure(
      'exec-board',
      `the board has pages of ${pageSize} bytes and this host larger ones, of ${hostPage}: mappings would not fit`,
    );
  }
  if (seccomp && pageSize > hostPage) {
    throw new ExecFailure(
      'exec-board',
      `the board has pages of ${pageSize} bytes and this host has ${hostPage}: the carrier seccomp cannot show larger pages`,
      'Use --carrier preload',
    );
  }
}
