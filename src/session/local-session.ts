/**
 * Sessions in a directory: opened, booted, booted again, removed.
 */
import { existsSync, realpathSync } from 'node:fs';
import type { BootOutcome } from '../kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import type { Records } from '../records.ts';
import { MemoryRecords } from '../records.ts';
import { type BootState, bootState, putBoot } from './boot-state.ts';
import { createStore } from './create-store.ts';
import type { SessionLocation } from './directory.ts';
import {
  arenaPath,
  checkDirectory,
  createDirectory,
  highestArena,
  neverBooted,
  removeLeftovers,
  removeSessionFiles,
  storePath,
} from './directory.ts';
import { DirectoryBacking } from './directory-backing.ts';
import { Arena } from './file-phys-memory.ts';
import { syncDirectory } from './host-files.ts';
import { refuseOwned } from './owned-session.ts';
import { endLeftTasks, forgetPrograms } from './program-tasks.ts';
import type { BootInputs, Session } from './session.ts';
import { SessionError, type SessionErrorCode } from './session-error.ts';
import type { SharedStoreOptions } from './shared-store.ts';
import { SqliteStore } from './sqlite-store.ts';
import { StoreRecords, WritableRecords } from './store-records.ts';
import { StoredSession } from './stored-session.ts';

export interface SessionOptions extends SharedStoreOptions {
  /** Called after the transaction in which the journal began to drop its oldest entries. */
  readonly onHistoryCut?: () => void;
  /** Called once when tasks were ended whose processes had gone together with the session's server. */
  readonly onTasksEnded?: (tasks: readonly string[]) => void;
}

/**
 * Opens a session that was booted before.
 *
 * @throws SessionError by name when there is none, or when it cannot be used
 */
export function openSession(location: SessionLocation, options: SessionOptions = {}): Session {
  checkDirectory(location);
  if (!existsSync(storePath(location.path))) throw neverBooted(location);
  const session = new StoredSession(new DirectoryBacking(location, options), options.onHistoryCut);
  const ended = endLeftTasks(location.path, () => session);
  if (ended.length > 0) options.onTasksEnded?.(ended);
  return session;
}

export interface BootOptions extends SessionOptions {
  /** Boot although buffers are alive, which are lost. */
  readonly force?: boolean;
  /** dmaheap's version, for people who look into the directory. */
  readonly version?: string;
}

/**
 * Boots a kernel into a session's directory, which is made when it is missing. A session that is there
 * is replaced in one transaction: other processes see the old boot or the new one.
 *
 * A boot that panics changes nothing.
 *
 * @param build fills empty records as boot() does; runs before anything is touched
 * @returns what `build` returned
 * @throws SessionError `session-has-buffers` when buffers are alive and `force` is not given, `session-served` while
 *   programs run on it
 */
export function bootSession<T extends Pick<BootOutcome, 'panic'>>(
  location: SessionLocation,
  inputs: BootInputs,
  build: (records: Records) => T,
  options: BootOptions = {},
): T {
  const booted = new MemoryRecords();
  const outcome = build(booted);
  if (outcome.panic !== undefined) return outcome;
  createDirectory(location, options.version);
  refuseOwned(location.path, 'boot', options.wait);
  if (!existsSync(storePath(location.path))) createStore(storePath(realpathSync(location.path)));
  else endLeftPrograms(location, options);
  const backing = new DirectoryBacking(location, options);
  try {
    const arena = replace(backing, booted, inputs, options);
    // After the commit: until then they belong to the session that is there.
    clearUp(location.path, arena);
  } finally {
    backing.close();
  }
  return outcome;
}

/** What programs of a killed server had is nobody's any more. */
function endLeftPrograms(location: SessionLocation, options: SessionOptions): void {
  let session: Session | undefined;
  endLeftTasks(location.path, () => {
    session = new StoredSession(new DirectoryBacking(location, options));
    return session;
  });
  session?.close();
}

/** What cannot be removed stays until the next boot: this one is done, and not to be called a failure. */
function clearUp(dir: string, arena: number): void {
  try {
    removeLeftovers(dir, arena);
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
  }
}

function replace(
  backing: DirectoryBacking,
  booted: Records,
  inputs: BootInputs,
  options: BootOptions,
): number {
  let arena = 1;
  backing.store.write((writer) => {
    refuseOwned(backing.path, 'boot');
    const there = new StoreRecords(writer);
    const old = bootState(there);
    if (old !== undefined && options.force !== true) refuseBuffers(backing, there, old);
    const generation = (old?.generation ?? 0) + 1;
    arena = (old?.arena ?? highestArena(backing.path)) + 1;
    const layout = layoutOf(booted);
    Arena.create(arenaPath(backing.path, arena), layout);
    syncDirectory(backing.path);
    options.fault?.('arena-made');
    writer.clear();
    forgetPrograms(backing.path);
    const records = new WritableRecords(writer);
    putBoot(records, { generation, arena, bootedAt: Date.now(), layout }, inputs, booted);
    records.flush();
  });
  return arena;
}

/**
 * Removes a session: first its records, under the lock, so that no other process goes on with it; then its
 * files, and the directory when nothing else is in it.
 *
 * @throws SessionError when it is none; damaged ones and those of other formats are removed
 */
export function removeSession(location: SessionLocation, options: SessionOptions = {}): void {
  try {
    checkDirectory(location);
    refuseOwned(location.path, 'remove it', options.wait);
    if (existsSync(storePath(location.path))) emptyStore(location, options);
  } catch (error) {
    if (!(error instanceof SessionError) || !REMOVED_ALL_THE_SAME.has(error.code)) throw error;
  }
  removeSessionFiles(location);
}

/** On a full disk there is no room to write that the records are gone, and room is what a removal gives. */
const REMOVED_ALL_THE_SAME: ReadonlySet<SessionErrorCode> = new Set([
  'session-damaged',
  'session-format',
  'session-disk-full',
]);

function emptyStore(location: SessionLocation, options: SessionOptions): void {
  const store = new SqliteStore(storePath(realpathSync(location.path)), options);
  try {
    store.write((writer) => {
      refuseOwned(location.path, 'remove it');
      writer.clear();
    });
  } finally {
    store.close();
  }
}

function refuseBuffers(backing: DirectoryBacking, records: Records, old: BootState): void {
  const alive = new Kernel(records, backing.memory(old, false, records)).bufferCount();
  if (alive === 0) return;
  throw new SessionError(
    'session-has-buffers',
    `the session at ${backing.path} has ${alive} live ${alive === 1 ? 'buffer' : 'buffers'}`,
    'free them, or boot with --force',
  );
}
