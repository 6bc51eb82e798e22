/**
 * State as records: everything a kernel remembers is a value under a key, loaded when needed.
 *
 * The kernel model reads and writes records and knows nothing of disks. In memory a record is the
 * object itself; a session keeps records in a store and commits those that changed in one transaction.
 *
 * The rules that both sides keep:
 * - a value is plain data: objects, arrays, strings, numbers, bigints, booleans, null, typed arrays;
 * - whoever changes an object that it got must `put` it again, else the change may be lost;
 * - keys sort as strings; numbers inside them are padded (`recordKey`).
 */
export interface Records {
  /** The value under `key`, or `undefined`. The caller names the type, as the key's owner. */
  get<T>(key: string): T | undefined;
  put<T>(key: string, value: T): void;
  delete(key: string): void;
  /** All records whose key starts with `prefix`, in the order of their keys. */
  list<T>(prefix: string): Iterable<readonly [key: string, value: T]>;
}

/** Builds a key: parts joined by `/`, numbers padded to 12 digits so that keys sort as numbers do. */
export const recordKey = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => (typeof part === 'number' ? String(part).padStart(12, '0') : part)).join('/');

/** Records in this process's memory. */
export class MemoryRecords implements Records {
  readonly #values = new Map<string, unknown>();

  get<T>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  put<T>(key: string, value: T): void {
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  *list<T>(prefix: string): Iterable<readonly [key: string, value: T]> {
    const keys = [...this.#values.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) yield [key, this.#values.get(key) as T];
  }
}
