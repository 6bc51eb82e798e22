/** Where a session in a directory keeps its records and its bytes. */
import { realpathSync } from 'node:fs';
import { ExportedBuffers } from '../dma-buf/exported-buffers.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Records } from '../records.ts';
import { type BootState, bootState } from './boot-state.ts';
import { BufferFiles, buffersPath } from './buffer-files.ts';
import { arenaPath, type SessionLocation, storePath } from './directory.ts';
import { runningOwner } from './exec-directory.ts';
import { ExportedMemory } from './exported-memory.ts';
import { Arena, FilePhysMemory } from './file-phys-memory.ts';
import { SessionError, systemCode } from './session-error.ts';
import { SharedStore, type SharedStoreOptions } from './shared-store.ts';
import type { Store } from './store.ts';
import { StoreRecords } from './store-records.ts';
import type { Backing } from './stored-session.ts';

export interface DirectoryBackingOptions extends SharedStoreOptions {
  /**
   * The owner keeps transactions in a log and stores many at once, so that no call may wait for the disk: what the
   * arena puts off is done by `settle`.
   */
  readonly served?: boolean;
}

/** So many files of dead buffers wait at most. */
const MOST_RETIRED = 64;

export class DirectoryBacking implements Backing {
  readonly path: string;
  readonly store: Store;
  readonly #options: DirectoryBackingOptions;
  /** The files of exported buffers. */
  readonly buffers: BufferFiles;
  #arena: { readonly number: number; readonly arena: Arena } | undefined;
  /** Files of buffers that died, which the owner removes when it has answered. */
  #retired: string[] = [];

  /** @param store instead of its own */
  constructor(location: SessionLocation, options: DirectoryBackingOptions = {}, store?: Store) {
    this.path = location.path;
    this.#options = options;
    this.buffers = new BufferFiles(buffersPath(location.path));
    this.store = store ?? new SharedStore(storePath(realpathSync(location.path)), options);
  }

  memory(state: BootState, writable: boolean, records: Records): ExportedMemory {
    const arena = this.#arenaOf(state);
    // Others may have removed files since, and made some of the same names.
    this.buffers.close();
    if (writable) arena.begin();
    const settles = this.#options.served === true;
    return new ExportedMemory(new FilePhysMemory(arena, writable), this.buffers, records, { settles });
  }

  /** Before a transaction commits: zeroes what was put off to its end. */
  settled(memory: PhysMemory): void {
    if (memory instanceof ExportedMemory) memory.settle();
  }

  /** When a transaction is safe: removes the files of buffers that died in it. */
  committed(memory: PhysMemory): void {
    if (!(memory instanceof ExportedMemory)) return;
    const names = memory.retired.splice(0);
    if (this.#options.served === true) this.#retire(names);
    else for (const name of names) this.buffers.remove(name);
  }

  /** The owner has the lock again: others may have changed the arena meanwhile. */
  taken(): void {
    this.#arena?.arena.dirty.forget();
  }

  /** Before what was served is stored: all that the records rely on is on disk. */
  settle(): void {
    this.#arena?.arena.settle();
  }

  get server(): number | undefined {
    return runningOwner(this.path)?.pid;
  }

  replaced(error: unknown): boolean {
    if (!(error instanceof SessionError) || systemCode(error.cause) !== 'ENOENT') return false;
    const gone = this.buffers.nameIn(error);
    const read = this.#arena?.number;
    return this.store.read((reader) => {
      const records = new StoreRecords(reader);
      if (bootState(records)?.arena !== read) return true;
      // A buffer of the view has died meanwhile, and its file is gone.
      const isHeld = () => [...new ExportedBuffers(records).all()].some(([, { name }]) => name === gone);
      return gone !== undefined && !isHeld();
    });
  }

  close(): void {
    this.#removeRetired();
    this.#arena?.arena.close();
    this.#arena = undefined;
    this.buffers.close();
    this.store.close();
  }

  /** Who has asked need not wait for that. */
  #retire(names: readonly string[]): void {
    if (names.length === 0) return;
    if (this.#retired.length === 0) setImmediate(() => this.#removeRetired());
    this.#retired.push(...names);
    if (this.#retired.length > MOST_RETIRED) this.#removeRetired();
  }

  #removeRetired(): void {
    const names = this.#retired;
    this.#retired = [];
    for (const name of names) this.buffers.remove(name);
  }

  #arenaOf(state: BootState): Arena {
    if (this.#arena?.number === state.arena) return this.#arena.arena;
    this.#arena?.arena.close();
    const { served = false } = this.#options;
    const arena = new Arena(arenaPath(this.path, state.arena), state.layout, { ...this.#options, served });
    this.#arena = { number: state.arena, arena };
    return arena;
  }
}
