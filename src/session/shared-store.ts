/**
 * The store of a session that a server may own, as every other process uses it.
 *
 *     transaction, nobody owns it    the lock; what a killed server left in its log is put into the store first
 *     transaction, somebody does     a lease is asked for while the lock is waited for
 *     view                           what is in the log is put into the store first: by its owner, when it lives
 *
 * A session that nobody owns costs one look at a file that is not there.
 */
import { dirname } from 'node:path';
import { redoLogPath, runningOwner } from './exec-directory.ts';
import { Request } from './lease-requests.ts';
import { lookAtLog } from './redo-log.ts';
import { isNews, type Replayed, removeLog, replayLog } from './replay-log.ts';
import { sleep } from './sleep.ts';
import { DEFAULT_WAIT, SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
import type { Store, StoreReader, StoreWriter } from './store.ts';

export interface SharedStoreOptions extends SqliteStoreOptions {
  /** Called once it is in the store what a killed server had left in its log. */
  readonly onReplayed?: (what: Replayed) => void;
  /** Called once when a while was waited for another process. @param who in words */
  readonly onLongWait?: (who: string) => void;
}

/** Who has waited for so many milliseconds is told for whom. */
const LONG_WAIT = 2000;

/** How often it is looked whether the owner has stored, milliseconds. */
const PAUSE = 1;

export class SharedStore implements Store {
  readonly #dir: string;
  readonly #log: string;
  readonly #store: SqliteStore;
  readonly #options: SharedStoreOptions;
  #lease: Request | undefined;
  #isTold = false;
  /** Views and transactions that are running, one inside the other. */
  #depth = 0;

  /** @param directory the store's own, in that of the session; absolute */
  constructor(directory: string, options: SharedStoreOptions = {}) {
    this.#dir = dirname(directory);
    this.#log = redoLogPath(this.#dir);
    this.#options = options;
    const onBusy = (waited: number): void => {
      this.#askForLease();
      this.#tell(waited);
    };
    this.#store = new SqliteStore(directory, { ...options, onBusy });
  }

  write(body: (writer: StoreWriter) => void): void {
    let replayed: Replayed | undefined;
    try {
      if (lookAtLog(this.#log) !== 'missing') this.#waitForLease();
      this.#within(() =>
        this.#store.write((writer) => {
          replayed = replayLog(this.#log, writer);
          body(writer);
        }),
      );
    } finally {
      this.#lease?.withdraw();
      this.#lease = undefined;
    }
    if (replayed === undefined) return;
    this.#removeLog();
    if (isNews(replayed)) this.#options.onReplayed?.(replayed);
  }

  /** Removes the log that was replayed: under the lock, since a server may have begun another one meanwhile. */
  #removeLog(): void {
    this.#store.write((writer) => {
      if (runningOwner(this.#dir) !== undefined) return;
      const left = replayLog(this.#log, writer);
      if (left === undefined || !('calls' in left) || left.calls === 0) removeLog(this.#log);
    });
  }

  read<T>(body: (reader: StoreReader) => T, mayLag = false): T {
    if (this.#depth === 0 && !mayLag) this.catchUp();
    return this.#within(() => this.#store.read(body));
  }

  /** Sees to it that all that was answered is in the store. @throws SessionError `session-busy` */
  catchUp(): void {
    // Again when the owner has ended meanwhile; a log that cannot be removed is no reason to go on for ever.
    for (let attempt = 0; attempt < 4 && lookAtLog(this.#log) === 'frames'; attempt++) {
      if (runningOwner(this.#dir) === undefined) this.write(() => {});
      else if (this.#askToStore()) return;
    }
  }

  /** As `SqliteStore.check` does. */
  check(isWhole: (key: string, value: Uint8Array) => boolean): string[] {
    return this.#store.check(isWhole);
  }

  /** As `SqliteStore.compact` does. */
  compact(): void {
    this.#store.compact();
  }

  close(): void {
    this.#store.close();
  }

  #within<T>(body: () => T): T {
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }

  /** Who owns the session says when it lets the lock go. */
  #waitForLease(): void {
    this.#askForLease();
    const lease = this.#lease;
    if (lease !== undefined) this.#await(() => lease.isGranted);
  }

  #tell(waited: number): void {
    const { onLongWait, onBusy } = this.#options;
    onBusy?.(waited);
    if (this.#isTold || waited < LONG_WAIT) return;
    this.#isTold = true;
    onLongWait?.(this.#store.holder);
  }

  #askForLease(): void {
    if (this.#lease === undefined && runningOwner(this.#dir) !== undefined) {
      this.#lease = new Request(this.#dir, 'lease');
    }
  }

  /** @returns whether the owner has done it; else it has ended */
  #askToStore(): boolean {
    const request = new Request(this.#dir, 'store');
    try {
      return this.#await(() => !request.isPending);
    } finally {
      request.withdraw();
    }
  }

  /** Waits for an answer of the owner. @returns whether it came; else the owner has ended. @throws SessionError `session-busy` */
  #await(isAnswered: () => boolean): boolean {
    const { wait = DEFAULT_WAIT } = this.#options;
    const start = performance.now();
    while (!isAnswered()) {
      const waited = performance.now() - start;
      if (waited > wait) throw this.#store.busy(wait);
      this.#tell(waited);
      if (runningOwner(this.#dir) === undefined) return false;
      sleep(PAUSE);
    }
    return true;
  }
}
