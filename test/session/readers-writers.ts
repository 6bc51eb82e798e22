/**
 * Processes that look at a session in long views while others change it. Used by the suite for seconds
 * and by `npm run soak -- readers` for minutes.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checkSession } from '../../src/session/check-session.ts';
import { storePath } from '../../src/session/directory.ts';
import { bootSession } from '../../src/session/local-session.ts';
import type { AtWork } from './at-work.ts';
import { startChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';

/** What an owner did, and how many leases it gave. */
export interface OwnersWork extends AtWork {
  readonly leases: number;
}

export interface ReadersOptions {
  readonly readers: number;
  readonly writers: number;
  /** For how long they work. */
  readonly milliseconds: number;
  /** How long a view may be. */
  readonly view: number;
  /** Whether another process owns the session meanwhile, and works on it as well. */
  readonly owned?: boolean;
}

export interface ReadersResult {
  readonly writers: AtWork;
  readonly readers: AtWork;
  /** What the owner did. */
  readonly owner?: OwnersWork;
  /** The longest that the log beside the store became, in bytes. */
  readonly log: number;
  /** What children said who failed. */
  readonly failures: readonly string[];
}

/** Boots a session in `dir` and lets them work on it. */
export async function runReaders(
  dir: string,
  bundle: string,
  { readers, writers, milliseconds, view, owned = false }: ReadersOptions,
): Promise<ReadersResult> {
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const failures: string[] = [];
  const start = async (args: readonly string[]): Promise<AtWork | undefined> => {
    const ended = await follow(startChild(bundle, args));
    if ('done' in ended) return ended.done;
    failures.push(`${args.join(' ')}: ${ended.failure}`);
    return undefined;
  };
  const owner = owned ? startChild(bundle, ['own', dir, 'owner']) : undefined;
  const ends = owner && follow(owner);
  if (owner?.stdout) await once(owner.stdout, 'data');
  const many = (count: number, args: (number: number) => string[]) =>
    Array.from({ length: count }, (_, number) => start(args(number)));
  let log = 0;
  const watch = setInterval(() => {
    // Asked by name alone: a process that opens the store's files drops the locks that it has there.
    const path = join(storePath(dir), 'records.db-wal');
    log = Math.max(log, statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }, 100);
  const [wrote, looked] = await Promise.all([
    Promise.all(many(writers, (number) => ['transactions', dir, `${milliseconds}`, `w${number}`])),
    Promise.all(many(readers, (number) => ['views', dir, `${milliseconds}`, `${view}`, `${number}`])),
  ]);
  clearInterval(watch);
  owner?.kill('SIGTERM');
  const left = await ends;
  if (left !== undefined && 'failure' in left) failures.push(`the owner: ${left.failure}`);
  failures.push(...checkSession(at(dir)));
  const did = left !== undefined && 'done' in left ? { owner: left.done as OwnersWork } : {};
  return { writers: sum(wrote), readers: sum(looked), log, failures, ...did };
}

type Ended = { readonly done: AtWork } | { readonly failure: string };

/** What a child says that it did, or why it did not. */
export async function follow(child: ChildProcess): Promise<Ended> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (data) => {
    out += String(data);
  });
  child.stderr?.on('data', (data) => {
    err += String(data);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const done = /^done (.*)$/m.exec(out)?.[1];
  if (code === 0 && done !== undefined) return { done: JSON.parse(done) as AtWork };
  return { failure: `${code ?? signal}: ${out.slice(-500)}${err}` };
}

const sum = (all: readonly (AtWork | undefined)[]): AtWork =>
  all.reduce<AtWork>(
    (total, one) => ({
      done: total.done + (one?.done ?? 0),
      longestWait: Math.max(total.longestWait, one?.longestWait ?? 0),
      longest: Math.max(total.longest, one?.longest ?? 0),
    }),
    { done: 0, longestWait: 0, longest: 0 },
  );
