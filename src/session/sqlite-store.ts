/**
 * A store in an SQLite database, shared by processes.
 *
 * - A write-ahead log: readers see a snapshot and never wait for the writer, the writer never for them.
 * - `BEGIN IMMEDIATE` takes the write lock before anything is read, so that what a transaction reads is
 *   what it changes. The lock is the kernel's (fcntl): it is gone with a process that is killed.
 * - `synchronous=FULL`: when a commit has returned, it survives a power cut.
 * - A process may end without closing: the log is there for the next one. Closing would write it into the
 *   database, which costs more syncs than the commit; it is done when the log has become long.
 *
 * The database holds the records, and how many there are with the sum of their checksums (`total`), by
 * which a page that was put in another's place is noticed. Keys are BLOBs: TEXT is cut at NUL and does not
 * hold lone surrogates apart.
 *
 * SQL is run by `exec` alone, with two functions: `arg(i)` gives a value in, `row(…)` takes values out. So
 * there is no statement that outlives a call, and closing always lets go of everything.
 */
import { closeSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  checkOwn,
  createOwn,
  makeFreshDirectory,
  removeDirectory,
  renameHost,
  syncDirectory,
} from './host-files.ts';
import { keyBytes, keyText } from './key-bytes.ts';
import { LockHolder } from './lock-holder.ts';
import { fileError, SessionError, systemCode } from './session-error.ts';
import { sqliteCode, storeError } from './sqlite-error.ts';
import { loadSqlite, type SqliteDatabase, type SqlValue } from './sqlite-library.ts';
import type { Store, StoreChanges, StoreReader, StoreWriter } from './store.ts';

export interface SqliteStoreOptions {
  /** How long to wait for another process's transaction, in milliseconds. */
  readonly wait?: number;
  /** Called at named points of a transaction: tests end the process there. */
  readonly fault?: (point: string) => void;
}

/** How long a transaction waits for the one before it, unless it is told otherwise. */
export const DEFAULT_WAIT = 30_000;

/** "dmah": `file` and SQLite's own tools tell our databases by it. */
const APPLICATION_ID = 0x646d6168;
/** Raised when the tables change. */
const STORE_VERSION = 1;
const TABLES = [
  'CREATE TABLE records (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID',
  'CREATE TABLE total (records INTEGER NOT NULL, checksum INTEGER NOT NULL)',
] as const;

/**
 * How long the log may get before it is written into the database. Every process that opens the store
 * alone reads the log through (0.6 ms for a megabyte), and writing it back costs three syncs.
 */
const LOG_PAGES = 250;
const LOG_BYTES = LOG_PAGES * 4120;

/** Set at every opening: none of them is kept in the database. */
const settings = (wait: number): string => `
  PRAGMA busy_timeout=${wait};
  PRAGMA synchronous=FULL;
  PRAGMA fullfsync=ON;
  PRAGMA temp_store=MEMORY;
  PRAGMA mmap_size=0;
  PRAGMA trusted_schema=OFF;
  PRAGMA cell_size_check=ON;
  PRAGMA wal_autocheckpoint=${LOG_PAGES};`;

/** How many changes go to SQLite in one statement. */
const BATCH = 1024;

const FILE = 'records.db';

/** The files of a store in `directory` that SQLite may make. */
const filesOf = (directory: string): string[] =>
  ['', '-wal', '-shm', '-journal'].map((suffix) => join(directory, `${FILE}${suffix}`));

/** A connection, with the values that its next statement takes and the rows that its last one gave. */
class Connection {
  readonly #database: SqliteDatabase;
  #arguments: readonly SqlValue[] = [];
  #onRow: (row: SqlValue[]) => void = () => {};

  constructor(path: string) {
    this.#database = new (loadSqlite().DatabaseSync)(path);
    this.#database.function('arg', {}, (index: number) => this.#arguments[index] ?? null);
    this.#database.function('row', { varargs: true }, (...values: SqlValue[]) => {
      this.#onRow(values);
      return null;
    });
  }

  /** Runs SQL in which `arg(i)` are the values. @returns what `row(…)` was called with */
  run(sql: string, values: readonly SqlValue[] = []): readonly SqlValue[][] {
    const rows: SqlValue[][] = [];
    this.each(sql, (row) => rows.push(row), values);
    return rows;
  }

  /** Runs SQL and gives each call of `row(…)` away at once; `onRow` must not use the connection. */
  each(sql: string, onRow: (row: SqlValue[]) => void, values: readonly SqlValue[] = []): void {
    this.#arguments = values;
    this.#onRow = onRow;
    this.#database.exec(sql);
  }

  close(): void {
    this.#database.close();
  }
}

export class SqliteStore implements Store {
  readonly #directory: string;
  readonly #wait: number;
  readonly #fault: ((point: string) => void) | undefined;
  readonly #holder: LockHolder;
  #connection: Connection | undefined;
  /** Views and transactions that are running, one inside the other. */
  #depth = 0;
  #closed = false;

  /** @param directory the store's own, as `createStore` makes it; absolute */
  constructor(directory: string, options: SqliteStoreOptions = {}) {
    this.#directory = directory;
    this.#wait = options.wait ?? DEFAULT_WAIT;
    this.#fault = options.fault;
    this.#holder = new LockHolder(join(directory, 'holder'));
  }

  write(body: (writer: StoreWriter) => void): void {
    if (this.#depth > 0) throw new Error('a transaction inside a transaction or a view');
    const connection = this.#open();
    this.#depth++;
    try {
      this.#begin(connection);
      this.#holder.take();
      try {
        this.#fault?.('begun');
        const writer = new Writer(connection, this.#fault);
        body(writer);
        writer.finish();
        this.#fault?.('before-commit');
        this.#commit(connection);
      } finally {
        this.#holder.leave();
      }
    } catch (error) {
      this.#rollBack(connection, error);
      throw this.#named(error);
    } finally {
      this.#depth--;
    }
    this.#shortenLog();
    this.#fault?.('committed');
  }

  /**
   * Lets go of a store whose log is long. A log is begun anew only by a process that knows that all of it
   * is in the database; that knowledge is in shared memory, and gone with the last process that ends
   * without closing. So one that meets a long log closes: the last to do so removes it.
   */
  #shortenLog(): void {
    const log = statSync(join(this.#directory, `${FILE}-wal`), { throwIfNoEntry: false });
    if (log !== undefined && log.size > LOG_BYTES) this.#let();
  }

  read<T>(body: (reader: StoreReader) => T): T {
    const connection = this.#open();
    this.#depth++;
    try {
      if (this.#depth === 1) connection.run('BEGIN');
      return body(new Reader(connection));
    } catch (error) {
      throw this.#named(error);
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#rollBack(connection, undefined);
    }
  }

  /**
   * Reads the whole store through.
   *
   * @param isWhole says of a value whether it is what was stored under its key
   * @returns what is wrong, in words; nothing when the store is whole
   */
  check(isWhole: (key: string, value: Uint8Array) => boolean): string[] {
    const problems: string[] = [];
    const connection = this.#open();
    this.read(() => {
      const part = (what: string, body: () => void): void => {
        try {
          body();
        } catch (error) {
          // Where one part cannot be read, another may tell more.
          if (sqliteCode(error) === undefined) throw error;
          problems.push(`${what}: ${(error as Error).message}`);
        }
      };
      part('the database', () =>
        connection.each('SELECT row(integrity_check) FROM pragma_integrity_check', ([text]) => {
          if (text !== 'ok') problems.push(`the database: ${String(text)}`);
        }),
      );
      let count = 0;
      let sum = 0;
      part('the records', () => {
        connection.each('SELECT row(key, value) FROM records', ([key, value]) => {
          count++;
          const name = key instanceof Uint8Array ? keyText(key) : String(key);
          if (!(value instanceof Uint8Array) || !isWhole(name, value)) {
            problems.push(`record ${JSON.stringify(name)} is not what was stored`);
          } else sum = (sum + checksumOf(value)) >>> 0;
        });
        const [total] = connection.run('SELECT row(records, checksum) FROM total');
        if (total?.[0] === count && total[1] === sum) return;
        problems.push(
          total?.[0] === count
            ? 'the records are not all those that were stored last'
            : `there are ${count} records, and ${String(total?.[0])} were stored`,
        );
      });
    });
    return problems;
  }

  /** Writes the log into the database and gives free pages back. */
  compact(): void {
    const connection = this.#open();
    try {
      connection.run('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      throw this.#named(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#let();
  }

  #let(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    this.#depth = 0;
    this.#rollBack(connection, undefined);
    connection.close();
    this.#holder.close();
  }

  #open(): Connection {
    if (this.#closed) throw new Error('the store is closed');
    if (this.#connection !== undefined) return this.#connection;
    // SQLite makes what is missing, and follows or overwrites what somebody else put there.
    const [database = '', ...others] = filesOf(this.#directory);
    if (!checkOwn(database)) throw gone(database);
    for (const path of others) checkOwn(path);
    try {
      const connection = new Connection(database);
      this.#connection = connection;
      connection.run(settings(this.#wait));
      checkIdentity(connection, database);
      return connection;
    } catch (error) {
      this.#let();
      throw this.#named(error);
    }
  }

  #begin(connection: Connection): void {
    try {
      connection.run('BEGIN IMMEDIATE');
    } catch (error) {
      if (sqliteCode(error) !== BUSY) throw error;
      throw this.#holder.busy(this.#wait, error);
    }
  }

  #commit(connection: Connection): void {
    try {
      connection.run('COMMIT');
    } catch (error) {
      const named = this.#named(error);
      if (!(named instanceof SessionError)) throw error;
      // What was written may be whole, and is then found by the next process that opens the store.
      throw new SessionError(
        named.code,
        `${named.message}; whether the change was committed is not known`,
        'look whether it is there (dmaheap session info counts the calls) before you do it again',
        error,
      );
    }
  }

  #rollBack(connection: Connection, cause: unknown): void {
    try {
      connection.run('ROLLBACK');
    } catch {
      // It was rolled back by what went wrong, or nothing had begun.
    }
    // After a failure of SQLite's own the next transaction begins with a fresh connection.
    if (sqliteCode(cause) !== undefined && this.#depth <= 1 && this.#connection === connection) {
      this.#connection = undefined;
      connection.close();
    }
  }

  #named(error: unknown): unknown {
    if (error instanceof SessionError) return error;
    if (sqliteCode(error) === BUSY) return this.#holder.busy(this.#wait, error);
    return storeError(error, this.#directory);
  }
}

const BUSY = 5;

/**
 * Makes an empty store, whole or not at all: it is built under another name and renamed. So there is never
 * a log of an older store beside a new one, from which that would rise again.
 *
 * @returns false when there is one
 */
export function createStore(directory: string): boolean {
  const fresh = makeFreshDirectory(`${directory}.`);
  try {
    const [database = ''] = filesOf(fresh);
    // SQLite would make it 0644; its other files inherit the mode.
    closeSync(createOwn(database));
    const connection = new Connection(database);
    try {
      connection.run(`${settings(DEFAULT_WAIT)}
        PRAGMA auto_vacuum=FULL;
        PRAGMA journal_mode=WAL;
        PRAGMA application_id=${APPLICATION_ID};
        PRAGMA user_version=${STORE_VERSION};
        ${TABLES.join(';')};
        INSERT INTO total VALUES (0, 0);`);
      const [mode] = connection.run('SELECT row(journal_mode) FROM pragma_journal_mode');
      if (mode?.[0] !== 'wal') {
        throw new SessionError(
          'session-unreadable',
          `the file system of ${dirname(directory)} cannot hold a session: it has no shared memory maps`,
          'name a directory on a local disk with --session',
        );
      }
    } finally {
      connection.close();
    }
    syncDirectory(fresh);
    renameHost(fresh, directory);
    syncDirectory(dirname(directory));
    return true;
  } catch (error) {
    try {
      removeDirectory(fresh);
    } catch {
      // The first error is the one that says something; what is left is swept by a later boot.
    }
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
    throw storeError(fileError(error, `make ${directory}`), directory);
  }
}

const gone = (path: string): SessionError =>
  new SessionError('session-missing', `${path} is not there`, 'boot it with: dmaheap boot BOARD');

/** Whether the database is one of ours. @throws SessionError */
function checkIdentity(connection: Connection, path: string): void {
  const [identity, ...tables] = connection.run(`
    SELECT row(application_id, user_version) FROM pragma_application_id, pragma_user_version;
    SELECT row(sql) FROM sqlite_schema ORDER BY name`);
  const [application, version] = identity ?? [];
  if (application === APPLICATION_ID && version !== STORE_VERSION) {
    throw new SessionError(
      'session-format',
      `${path} has store version ${String(version)}; this dmaheap uses ${STORE_VERSION}`,
      'use the dmaheap that made it, or another directory (--session DIR)',
    );
  }
  const same = tables.length === TABLES.length && tables.every(([sql], i) => sql === TABLES[i]);
  if (application === APPLICATION_ID && same) return;
  throw new SessionError('session-damaged', `${path} is not a store of dmaheap`);
}

class Reader implements StoreReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get(key: string): Uint8Array | undefined {
    const [row] = this.#connection.run('SELECT row(value) FROM records WHERE key=arg(0)', [keyBytes(key)]);
    const value = row?.[0];
    return value instanceof Uint8Array ? value : undefined;
  }

  keys(prefix: string): string[] {
    const first = keyBytes(prefix);
    const rows =
      first.length === 0
        ? this.#connection.run('SELECT row(key) FROM records')
        : this.#connection.run('SELECT row(key) FROM records WHERE key>=arg(0) AND key<arg(1)', [
            first,
            prefixEnd(first),
          ]);
    return rows.map(([key]) => (key instanceof Uint8Array ? keyText(key) : ''));
  }
}

/** Writes changes, many in a statement, and keeps count of the records. */
class Writer extends Reader implements StoreWriter {
  readonly #connection: Connection;
  readonly #fault: ((point: string) => void) | undefined;
  /** What the changes add to the totals; all that there is, when the store was cleared. */
  #records = 0;
  #checksum = 0;
  #changed = false;
  #cleared = false;

  constructor(connection: Connection, fault: ((point: string) => void) | undefined) {
    super(connection);
    this.#connection = connection;
    this.#fault = fault;
  }

  put(changes: StoreChanges): void {
    let gone: Uint8Array[] = [];
    let put: Uint8Array[] = [];
    for (const [key, bytes] of changes) {
      if (bytes === undefined) gone.push(keyBytes(key));
      else put.push(keyBytes(key), bytes);
      if (gone.length + put.length / 2 < BATCH) continue;
      this.#batch(gone, put);
      [gone, put] = [[], []];
    }
    this.#batch(gone, put);
  }

  clear(): void {
    this.#connection.run('DELETE FROM records');
    [this.#records, this.#checksum] = [0, 0];
    [this.#changed, this.#cleared] = [true, true];
  }

  /** Brings the totals up to date: the last change of a transaction. */
  finish(): void {
    if (!this.#changed) return;
    const before = this.#cleared ? '0' : '';
    this.#connection.run(
      `UPDATE total SET records = ${before || 'records'} + arg(0),
                        checksum = (${before || 'checksum'} + arg(1)) & 4294967295`,
      [this.#records, this.#checksum],
    );
  }

  #batch(gone: readonly Uint8Array[], put: readonly Uint8Array[]): void {
    const keys = [...gone, ...put.filter((_, i) => i % 2 === 0)];
    if (keys.length === 0) return;
    this.#changed = true;
    const old = this.#connection.run(
      `SELECT row(substr(value, 1, 4)) FROM records WHERE key IN (${each(keys.length, 1, 'arg(i)')})`,
      keys,
    );
    for (const [head] of old) {
      this.#records--;
      this.#checksum -= head instanceof Uint8Array ? checksumOf(head) : 0;
    }
    if (gone.length > 0) {
      this.#connection.run(`DELETE FROM records WHERE key IN (${each(gone.length, 1, 'arg(i)')})`, gone);
    }
    if (put.length > 0) {
      this.#connection.run(
        `INSERT OR REPLACE INTO records ${each(put.length, 2, 'arg(i), arg(i + 1)')}`,
        put,
      );
      for (let i = 1; i < put.length; i += 2) this.#checksum += checksumOf(put[i] as Uint8Array);
      this.#records += put.length / 2;
    }
    this.#fault?.('put');
  }
}

/** A SELECT of `columns` for i = 0, step, 2 × step … below `count`. */
const each = (count: number, step: number, columns: string): string =>
  `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + ${step} FROM n WHERE i + ${step} < ${count})
   SELECT ${columns} FROM n`;

/** The checksum that a record begins with (record-codec.ts). */
const checksumOf = (value: Uint8Array): number =>
  ((value[0] ?? 0) | ((value[1] ?? 0) << 8) | ((value[2] ?? 0) << 16) | ((value[3] ?? 0) << 24)) >>> 0;

/** The first key after all that start with `prefix`: UTF-8 has no byte 0xff, so adding 1 is safe. */
function prefixEnd(prefix: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}
