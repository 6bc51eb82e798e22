/**
 * Sessions in a directory: opened, booted, booted again, removed.
 */
import { realpathSync } from 'node:fs';
import type { BootOutcome } from '../kernel/boot.ts';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import type { Records } from '../records.ts';
import { MemoryRecords } from '../records.ts';
import type { SessionLocation } from './directory.ts';
import {
  arenaPath,
  checkDirectory,
  createDirectory,
  describeLocation,
  removeOldArenas,
  storePath,
  syncDirectory,
} from './directory.ts';
import { Arena, FilePhysMemory } from './file-phys-memory.ts';
import { LmdbStore } from './lmdb-store.ts';
import { isRecord } from './record-codec.ts';
import type { BootInputs, Session } from './session.ts';
import { SessionError, systemCode } from './session-error.ts';
import { StoreRecords } from './store-records.ts';
import { checkStore } from './store-seen.ts';
import type { Backing, BootState } from './stored-session.ts';
import { bootState, putBoot, StoredSession } from './stored-session.ts';

export interface SessionOptions {
  /** Called at named points of a transaction: tests end the process there. */
  readonly fault?: (point: string) => void;
}

/**
 * Opens a session that was booted before.
 *
 * @throws SessionError by name when there is none, or when it cannot be used
 */
export function openSession(location: SessionLocation, options: SessionOptions = {}): Session {
  checkDirectory(location);
  const backing = new DirectoryBacking(location, options);
  if (backing.booted) return new StoredSession(backing);
  backing.close();
  throw new SessionError(
    'session-missing',
    `the session at ${describeLocation(location)} was never booted`,
    'boot it with: dmaheap boot BOARD',
  );
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
 * @throws SessionError `session-has-buffers` when buffers are alive and `force` is not given
 */
export function bootSession<T extends BootOutcome>(
  location: SessionLocation,
  inputs: BootInputs,
  build: (records: Records) => T,
  options: BootOptions = {},
): T {
  const booted = new MemoryRecords();
  const outcome = build(booted);
  if (outcome.panic !== undefined) return outcome;
  createDirectory(location, options.version);
  const backing = new DirectoryBacking(location, options);
  try {
    const generation = replace(backing, booted, inputs, options);
    // After the commit: until then they belong to the session that is there.
    removeOldArenas(location.path, generation);
  } finally {
    backing.close();
  }
  return outcome;
}

function replace(
  backing: DirectoryBacking,
  booted: Records,
  inputs: BootInputs,
  options: BootOptions,
): number {
  let generation = 1;
  backing.store.write((reader) => {
    const records = new StoreRecords(reader, true);
    const old = bootState(records);
    if (old !== undefined && options.force !== true) refuseBuffers(backing, records, old);
    // A boot that was killed may have left files of this number: they belong to nobody.
    generation = (old?.generation ?? 0) + 1;
    const layout = layoutOf(booted);
    Arena.create(arenaPath(backing.path, generation), layout);
    syncDirectory(backing.path);
    options.fault?.('arena-made');
    for (const key of reader.keys('')) records.delete(key);
    putBoot(records, { generation, bootedAt: Date.now(), layout }, inputs, booted);
    return records.changes();
  });
  return generation;
}

function refuseBuffers(backing: DirectoryBacking, records: Records, old: BootState): void {
  const alive = new Kernel(records, backing.memory(old, false)).bufferCount();
  if (alive === 0) return;
  throw new SessionError(
    'session-has-buffers',
    `the session at ${backing.path} has ${alive} live ${alive === 1 ? 'buffer' : 'buffers'}`,
    'free them, or boot with --force',
  );
}

class DirectoryBacking implements Backing {
  readonly path: string;
  readonly store: LmdbStore;
  /** False when there is no store yet: a boot was killed before it made one. */
  readonly booted: boolean;
  readonly #options: SessionOptions;
  #arena: { readonly generation: number; readonly arena: Arena } | undefined;

  constructor(location: SessionLocation, options: SessionOptions) {
    this.path = location.path;
    this.#options = options;
    const path = storePath(realpathSync(location.path));
    this.booted = checkStore(path, (key, value) => isRecord(key.toString(), value));
    this.store = new LmdbStore(path, options);
  }

  memory(state: BootState, writable: boolean): FilePhysMemory {
    if (this.#arena?.generation !== state.generation) {
      this.#arena?.arena.close();
      const path = arenaPath(this.path, state.generation);
      this.#arena = { generation: state.generation, arena: new Arena(path, state.layout, this.#options) };
    }
    return new FilePhysMemory(this.#arena.arena, writable);
  }

  replaced(error: unknown): boolean {
    if (!(error instanceof SessionError) || systemCode(error.cause) !== 'ENOENT') return false;
    const read = this.#arena?.generation;
    const now = this.store.read((reader) => bootState(new StoreRecords(reader, false))?.generation);
    return now !== read;
  }

  close(): void {
    this.#arena?.arena.close();
    this.#arena = undefined;
    this.store.close();
  }
}
