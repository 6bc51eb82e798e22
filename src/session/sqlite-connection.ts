/**
 * A connection to the database of a store.
 *
 * SQL is run by `exec` alone, with two functions: `arg(i)` gives a value in, `row(…)` takes values out. So
 * there is no statement that outlives a call, and closing always lets go of everything.
 */
import { join } from 'node:path';
import { SessionError } from './session-error.ts';
import { loadSqlite, type SqliteDatabase, type SqlValue } from './sqlite-library.ts';

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
/** For who does not wait for the disk at each commit: writing it back waits. 8 MiB. */
const LONG_LOG_PAGES = 2048;
export const LOG_BYTES = LOG_PAGES * 4120;

/**
 * Set at every opening: none of them is kept in the database.
 *
 * @param durable whether a commit waits for the disk; else `SYNC` does, for all commits before it
 */
export const settings = (wait: number, durable = true): string => `
  PRAGMA busy_timeout=${wait};
  PRAGMA synchronous=${durable ? 'FULL' : 'NORMAL'};
  PRAGMA fullfsync=ON;
  PRAGMA temp_store=MEMORY;
  PRAGMA mmap_size=0;
  PRAGMA trusted_schema=OFF;
  PRAGMA cell_size_check=ON;
  PRAGMA wal_autocheckpoint=${durable ? LOG_PAGES : LONG_LOG_PAGES};`;

/** Makes the tables of a new database; the log is asked for here, and kept in the database. */
export const CREATE = `
  ${settings(0)}
  PRAGMA auto_vacuum=FULL;
  PRAGMA journal_mode=WAL;
  PRAGMA application_id=${APPLICATION_ID};
  PRAGMA user_version=${STORE_VERSION};
  ${TABLES.join(';')};
  INSERT INTO total VALUES (0, 0);`;

/** Writes the log into the database, as far as no reader needs it, and syncs both. */
export const SYNC = 'PRAGMA wal_checkpoint(PASSIVE)';

export const FILE = 'records.db';

/** The files of a store in `directory` that SQLite may make. */
export const filesOf = (directory: string): string[] =>
  ['', '-wal', '-shm', '-journal'].map((suffix) => join(directory, `${FILE}${suffix}`));

/** A connection, with the values that its next statement takes and the rows that its last one gave. */
export class Connection {
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

/** Whether the database is one of ours. @throws SessionError */
export function checkIdentity(connection: Connection, path: string): void {
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
