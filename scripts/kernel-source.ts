/**
 * The board sources of a Linux kernel as a distribution packages it: fetched at run time, nothing of them is
 * kept here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateApt } from './private-apt.ts';

export interface KernelPackage {
  /** `linux-source-6.1`; the newest one unless given. */
  readonly package?: string | undefined;
  /** The distribution's suite; the one that this machine uses unless given. */
  readonly suite?: string | undefined;
}

/** Fetches and unpacks the package beside the directory, then moves it into place in one step. */
export function fetchKernelSource(directory: string, wanted: KernelPackage): void {
  if (existsSync(directory)) return;
  const work = mkdtempSync(`${directory}.work-`);
  const apt = new PrivateApt(work, wanted.suite);
  const newest = apt
    .search('^linux-source-[0-9.]+$')
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const name = wanted.package ?? newest.at(-1);
  if (name === undefined) throw new Error('these sources have no linux-source package');
  console.log(`fetching ${name} …`);
  apt.unpack(name, join(work, 'deb'));
  const folder = join(work, 'deb', 'usr', 'src');
  const [tar] = readdirSync(folder).filter((file) => file.includes('.tar'));
  const out = join(work, 'out');
  mkdirSync(out);
  const parts = ['*/arch/*/boot/dts*', '*/include/*', '*/scripts/dtc*', '*/Makefile'];
  const archive = ['xf', join(folder, tar ?? ''), '-C', out, '--strip-components=1'];
  execFileSync('tar', [...archive, '--wildcards', ...parts]);
  if (!existsSync(directory)) renameSync(out, directory);
  rmSync(work, { recursive: true });
}

/** The board sources (and overlays) below a directory. */
export function sourcesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return /\.dtso?$/.test(entry.name) ? [path] : [];
  });
}
