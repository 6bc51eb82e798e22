/**
 * Records over a store, for one view or transaction: decoded when asked for, changes kept in an overlay
 * until they are flushed.
 */
import { KeyTree, type Records } from '../records.ts';
import { BadRecord, decodeRecord, encodeRecord } from './record-codec.ts';
import { CHECK, SessionError } from './session-error.ts';
import type { StoreChanges, StoreReader, StoreWriter } from './store.ts';

/** What a view reads. */
export class StoreRecords implements Records {
  readonly #reader: StoreReader;
  /** What was read or put; a deleted or absent key is `undefined`. */
  protected readonly values = new Map<string, unknown>();

  constructor(reader: StoreReader) {
    this.#reader = reader;
  }

  get<T>(key: string): T | undefined {
    if (this.values.has(key)) return this.values.get(key) as T | undefined;
    const bytes = this.#reader.get(key);
    const value = bytes === undefined ? undefined : decode(key, bytes);
    this.values.set(key, value);
    return value as T | undefined;
  }

  put<T>(key: string, _value: T): void {
    throw new Error(`a view may not write (record ${key})`);
  }

  delete(key: string): void {
    throw new Error(`a view may not write (record ${key})`);
  }

  *list<T>(prefix: string): Iterable<readonly [key: string, value: T]> {
    const keys = new Set([...this.#reader.keys(prefix), ...this.newKeys(prefix)]);
    // Sorted here as MemoryRecords sorts: the store's order differs beyond U+FFFF.
    for (const key of [...keys].sort()) {
      const value = this.get<T>(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** The keys with a prefix that the store may not have yet. */
  protected newKeys(_prefix: string): readonly string[] {
    return [];
  }
}

/** So many changes are given to the store before a transaction ends, so that its memory stays bounded. */
const SPILL = 8192;

/** What a transaction reads and changes. */
export class WritableRecords extends StoreRecords {
  readonly #writer: StoreWriter;
  readonly #changed = new Set<string>();
  /** The same by directory, once somebody has listed any. */
  #tree: KeyTree | undefined;

  constructor(writer: StoreWriter) {
    super(writer);
    this.#writer = writer;
  }

  override put<T>(key: string, value: T): void {
    this.#change(key);
    this.values.set(key, value);
  }

  override delete(key: string): void {
    this.#change(key);
    this.values.set(key, undefined);
  }

  /** Gives the changes to the store, which commits them when the transaction ends. */
  flush(): void {
    this.#writer.put(this.#changes());
    this.#tree = undefined;
    this.#changed.clear();
  }

  /**
   * Flushes when there are many changes, and forgets what was read: to be called between calls of the
   * kernel, when nobody holds an object that was got from here.
   */
  spill(): void {
    if (this.#changed.size < SPILL && this.values.size < 8 * SPILL) return;
    this.flush();
    this.values.clear();
  }

  protected override newKeys(prefix: string): readonly string[] {
    if (this.#tree === undefined) {
      this.#tree = new KeyTree();
      for (const key of this.#changed) this.#tree.add(key);
    }
    return this.#tree.list(prefix);
  }

  /** The changed records, encoded, in the order of their keys. */
  *#changes(): StoreChanges {
    for (const key of [...this.#changed].sort()) {
      const value = this.values.get(key);
      yield [key, value === undefined ? undefined : encodeRecord(key, value)];
    }
  }

  #change(key: string): void {
    if (this.#changed.has(key)) return;
    this.#changed.add(key);
    this.#tree?.add(key);
  }
}

/** @throws SessionError `session-damaged` when it is not what was stored */
export function decode(key: string, bytes: Uint8Array): unknown {
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
