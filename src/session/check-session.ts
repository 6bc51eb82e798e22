/** Whether a session is whole, and what is wrong: what `dmaheap session check` tells. */
import { lstatSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExportedBuffers } from '../dma-buf/exported-buffers.ts';
import { findContradictions } from '../kernel/contradictions.ts';
import { Kernel } from '../kernel/kernel.ts';
import { NO_MEMORY } from '../mm/phys-memory.ts';
import type { Records } from '../records.ts';
import { type BootState, bootState } from './boot-state.ts';
import { buffersPath } from './buffer-files.ts';
import { arenaPath, checkDirectory, neverBooted, type SessionLocation, storePath } from './directory.ts';
import { ARENA_PAGE, DirtyPages } from './dirty-pages.ts';
import { arenaSize } from './file-phys-memory.ts';
import { journalProblems } from './journal.ts';
import { isRecord } from './record-codec.ts';
import { SessionError } from './session-error.ts';
import { SharedStore, type SharedStoreOptions } from './shared-store.ts';
import { StoreRecords } from './store-records.ts';

/**
 * Reads a session through: its store, each record, the files of its memory, and whether what the records
 * say of each other agrees.
 *
 * @returns what is wrong, one line each; nothing when the session is whole
 * @throws SessionError when there is none, when it is busy, not to be trusted or unreadable: when it
 *   cannot be said
 */
export function checkSession(location: SessionLocation, options: SharedStoreOptions = {}): string[] {
  try {
    checkDirectory(location);
    const store = new SharedStore(storePath(realpathSync(location.path)), options);
    try {
      store.catchUp();
      const problems = store.check(isRecord);
      if (problems.length > 0) return problems;
      return store.read((reader) => inside(location, new StoreRecords(reader)));
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    if (error.code !== 'session-damaged' && error.code !== 'session-format') throw error;
    return [error.message];
  }
}

function inside(location: SessionLocation, records: Records): string[] {
  const state = bootState(records);
  if (state === undefined) {
    // A boot that failed, or a removal, leaves an empty store: nothing is damaged, and nothing is there.
    for (const _ of records.list('')) return ['it lost what it was booted from'];
    throw neverBooted(location);
  }
  return [
    ...arenaProblems(location.path, state),
    ...bufferProblems(location.path, records),
    ...journalProblems(records),
    ...findContradictions(records, new Kernel(records, NO_MEMORY)),
  ];
}

function arenaProblems(dir: string, state: BootState): string[] {
  const size = arenaSize(state.layout);
  const path = arenaPath(dir, state.arena);
  return [
    ...fileProblem(path, size),
    ...fileProblem(`${path}.dirty`, DirtyPages.fileSize(Math.ceil(size / ARENA_PAGE))),
  ];
}

/** A file that its program cut short is as the program wants it; one that is gone is not. */
function bufferProblems(dir: string, records: Records): string[] {
  return [...new ExportedBuffers(records).all()].flatMap(([file, { name }]) => {
    if (lstatSync(join(buffersPath(dir), name), { throwIfNoEntry: false }) !== undefined) return [];
    return [`exec/b/${name} is missing: the bytes of the buffer of file ${file} are lost`];
  });
}

function fileProblem(path: string, size: number): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [`${basename(path)} is missing: the bytes of memory are lost`];
  if (stat.size === size) return [];
  return [`${basename(path)} has ${stat.size} bytes, and not ${size}`];
}
