// A disk that is full, limits of the process, directories that cannot be written: each is a refusal by name, and
// nothing that was acknowledged is lost.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../src/session/local-session.ts';
import { at } from '../../test/session/camera-board.ts';
import { copySession } from '../../test/session/damage-store.ts';
import { BOARD, Counts, dmaheap, type Ended, outcome, problemsOf, stateOf } from './command.ts';
import { tellUnexpected } from './unexpected.ts';

const DISK = '2m';
/** In blocks of 512 bytes or 1 KiB, as the shell has it: from nothing to more than a log that is begun. */
const FILE_SIZES = Array.from({ length: 60 }, (_, i) => 4 * i);
const DESCRIPTORS = Array.from({ length: 38 }, (_, i) => i + 3);
const ALLOC: readonly string[] = ['alloc', 'system', '64K'];
const BOOT: readonly string[] = ['boot', BOARD];
/** What one command allocates on the small disk. */
const AT_ONCE = 40;

/** As a soak of its own. */
export async function fullDisks(): Promise<void> {
  tellUnexpected(await soakFullDisks());
}

async function soakFullDisks(): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'dmaheap-disks-'));
  try {
    const made = join(directory, 'made');
    await dmaheap(made, BOOT);
    await dmaheap(made, ALLOC);
    const counts = new Counts();
    const unexpected = [
      ...(await fillDisk(directory, counts)),
      ...(await limited(directory, made, counts, 'file size', 'ulimit -f', FILE_SIZES)),
      ...(await limited(directory, made, counts, 'descriptors', 'ulimit -n', DESCRIPTORS)),
      ...(await unwritable(directory, made, counts)),
    ];
    counts.print();
    return unexpected;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const mount = (...words: readonly string[]): boolean => spawnSync('mount', words).status === 0;

/** Allocates until nothing fits, frees and allocates again, and removes the session while the disk is full. */
async function fillDisk(directory: string, counts: Counts): Promise<string[]> {
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  if (!mount('-t', 'tmpfs', '-o', `size=${DISK}`, 'none', disk)) return skipped('a full disk: mount says no');
  const unexpected: string[] = [];
  try {
    const path = join(disk, 'session');
    unexpected.push(
      ...wrong('boot on a small disk', await dmaheap(path, [...BOOT, '--nofile', '100000']), 0),
    );
    let full = 0;
    for (let done = 0; full < 5; ) {
      const ended = await dmaheap(path, [...ALLOC, '--count', String(AT_ONCE)]);
      if (ended.code === 0) done += AT_ONCE;
      else full++;
      counts.add(`full disk, alloc --count ${AT_ONCE}`, `exit ${ended.code}`);
      if (ended.code !== 0 && !/disk is full|no space left/.test(ended.stderr)) {
        unexpected.push(...wrong('alloc on a full disk', ended, 0));
      }
      // A disk without a free block may not even let the store be read; what is in it is looked at elsewhere.
      const seen = join(directory, `seen${done}.${full}`);
      copySession(path, seen);
      if (buffersOf(seen) !== done)
        unexpected.push(`${done} allocs were acknowledged, ${buffersOf(seen)} are there`);
      unexpected.push(...problemsOf(seen));
      rmSync(seen, { recursive: true });
    }
    for (const words of [['free', '4'], ['session', 'compact'], ['list'], ['session', 'rm'], BOOT]) {
      const ended = await dmaheap(path, words);
      counts.add(
        `full disk, then ${words[0]} ${words[0] === 'session' ? words[1] : ''}`.trim(),
        `exit ${ended.code}`,
      );
      if (ended.code !== 0 && ended.code !== 4) unexpected.push(...wrong(words.join(' '), ended, 0));
      // What was to give room must have given it.
      if (words[1] === 'rm') unexpected.push(...wrong('session rm on a full disk', ended, 0));
      if (words === BOOT) unexpected.push(...wrong('boot after session rm on a full disk', ended, 0));
    }
  } finally {
    spawnSync('umount', [disk]);
  }
  return unexpected;
}

/** Commands in a shell that sets a limit. */
async function limited(
  directory: string,
  made: string,
  counts: Counts,
  what: string,
  limit: string,
  numbers: readonly number[],
): Promise<string[]> {
  const unexpected: string[] = [];
  for (const words of [BOOT, [...BOOT, '--force'], ALLOC, ['free', '4']]) {
    const fresh = (name: string): string => {
      const path = join(directory, name);
      rmSync(path, { recursive: true, force: true });
      if (words !== BOOT) copySession(made, path);
      return path;
    };
    const clean = fresh('clean');
    const before = stateOf(fresh('before'));
    await dmaheap(clean, words);
    const after = stateOf(clean);
    for (const number of numbers) {
      const path = fresh('limited');
      const ended = await dmaheap(path, words, ['sh', '-c', `${limit} ${number} && exec "$0" "$@"`]);
      // Where it has too few descriptors, Node ends before it has read the command.
      const isNode = what === 'descriptors' && !/^error: /m.test(ended.stderr) && stateOf(path) === before;
      const how = outcome(ended, before, path, after) ?? (isNode ? 'Node cannot start, not done' : undefined);
      const name = `${what}, ${words[0]}${words.includes('--force') ? ' --force' : ''}`;
      counts.add(name, how ?? 'UNEXPECTED');
      if (how === undefined) unexpected.push(...wrong(`${name}, ${number}`, ended, 4));
    }
  }
  return unexpected;
}

/** Read-only, and somebody else's. */
async function unwritable(directory: string, made: string, counts: Counts): Promise<string[]> {
  const unexpected: string[] = [];
  const path = join(directory, 'unwritable');
  const attempt = async (what: string): Promise<void> => {
    for (const words of [
      ALLOC,
      ['free', '4'],
      [...BOOT, '--force'],
      ['session', 'compact'],
      ['session', 'rm'],
    ]) {
      const ended = await dmaheap(path, words);
      counts.add(what, `exit ${ended.code}`);
      unexpected.push(...wrong(`${what}: ${words.join(' ')}`, ended, 4));
    }
  };
  const expectWhole = (what: string): void => {
    if (stateOf(path) !== stateOf(made)) unexpected.push(`${what}: another state`);
    unexpected.push(...problemsOf(path));
  };
  copySession(made, path);
  if (mount('--bind', path, path) && mount('-o', 'remount,bind,ro', path)) await attempt('read-only mount');
  else unexpected.push(...skipped('a read-only mount: mount says no'));
  spawnSync('umount', [path]);
  expectWhole('read-only mount');
  if (process.geteuid?.() === 0) {
    chownSync(path, 12_345, 12_345);
    await attempt("another user's directory");
    chownSync(path, 0, 0);
    expectWhole("another user's directory");
  } else {
    chmodSync(path, 0o500);
    await attempt('directory without write permission');
    chmodSync(path, 0o700);
    expectWhole('directory without write permission');
  }
  return unexpected;
}

function buffersOf(path: string): number {
  const session = openSession(at(path));
  try {
    return session.view((kernel) => kernel.bufferCount());
  } finally {
    session.close();
  }
}

function wrong(what: string, ended: Ended, code: number): string[] {
  if (ended.code === code && (code === 0 || /^error: .+\n/m.test(ended.stderr))) return [];
  return [`${what}: exit ${ended.code} ${ended.signal ?? ''}\n${ended.stderr.slice(0, 600)}`];
}

function skipped(what: string): string[] {
  console.log(`skipped: ${what}`);
  return [];
}
