/** The recorded programs, linked statically: what the second carrier cannot make as it was recorded is named here, and nothing else. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile, hasCompiler } from './native-programs.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { compareLines } from './recorded-lines.ts';
import { dmaheap } from './run-exec.ts';

const fixture = (name: string): string => readFileSync(projectPath(`fixtures/programs/${name}`), 'utf8');
const INDEX: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(fixture('index.json'));
const BOARD = projectPath('fixtures/oracle/boards/mixed.dtb');
const HEAPS: Readonly<Record<string, string>> = { system: 'system', cma: 'linux,cma' };
const BOOT = ['--kernel', '7.3', '--coherent', 'off', '--cmdline', 'console=ttyAMA0 quiet'];

/** Nobody can change a process's working directory, or unmap its memory, from outside of it. */
const DIFFER: Readonly<Record<string, readonly string[]>> = {
  'heap-node': ['chdir', 'open relative', 'realpath'],
  'mmap-args': ['what stood there'],
};

const place = mkdtempSync(join(tmpdir(), 'dmaheap-static-'));
// Servers stay for a moment after their last program.
afterAll(() => rmSync(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

async function must(words: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await dmaheap(words);
  if (code !== 0) throw new Error(`dmaheap ${words.join(' ')}: exit ${code}\n${stderr}`);
  return stdout;
}

describe.skipIf(!hasCompiler('static')).for(Object.entries(INDEX))('%s', ([program, outputs]) => {
  const cases = Object.entries(outputs).filter(([where]) => where.startsWith('7.3 '));
  it.concurrent.for(cases)('prints on %s what was recorded', async ([where, file], { expect: holds }) => {
    const session = ['--session', mkdtempSync(join(place, 'session-'))];
    await must([...session, 'boot', BOARD, ...BOOT]);
    // The kernel of that recording had a DRM device that imports.
    if (program === 'vgem') await must([...session, 'device', 'add', 'vgem', '--importer', 'drm']);
    const [, backend = ''] = where.split(' ');
    const source = projectPath(`fixtures/programs/${program}.c`);
    const command = [compile(source, 'static'), HEAPS[backend] ?? backend];
    const stdout = await oneAtATime(source, () =>
      must(['exec', ...session, '--carrier', 'seccomp', '--seccomp-io', '--', ...command]),
    );
    const { differences } = compareLines(program, fixture(file), stdout);
    holds(differences.map(({ name }) => name)).toEqual(DIFFER[program] ?? []);
  });
});
