/**
 * A store in one LMDB file, shared by processes.
 *
 * How it is opened, and why:
 * - `overlappingSync: false`. lmdb-js turns it on by default: a transaction is then visible before it
 *   is on disk, and what a reboot leaves is decided when the file is next opened. Without it a commit
 *   is LMDB's own: pages, fdatasync, then the meta page through a synchronous descriptor; when
 *   transactionSync() has returned, the transaction survives a power cut.
 * - Views open the file read-only. lmdb-js takes the write lock to open a database for writing, and a
 *   reader must not wait for a writer. The first transaction reopens it.
 * - A map of 1 GiB of address space (nothing is allocated), so that it practically never has to grow
 *   while other processes use it; it grows when it has to.
 * - Opening clears the reader slots of processes that were killed, so that their snapshots do not keep
 *   free pages from being used again.
 *
 * LMDB's write lock is a robust mutex on Linux and a semaphore with undo on macOS: it passes on when
 * its owner is killed, and the half-written transaction was never visible.
 */
import { open, type RootDatabase } from 'lmdb';
import { FREE_SPACE, REBOOT, SessionError } from './session-error.ts';
import type { Store, StoreChanges, StoreReader } from './store.ts';
import { noteStore } from './store-seen.ts';

export interface LmdbStoreOptions {
  /** Bytes of address space to begin with. */
  readonly mapSize?: number;
  /** Called at named points of a transaction: tests end the process there. */
  readonly fault?: (point: string) => void;
}

type Database = RootDatabase<Uint8Array, Uint8Array>;

const MAP_SIZE = 2 ** 30;
const MAX_READERS = 254;

/**
 * One opened file. LMDB allows a process to open a file only once (closing it a second time would drop
 * its locks), so that the stores of a path share one.
 */
class Environment {
  readonly #path: string;
  readonly #mapSize: number;
  users = 1;
  /** Transactions and views in progress. */
  active = 0;
  #database: Database | undefined;
  #writable = false;

  constructor(path: string, mapSize: number) {
    this.#path = path;
    this.#mapSize = mapSize;
  }

  database(writable: boolean): Database {
    if (this.#database !== undefined && (this.#writable || !writable)) return this.#database;
    this.close();
    // `permissionsMode` is missing from the declared options.
    const options = {
      noSubdir: true,
      overlappingSync: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      maxDbs: 1,
      maxReaders: MAX_READERS,
      mapSize: this.#mapSize,
      readOnly: !writable,
      permissionsMode: 0o600,
    } as const;
    this.#database = open<Uint8Array, Uint8Array>(this.#path, options);
    this.#writable = writable;
    return this.#database;
  }

  close(): void {
    // The promise is for asynchronous writes, of which there are none: it closes before it returns.
    void this.#database?.close();
    this.#database = undefined;
  }
}

const environments = new Map<string, Environment>();

export class LmdbStore implements Store {
  readonly #path: string;
  readonly #fault: ((point: string) => void) | undefined;
  #environment: Environment | undefined;

  /** @param path the file, resolved: stores of one path share what is open */
  constructor(path: string, options: LmdbStoreOptions = {}) {
    this.#path = path;
    this.#fault = options.fault;
    const shared = environments.get(path);
    if (shared !== undefined) shared.users++;
    this.#environment = shared ?? new Environment(path, options.mapSize ?? MAP_SIZE);
    environments.set(path, this.#environment);
  }

  write(body: (reader: StoreReader) => StoreChanges): void {
    const environment = this.#use();
    if (environment.active > 0) throw new Error('a transaction inside a transaction or a view');
    environment.active++;
    try {
      const database = environment.database(true);
      database.transactionSync(() => {
        this.#fault?.('begun');
        for (const [key, bytes] of body(new Reader(database))) {
          if (bytes === undefined) void database.remove(keyBytes(key));
          else void database.put(keyBytes(key), bytes);
          this.#fault?.('put');
        }
        this.#fault?.('before-commit');
      });
    } catch (error) {
      // What failed inside LMDB may have left it unusable: the next one opens it anew.
      if (lmdbCode(error) !== undefined) environment.close();
      throw storeError(error);
    } finally {
      environment.active--;
    }
    this.#fault?.('committed');
    noteStore(this.#path);
  }

  read<T>(body: (reader: StoreReader) => T): T {
    const environment = this.#use();
    environment.active++;
    try {
      const database = environment.database(false);
      // Else a second view in the same turn of the event loop would see the first one's snapshot.
      database.resetReadTxn();
      const transaction = database.useReadTransaction();
      try {
        return body(new Reader(database, { transaction }));
      } finally {
        transaction.done();
      }
    } catch (error) {
      throw storeError(error);
    } finally {
      environment.active--;
    }
  }

  close(): void {
    const environment = this.#environment;
    this.#environment = undefined;
    if (environment === undefined || --environment.users > 0) return;
    environment.close();
    environments.delete(this.#path);
  }

  #use(): Environment {
    if (this.#environment === undefined) throw new Error('the store is closed');
    return this.#environment;
  }
}

type Transaction = ReturnType<Database['useReadTransaction']>;

class Reader implements StoreReader {
  readonly #database: Database;
  readonly #options: { transaction?: Transaction };

  constructor(database: Database, options: { transaction?: Transaction } = {}) {
    this.#database = database;
    this.#options = options;
  }

  get(key: string): Uint8Array | undefined {
    return this.#database.get(keyBytes(key), this.#options);
  }

  keys(prefix: string): string[] {
    const range = prefix === '' ? {} : { start: keyBytes(prefix), end: prefixEnd(prefix) };
    const keys: string[] = [];
    for (const key of this.#database.getKeys({ ...range, ...this.#options })) {
      keys.push(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString());
    }
    return keys;
  }
}

const keyBytes = (key: string): Buffer => Buffer.from(key, 'utf8');

/** The first key after all that start with `prefix`: UTF-8 has no byte 0xff, so adding 1 is safe. */
function prefixEnd(prefix: string): Buffer {
  const bytes = keyBytes(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}

/** The number that lmdb-js puts on errors of LMDB (negative) and of the system (errno). */
function lmdbCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

const MDB_READERS_FULL = -30790;
const MDB_MAP_FULL = -30792;
const MDB_INVALID = -30793;
const MDB_VERSION_MISMATCH = -30794;

/**
 * errno of the host: no space, quota (Linux, macOS), file too large; and EIO, because that is what LMDB
 * makes of a write that was cut short, as the last one before a full disk is.
 */
const NO_SPACE = new Set([28, 122, 69, 27, 5, MDB_MAP_FULL]);

/** What an error of LMDB means for the session; other errors are returned as they are. */
function storeError(error: unknown): unknown {
  const code = lmdbCode(error);
  if (code === undefined) return error;
  // What LMDB adds after a colon is for its developers.
  const text = error instanceof Error ? error.message.replace(/:.*/s, '') : '';
  if (NO_SPACE.has(code)) {
    return new SessionError(
      'session-disk-full',
      `cannot write the session, its disk is full or a limit is reached: ${text}`,
      FREE_SPACE,
      error,
    );
  }
  if (code === MDB_READERS_FULL) {
    return new SessionError(
      'session-busy',
      `more than ${MAX_READERS} processes read the session`,
      undefined,
      error,
    );
  }
  if (code === MDB_VERSION_MISMATCH || code === MDB_INVALID) {
    return new SessionError(
      'session-damaged',
      `store.mdb is not a store of this version: ${text}`,
      REBOOT,
      error,
    );
  }
  if (code < 0) return new SessionError('session-damaged', `the session is damaged: ${text}`, REBOOT, error);
  return new SessionError('session-unreadable', `cannot use the session: ${text}`, undefined, error);
}
