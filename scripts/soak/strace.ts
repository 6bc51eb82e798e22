// Every system call that changes the files of a session fails once, SQLite's own among them: strace answers in
// its place. Not only calls on the store's files, so that those of a store that is still under another name, and
// of the arena, are met too.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_BYTES } from '../../src/session/sqlite-connection.ts';
import { copySession } from '../../test/session/damage-store.ts';
import { BOARD, Counts, dmaheap, type Ended, outcome, problemsOf, stateOf } from './command.ts';
import { tellUnexpected } from './unexpected.ts';

const CALLS = [
  'pwrite64',
  'fdatasync',
  'fsync',
  'ftruncate',
  'unlink',
  'fallocate',
  'rename',
  'mkdir',
] as const;
const ERRORS = ['EIO', 'ENOSPC'] as const;
/** Two cores are busy with it, and no process waits for another. */
const AT_ONCE = 2;

interface Scenario {
  readonly name: string;
  readonly words: readonly string[];
  /** The session that it begins with; without it there is none. */
  readonly from?: string;
}

/** As a soak of its own. */
export async function strace(): Promise<void> {
  tellUnexpected(await soakStrace());
}

async function soakStrace(): Promise<string[]> {
  if (spawnSync('strace', ['-V']).status !== 0) {
    console.error('strace is missing: install it to let system calls fail');
    return ['strace is missing'];
  }
  const directory = mkdtempSync(join(tmpdir(), 'dmaheap-strace-'));
  try {
    const unexpected: string[] = [];
    for (const scenario of await scenarios(directory)) {
      unexpected.push(...(await soakScenario(scenario, directory)));
    }
    return unexpected;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Sessions whose log is short, and long enough that the next commit writes it back. */
async function scenarios(directory: string): Promise<Scenario[]> {
  const short = join(directory, 'short');
  await dmaheap(short, ['boot', BOARD]);
  await dmaheap(short, ['alloc', 'system', '64K', '--count', '3']);
  await dmaheap(short, ['fill', '6', '7']);
  // What is free holds bytes, so that the next buffer is zeroed.
  await dmaheap(short, ['free', '6']);
  const long = join(directory, 'long');
  copySession(short, long);
  const log = (): number => statSync(join(long, 'store/records.db-wal')).size;
  for (let last = log(), growth = 0; last + growth < LOG_BYTES; ) {
    await dmaheap(long, ['alloc', 'system', '4K']);
    growth = Math.max(growth, log() - last);
    last = log();
  }
  const over = [short, long].flatMap((from): Scenario[] => {
    const name = from === short ? 'short log' : 'long log';
    return [
      { name: `alloc, ${name}`, words: ['alloc', 'system', '64K'], from },
      { name: `free, ${name}`, words: ['free', '4'], from },
      { name: `boot --force, ${name}`, words: ['boot', BOARD, '--force'], from },
    ];
  });
  return [
    { name: 'boot into a new directory', words: ['boot', BOARD] },
    ...over,
    { name: 'session compact', words: ['session', 'compact'], from: short },
  ];
}

async function soakScenario({ name, words, from }: Scenario, directory: string): Promise<string[]> {
  let copies = 0;
  const fresh = (): string => {
    const place = mkdtempSync(join(directory, 'copy-'));
    const path = join(place, `session${++copies}`);
    if (from !== undefined) copySession(from, path);
    return path;
  };
  const clean = fresh();
  const before = stateOf(fresh());
  const log = join(clean, '..', 'log');
  mkdirSync(join(clean, '..'), { recursive: true });
  await dmaheap(clean, words, ['strace', '-f', '-o', log, '-e', `trace=${CALLS.join(',')}`]);
  const after = stateOf(clean);
  const text = readFileSync(log, 'utf8');
  const jobs = CALLS.flatMap((call) => {
    const times = text.match(new RegExp(`^\\d+ +${call}\\(`, 'gm'))?.length ?? 0;
    return ERRORS.flatMap((error) => Array.from({ length: times }, (_, i) => ({ call, error, nth: i + 1 })));
  });
  const counts = new Counts();
  const unexpected: string[] = [];
  const worker = async (): Promise<void> => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
      const { call, error, nth } = job;
      const path = fresh();
      const inject = `inject=${call}:error=${error}:when=${nth}`;
      const ended = await dmaheap(path, words, ['strace', '-f', '-qq', '-o', '/dev/null', '-e', inject]);
      const how = outcome(ended, before, path, after);
      counts.add(`${name}, ${call}`, how ?? 'UNEXPECTED');
      if (how === undefined)
        unexpected.push(describe(`${name}: ${call} ${nth} ${error}`, ended, path, before, after));
      // The session goes on: the same command, and a boot.
      const again = await dmaheap(
        path,
        how?.endsWith(' done') && !how.endsWith('not done') ? ['list'] : words,
      );
      if (again.code !== 0 || problemsOf(path).length > 0) {
        unexpected.push(describe(`${name}: ${call} ${nth} ${error}, then again`, again, path, before, after));
      }
      rmSync(join(path, '..'), { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  counts.print();
  return unexpected;
}

function describe(what: string, ended: Ended, path: string, before: string, after: string): string {
  const state = stateOf(path);
  const which = state === before ? 'before' : state === after ? 'after' : state.slice(0, 120);
  const problems = problemsOf(path).slice(0, 3).join('; ');
  return `${what}: exit ${ended.code} ${ended.signal ?? ''}, state ${which}, check: ${problems}\n${ended.stderr.slice(0, 600)}`;
}
