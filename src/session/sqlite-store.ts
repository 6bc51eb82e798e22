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
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { checkOwn } from './host-files.ts';
import { keyText } from './key-bytes.ts';
import { LockHolder } from './lock-holder.ts';
import { SessionError } from './session-error.ts';
import { Connection, checkIdentity, FILE, filesOf, LOG_BYTES, SYNC, settings } from './sqlite-connection.ts';
import { isBusy, sqliteCode, storeError } from './sqlite-error.ts';
import { checksumOf, Reader, Writer } from './sqlite-records.ts';
import type { Store, StoreReader, StoreWriter } from './store.ts';

export interface SqliteStoreOptions {
  /** How long to wait for another process's transaction, in milliseconds. */
  readonly wait?: number;
  /** Called at named points of a transaction: tests end the process there. */
  readonly fault?: (point: string) => void;
  /** Whether a commit waits for the disk, as it does unless this is false; `sync` does then. */
  readonly durable?: boolean;
  /** Called now and then while the write lock is another's. @param waited milliseconds so far */
  readonly onBusy?: (waited: number) => void;
}

/** A store whose write lock this process has. */
export interface HeldStore {
  readonly writer: StoreWriter;
  /** The same text as when it was held last: nobody else has committed meanwhile. */
  readonly version: string;
  /** Commits what was put, and lets the lock go. @throws SessionError when it could not; the lock is let go all the same */
  commit(): void;
  /** Lets the lock go; what was put is forgotten. @param cause the error that it is for */
  letGo(cause?: unknown): void;
}

/** How long a transaction waits for the one before it, unless it is told otherwise. */
export const DEFAULT_WAIT = 30_000;

/** For so many milliseconds SQLite asks for a lock after 1, 2, 5 and 10 of them. */
const SHORT_WAIT = 20;

export class SqliteStore implements Store {
  readonly #directory: string;
  readonly #wait: number;
  readonly #fault: ((point: string) => void) | undefined;
  readonly #durable: boolean;
  readonly #onBusy: ((waited: number) => void) | undefined;
  readonly #holder: LockHolder;
  #connection: Connection | undefined;
  /** How many were opened. */
  #connections = 0;
  /** Views and transactions that are running, one inside the other. */
  #depth = 0;
  #closed = false;

  /** @param directory the store's own, as `createStore` makes it; absolute */
  constructor(directory: string, options: SqliteStoreOptions = {}) {
    this.#directory = directory;
    this.#wait = options.wait ?? DEFAULT_WAIT;
    this.#fault = options.fault;
    this.#durable = options.durable !== false;
    this.#onBusy = options.onBusy;
    this.#holder = new LockHolder(join(directory, 'holder'));
  }

  write(body: (writer: StoreWriter) => void): void {
    const held = this.take();
    try {
      this.#fault?.('begun');
      body(held.writer);
    } catch (error) {
      held.letGo(error);
      throw this.#named(error);
    }
    held.commit();
    this.#shortenLog();
    this.#fault?.('committed');
  }

  /**
   * Takes the write lock until it is given back: for who owns the store for long.
   *
   * @param wait milliseconds, unless the store's own
   */
  take(wait = this.#wait): HeldStore {
    if (this.#depth > 0) throw new Error('a transaction inside a transaction or a view');
    const connection = this.#open();
    const end = (cause: unknown) => {
      this.#holder.leave();
      this.#depth--;
      this.#rollBack(connection, cause);
    };
    this.#depth++;
    try {
      this.#begin(connection, wait);
      this.#holder.take();
    } catch (error) {
      this.#depth--;
      this.#rollBack(connection, error);
      throw this.#named(error);
    }
    const writer = new Writer(connection, this.#fault);
    return {
      writer,
      version: this.#version(connection),
      letGo: end,
      commit: () => {
        try {
          writer.finish();
          this.#fault?.('before-commit');
          this.#commit(connection);
        } catch (error) {
          end(error);
          throw this.#named(error);
        }
        this.#holder.leave();
        this.#depth--;
      },
    };
  }

  /** SQLite's number of other connections' commits, which each connection counts for itself. */
  #version(connection: Connection): string {
    const [row] = connection.run('SELECT row(data_version) FROM pragma_data_version');
    return `${this.#connections}.${String(row?.[0])}`;
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

  /** Waits until everything that was committed is on disk; not inside of a transaction. @throws SessionError */
  sync(): void {
    try {
      this.#open().run(SYNC);
    } catch (error) {
      throw this.#named(error);
    }
  }

  /** Whose the lock is at this moment, in words. */
  get holder(): string {
    return this.#holder.who;
  }

  /** What to say after so many milliseconds of waiting for whoever has the lock. */
  busy(waited: number, cause?: unknown): SessionError {
    return this.#holder.busy(waited, cause);
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
          if (text === 'ok') return;
          for (const line of String(text).split('\n')) {
            if (!line.startsWith('***')) problems.push(`the database: ${line}`);
          }
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
      this.#connections++;
      connection.run(settings(this.#wait, this.#durable));
      checkIdentity(connection, database);
      return connection;
    } catch (error) {
      this.#let();
      throw this.#named(error);
    }
  }

  /**
   * Waits for the write lock. SQLite asks for it ten times a second when it has waited for a while, and so
   * misses the moments between the transactions of a process that does nothing else; asked anew, it begins
   * with short pauses again.
   */
  #begin(connection: Connection, wait: number): void {
    const start = performance.now();
    for (let isBegun = false; !isBegun; ) {
      const waited = performance.now() - start;
      const left = Math.max(0, Math.ceil(wait - waited));
      try {
        connection.run(`PRAGMA busy_timeout=${Math.min(left, SHORT_WAIT)}; BEGIN IMMEDIATE`);
        isBegun = true;
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (left === 0) throw this.#holder.busy(wait, error);
        this.#onBusy?.(waited);
      } finally {
        // Everything else is waited for as SQLite does it.
        connection.run(`PRAGMA busy_timeout=${this.#wait}`);
      }
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
    if (isBusy(error)) return this.#holder.busy(this.#wait, error);
    return storeError(error, this.#directory);
  }
}

const gone = (path: string): SessionError =>
  new SessionError('session-missing', `${path} is not there`, 'boot it with: dmaheap boot BOARD');
