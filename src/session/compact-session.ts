/** Makes a session as small as what it holds: what `dmaheap session compact` does. */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BootState } from './boot-state.ts';
import { bootState, putArena } from './boot-state.ts';
import { arenaPath, checkDirectory, removeLeftovers, type SessionLocation, storePath } from './directory.ts';
import { ARENA_PAGE } from './dirty-pages.ts';
import { Arena, arenaSize } from './file-phys-memory.ts';
import { syncDirectory, unlinkQuietly } from './host-files.ts';
import { refuseOwned } from './owned-session.ts';
import { fileError } from './session-error.ts';
import { SharedStore, type SharedStoreOptions } from './shared-store.ts';
import { WritableRecords } from './store-records.ts';

/** Bytes on disk. */
export interface Compacted {
  readonly before: number;
  readonly after: number;
}

/**
 * Writes the bytes of memory into a new sparse file, in which pages that hold zeros take no room, and gives
 * back the free pages of the store. Nothing of the session changes; it is locked meanwhile.
 *
 * @throws SessionError
 */
export function compactSession(location: SessionLocation, options: SharedStoreOptions = {}): Compacted {
  checkDirectory(location);
  refuseOwned(location.path, 'compact it', options.wait);
  const before = sizeOnDisk(location.path);
  const store = new SharedStore(storePath(realpathSync(location.path)), options);
  try {
    let arena = 0;
    store.write((writer) => {
      refuseOwned(location.path, 'compact it');
      const records = new WritableRecords(writer);
      const state = bootState(records);
      if (state === undefined) return;
      arena = state.arena + 1;
      copyArena(location.path, state, arena);
      putArena(records, arena);
      records.flush();
    });
    removeLeftovers(location.path, arena);
    store.compact();
  } finally {
    store.close();
  }
  return { before, after: sizeOnDisk(location.path) };
}

const CHUNK = 256 * ARENA_PAGE;

function copyArena(dir: string, state: BootState, number: number): void {
  const path = arenaPath(dir, number);
  try {
    Arena.create(path, state.layout);
    copyPages(dir, state, number);
    syncDirectory(dir);
  } catch (error) {
    // Half a copy would take the room that was to be won.
    unlinkQuietly(path);
    unlinkQuietly(`${path}.dirty`);
    throw error;
  }
}

/** Copies the pages that hold anything but zeros. */
function copyPages(dir: string, { layout, arena: old }: BootState, number: number): void {
  const from = new Arena(arenaPath(dir, old), layout);
  const to = new Arena(arenaPath(dir, number), layout);
  try {
    const size = arenaSize(layout);
    for (const { page, pages } of from.dirty.runs(0, Math.ceil(size / ARENA_PAGE), true)) {
      const end = Math.min(size, (page + pages) * ARENA_PAGE);
      for (let at = page * ARENA_PAGE; at < end; at += CHUNK) {
        const bytes = new Uint8Array(Math.min(CHUNK, end - at));
        from.read(at, bytes);
        to.write(notZero(at, bytes));
      }
    }
    to.sync();
  } finally {
    from.close();
    to.close();
  }
}

function notZero(offset: number, bytes: Uint8Array): { offset: number; bytes: Uint8Array }[] {
  const pages: { offset: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; at += ARENA_PAGE) {
    const page = bytes.subarray(at, at + ARENA_PAGE);
    if (page.some((byte) => byte !== 0)) pages.push({ offset: offset + at, bytes: page });
  }
  return pages;
}

/** What the files of a session take. */
export function sizeOnDisk(dir: string): number {
  try {
    const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    // In blocks of 512 bytes, whatever the file system's own are.
    return names.reduce(
      (sum, name) => sum + 512 * (statSync(join(dir, name), { throwIfNoEntry: false })?.blocks ?? 0),
      0,
    );
  } catch (error) {
    throw fileError(error, `look at ${dir}`);
  }
}
