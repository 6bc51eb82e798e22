/** C programs for the tests: compiled once, for each libc that this machine has a compiler for. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** How a program is linked, by the name that tests show. */
export const BUILDS = {
  glibc: ['cc'],
  // The kernel's headers, which musl's package has not.
  musl: [
    'musl-gcc',
    '-idirafter',
    '/usr/include',
    '-idirafter',
    `/usr/include/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`,
  ],
  static: ['cc', '-static'],
  arm64: ['aarch64-linux-gnu-gcc'],
} as const;

export type Build = keyof typeof BUILDS;

/** Whether a program is installed. */
export const hasTool = (name: string): boolean => spawnSync(name, ['--version']).status === 0;

/** Whether the compiler of a build is. */
export const hasCompiler = (build: Build): boolean => hasTool(BUILDS[build][0]);

const place = mkdtempSync(join(tmpdir(), 'dmaheap-programs-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const compiled = new Map<string, string>();

/** @returns the program's path */
export function compile(source: string, build: Build = 'glibc'): string {
  const key = `${build} ${source}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const [cc, ...flags] = BUILDS[build];
  // The file's name is the task's.
  const path = join(place, String(compiled.size), basename(source, '.c'));
  mkdirSync(dirname(path));
  execFileSync(cc, ['-std=gnu11', '-O1', '-pthread', '-w', ...flags, source, '-o', path]);
  compiled.set(key, path);
  return path;
}
