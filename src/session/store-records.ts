/**
 * Records over a store, for one transaction: decoded when asked for, kept in an overlay until commit.
 */
import { KeyTree, type Records } from '../records.ts';
import { BadRecord, decodeRecord, encodeRecord } from './record-codec.ts';
import { CHECK, SessionError } from './session-error.ts';
import type { StoreChanges, StoreReader } from './store.ts';

export class StoreRecords implements Records {
  readonly #reader: StoreReader;
  readonly #writable: boolean;
  /** What was read or put; a deleted or absent key is `undefined`. */
  readonly #values = new Map<string, unknown>();
  readonly #changed = new Set<string>();
  readonly #changedKeys = new KeyTree();

  constructor(reader: StoreReader, writable: boolean) {
    this.#reader = reader;
    this.#writable = writable;
  }

  get<T>(key: string): T | undefined {
    if (this.#values.has(key)) return this.#values.get(key) as T | undefined;
    const bytes = this.#reader.get(key);
    const value = bytes === undefined ? undefined : decode(key, bytes);
    this.#values.set(key, value);
    return value as T | undefined;
  }

  put<T>(key: string, value: T): void {
    this.#change(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#change(key);
    this.#values.set(key, undefined);
  }

  *list<T>(prefix: string): Iterable<readonly [key: string, value: T]> {
    const keys = new Set([...this.#reader.keys(prefix), ...this.#changedKeys.list(prefix)]);
    // Sorted here as MemoryRecords sorts: the store's order differs beyond U+FFFF.
    for (const key of [...keys].sort()) {
      const value = this.get<T>(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** What a commit has to write: the changed records, encoded, in the order of their keys. */
  *changes(): StoreChanges {
    for (const key of this.#changedKeys.list('')) {
      const value = this.#values.get(key);
      yield [key, value === undefined ? undefined : encodeRecord(key, value)];
    }
  }

  #change(key: string): void {
    if (!this.#writable) throw new Error(`a view may not write (record ${key})`);
    if (this.#changed.has(key)) return;
    this.#changed.add(key);
    this.#changedKeys.add(key);
  }
}

function decode(key: string, bytes: Uint8Array): unknown {
  try {
    return decodeRecord(key, bytes);
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    throw new SessionError(
      'session-damaged',
      `the session is damaged: record ${JSON.stringify(key)} is unreadable (${error.message})`,
      CHECK,
      error,
    );
  }
}
