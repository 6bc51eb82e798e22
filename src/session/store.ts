/**
 * A store of keys and bytes that processes share: what records are kept in. One writer at a time,
 * readers on snapshots. Knows nothing of what the bytes mean.
 */

/** What was committed when the transaction or view began. */
export interface StoreReader {
  /** The bytes under `key`, the caller's own to keep; `undefined` when there is no such key. */
  get(key: string): Uint8Array | undefined;
  /** The keys that start with `prefix`, in no promised order. */
  keys(prefix: string): string[];
}

/** Changes: `undefined` deletes. */
export type StoreChanges = Iterable<readonly [key: string, bytes: Uint8Array | undefined]>;

/** A transaction: what it has put is read back by it, and by others when it is committed. */
export interface StoreWriter extends StoreReader {
  put(changes: StoreChanges): void;
  /** Removes everything. */
  clear(): void;
}

export interface Store {
  /**
   * Runs `body` with the write lock held, commits what it put, and returns when that is on disk. When
   * `body` throws, nothing is written.
   */
  write(body: (writer: StoreWriter) => void): void;
  /**
   * Runs `body` on a snapshot, without waiting for a writer.
   *
   * @param mayLag whether it may be an older one, where there is a server that has answered more since
   */
  read<T>(body: (reader: StoreReader) => T, mayLag?: boolean): T;
  close(): void;
}
