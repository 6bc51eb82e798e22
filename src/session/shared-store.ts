/**
 * The store of a session that a server may own, as every other process uses it: what a killed server left in
 * its log is put into the store first.
 */
import { dirname } from 'node:path';
import { redoLogPath } from './exec-directory.ts';
import { hasFrames } from './redo-log.ts';
import { type Replayed, removeLog, replayLog } from './replay-log.ts';
import { SqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
import type { Store, StoreReader, StoreWriter } from './store.ts';

export interface SharedStoreOptions extends SqliteStoreOptions {
  /** Called once it is in the store what a killed server had left in its log. */
  readonly onReplayed?: (what: Replayed) => void;
}

export class SharedStore implements Store {
  readonly #log: string;
  readonly #store: SqliteStore;
  readonly #onReplayed: ((what: Replayed) => void) | undefined;
  /** Views and transactions that are running, one inside the other. */
  #depth = 0;

  /** @param directory the store's own, in that of the session; absolute */
  constructor(directory: string, options: SharedStoreOptions = {}) {
    this.#log = redoLogPath(dirname(directory));
    this.#store = new SqliteStore(directory, options);
    this.#onReplayed = options.onReplayed;
  }

  write(body: (writer: StoreWriter) => void): void {
    let replayed: Replayed | undefined;
    this.#within(() =>
      this.#store.write((writer) => {
        replayed = replayLog(this.#log, writer);
        body(writer);
      }),
    );
    if (replayed === undefined) return;
    removeLog(this.#log);
    this.#onReplayed?.(replayed);
  }

  read<T>(body: (reader: StoreReader) => T): T {
    if (this.#depth === 0 && hasFrames(this.#log)) this.write(() => {});
    return this.#within(() => this.#store.read(body));
  }

  #within<T>(body: () => T): T {
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }

  close(): void {
    this.#store.close();
  }
}
