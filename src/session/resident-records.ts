/**
 * Records of a session that this process owns, kept decoded from call to call: what is under them is asked
 * once. Which keys there are is known for every directory in which one was looked for in vain or that was
 * listed, so that a call of the kernel costs no SQL.
 */
import { KeyTree, type Records } from '../records.ts';
import type { StoreReader } from './store.ts';
import { decode } from './store-records.ts';

/** So many decoded values are kept from call to call. */
const KEPT = 65_536;

/** Put once and hardly ever read: not worth to be kept. */
const WRITTEN_ONCE = /^(?:journal|log|hazard)\//;

export class ResidentRecords implements Records {
  readonly #under: StoreReader;
  /** What was read or put; a deleted or absent key is `undefined`. */
  readonly #values = new Map<string, unknown>();
  /** All keys of a directory (`file/`), those of this transaction included. */
  readonly #keys = new Map<string, KeyTree>();
  readonly #changed = new Set<string>();
  readonly #made = new Set<string>();

  /** @param under what was committed */
  constructor(under: StoreReader) {
    this.#under = under;
  }

  get<T>(key: string): T | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) return value as T;
    if (this.#values.has(key)) return undefined;
    const directory = directoryOf(key);
    if (this.#keys.get(directory)?.has(key) === false) return undefined;
    const bytes = this.#under.get(key);
    if (bytes === undefined) {
      // Of keys that are alone there are few.
      if (directory === '') this.#values.set(key, undefined);
      else this.#keysOf(directory);
      return undefined;
    }
    const decoded = decode(key, bytes);
    this.#values.set(key, decoded);
    return decoded as T;
  }

  put<T>(key: string, value: T): void {
    // What this transaction has deleted was there before, or is known to be made.
    const isFirst = !this.#changed.has(key);
    this.#changed.add(key);
    const isKnown = this.#values.get(key) !== undefined;
    this.#values.set(key, value);
    if (isKnown) return;
    const keys = this.#keys.get(directoryOf(key));
    if (keys === undefined || keys.has(key)) return;
    keys.add(key);
    if (isFirst) this.#made.add(key);
  }

  delete(key: string): void {
    this.#changed.add(key);
    this.#values.set(key, undefined);
    const keys = this.#keys.get(directoryOf(key));
    if (keys?.has(key) === true) keys.remove(key);
  }

  *list<T>(prefix: string): Iterable<readonly [key: string, value: T]> {
    for (const key of this.#listed(prefix)) {
      const value = this.get<T>(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Whether a key is known not to have been there before this transaction. */
  isMade(key: string): boolean {
    return this.#made.has(key);
  }

  /** The keys that this transaction has changed. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  /** The changes are committed, and `under` has them: to be called when nobody holds an object that was got from here. */
  settle(): void {
    for (const key of this.#changed) {
      // Of deleted keys nothing need be remembered where the directory is known.
      if (WRITTEN_ONCE.test(key) || this.#values.get(key) === undefined) this.#values.delete(key);
    }
    this.#changed.clear();
    this.#made.clear();
    if (this.#values.size > KEPT) this.#values.clear();
  }

  /** How many decoded values are kept. */
  get size(): number {
    return this.#values.size;
  }

  /** The keys that start with a prefix, in order, as they are now. */
  #listed(prefix: string): readonly string[] {
    if (prefix.includes('/')) return this.#keysOf(directoryOf(prefix)).list(prefix);
    const keys = new Set(this.#under.keys(prefix));
    for (const key of this.#changed) {
      if (!key.startsWith(prefix)) continue;
      if (this.#values.get(key) === undefined) keys.delete(key);
      else keys.add(key);
    }
    return [...keys].sort();
  }

  #keysOf(directory: string): KeyTree {
    const known = this.#keys.get(directory);
    if (known !== undefined) return known;
    const keys = new KeyTree();
    for (const key of this.#under.keys(directory)) keys.add(key);
    for (const key of this.#changed) {
      if (directoryOf(key) !== directory) continue;
      const isThere = this.#values.get(key) !== undefined;
      if (isThere && !keys.has(key)) keys.add(key);
      else if (!isThere && keys.has(key)) keys.remove(key);
    }
    this.#keys.set(directory, keys);
    return keys;
  }
}

/** The same records for those who look. */
export const readOnly = (records: Records): Records => ({
  get: (key) => records.get(key),
  list: (prefix) => records.list(prefix),
  put: refuse,
  delete: refuse,
});

const refuse = (key: string): never => {
  throw new Error(`a view may not write (record ${key})`);
};

/** The first part of a key with its slash; nothing for a key that is alone. */
const directoryOf = (key: string): string => key.slice(0, key.indexOf('/') + 1);
