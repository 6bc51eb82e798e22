/** The recorded programs, run under `dmaheap exec`: each line as on the kernel and the heap of its recording. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { KNOWN, type Known, knownFor } from './known-differences.ts';
import { compile, hasCompiler } from './native-programs.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { compareLines } from './recorded-lines.ts';
import { dmaheap } from './run-exec.ts';

const fixture = (name: string): string => readFileSync(projectPath(`fixtures/programs/${name}`), 'utf8');
const INDEX: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(fixture('index.json'));
const BOARD = projectPath('fixtures/oracle/boards/mixed.dtb');
const HEAPS: Readonly<Record<string, string>> = { system: 'system', cma: 'linux,cma' };
/** On one kernel musl says what it has to say: what differs between kernels is not the libc's. */
const MUSL_ONLY = /^7\.3 /;
/** They use preadv2 and statx, which musl 1.2.3 has not. */
const NOT_IN_MUSL: ReadonlySet<string> = new Set(['fd-io', 'heap-node']);

const place = mkdtempSync(join(tmpdir(), 'dmaheap-recorded-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** What a program prints on a fresh boot. */
async function printed(program: string, kernel: string, command: readonly string[]): Promise<string> {
  const boot = [...['--kernel', kernel, '--coherent', 'off'], ...['--cmdline', 'console=ttyAMA0 quiet']];
  let where = ['--board', BOARD, ...boot];
  if (program === 'vgem') {
    // Its kernel had a DRM device that imports.
    where = ['--session', mkdtempSync(join(place, 'session-'))];
    await must([...where, 'boot', BOARD, ...boot]);
    await must([...where, 'device', 'add', 'vgem', '--importer', 'drm']);
  }
  return must(['exec', ...where, '--', ...command]);
}

/** @returns its standard output @throws Error unless it ends well */
async function must(words: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await dmaheap(words);
  if (code !== 0) throw new Error(`dmaheap ${words.join(' ')}: exit ${code}\n${stderr}`);
  return stdout;
}

/** Kept of all runs, for the figure at the end. */
const counts = { compared: 0, differ: 0 };
const met = new Set<Known>();

describe.for(['glibc', 'musl'] as const)('a program of %s', (libc) => {
  const programs = Object.entries(INDEX).filter(([name]) => libc === 'glibc' || !NOT_IN_MUSL.has(name));
  describe.skipIf(!hasCompiler(libc)).for(programs)('%s', ([program, outputs]) => {
    const cases = Object.entries(outputs).filter(([where]) => libc === 'glibc' || MUSL_ONLY.test(where));
    it.concurrent.for(cases)('prints on %s what was recorded', async ([where, file], { expect: holds }) => {
      const [kernel = '', backend = ''] = where.split(' ');
      const source = projectPath(`fixtures/programs/${program}.c`);
      const command = [compile(source, libc), HEAPS[backend] ?? backend];
      const stdout = await oneAtATime(source, () => printed(program, kernel, command));
      const { compared, differences } = compareLines(program, fixture(file), stdout);
      counts.compared += compared;
      counts.differ += differences.length;
      const unknown = differences.filter(({ name }) => {
        const known = knownFor(program, where, libc, name);
        if (known !== undefined) met.add(known);
        return known === undefined;
      });
      holds(unknown).toEqual([]);
    });
  });
});

it('has no known difference that is none', () => {
  const all = KNOWN.filter(({ libc = 'glibc' }) => hasCompiler(libc));
  expect(all.filter((known) => !met.has(known))).toEqual([]);
});

afterAll(() => {
  const { compared, differ } = counts;
  console.log(`recorded programs: ${compared} lines compared, ${differ} differ by name`);
});
