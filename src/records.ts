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
export function recordKey(first: string, ...parts: readonly (string | number)[]): string {
  let key = first;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    key += typeof part === 'number' ? `/${padded(part)}` : `/${part}`;
  }
  return key;
}

const DIGITS = 12;
const ZEROS = Array.from({ length: DIGITS }, (_, digits) => '0'.repeat(DIGITS - digits));

/** Every call makes some of these: a table of zeros takes half the time of padStart(). */
function padded(value: number): string {
  const digits = String(value);
  return (ZEROS[digits.length] ?? '') + digits;
}

/**
 * Keys as a tree of their parts, so that those below a prefix are found, in order, at the cost of what is found.
 *
 * ```
 *   fd/shell/4, fd/shell/5, fdmap/shell     fd/ ── fd/shell/ ── fd/shell/4, fd/shell/5
 *                                           fdmap/ ── fdmap/shell
 * ```
 */
export class KeyTree {
  /** Keys, and the directories of further ones, whose names end in `/`: so both sort as the keys below them do. */
  readonly #entries = new Map<string, KeyTree | undefined>();
  #sorted: readonly string[] | undefined;

  /** Adds a key that is not there. */
  add(key: string, from = 0): void {
    const name = partOf(key, from);
    let directory = this.#entries.get(name);
    if (directory === undefined) {
      directory = isDirectory(name, from) ? new KeyTree() : undefined;
      this.#entries.set(name, directory);
      this.#sorted = undefined;
    }
    directory?.add(key, name.length);
  }

  /** Removes a key that is there. @returns whether none is left */
  remove(key: string, from = 0): boolean {
    const name = partOf(key, from);
    if (this.#entries.get(name)?.remove(key, name.length) !== false) {
      this.#entries.delete(name);
      this.#sorted = undefined;
    }
    return this.#entries.size === 0;
  }

  /** Whether a key is there. */
  has(key: string, from = 0): boolean {
    const name = partOf(key, from);
    const directory = this.#entries.get(name);
    return directory === undefined ? this.#entries.has(name) : directory.has(key, name.length);
  }

  /** The keys that start with `prefix`, in order, as they are now. */
  list(prefix: string): readonly string[] {
    const found: string[] = [];
    this.#collect(prefix, 0, found);
    return found;
  }

  #collect(prefix: string, from: number, found: string[]): void {
    const name = partOf(prefix, from);
    if (isDirectory(name, from)) {
      const directory = this.#entries.get(name);
      if (directory !== undefined) directory.#collect(prefix, name.length, found);
      return;
    }
    this.#sorted ??= [...this.#entries.keys()].sort();
    for (const entry of this.#sorted) {
      if (!entry.startsWith(prefix)) continue;
      const directory = this.#entries.get(entry);
      if (directory === undefined) found.push(entry);
      else directory.#collect(entry, entry.length, found);
    }
  }
}

/** A key up to the first `/` at or after `from`, or all of it. */
function partOf(key: string, from: number): string {
  const slash = key.indexOf('/', from);
  return slash < 0 ? key : key.slice(0, slash + 1);
}

/** Whether a part that goes on at `from` ends in a `/` of its own. */
const isDirectory = (part: string, from: number): boolean => part.length > from && part.endsWith('/');

/** Records in this process's memory. */
export class MemoryRecords implements Records {
  readonly #values = new Map<string, unknown>();
  readonly #keys = new KeyTree();

  /** How many there are. */
  get size(): number {
    return this.#values.size;
  }

  get<T>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  put<T>(key: string, value: T): void {
    if (!this.#values.has(key)) this.#keys.add(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.remove(key);
  }

  *list<T>(prefix: string): Iterable<readonly [key: string, value: T]> {
    for (const key of this.#keys.list(prefix)) {
      // Whoever lists may delete meanwhile.
      const value = this.#values.get(key);
      if (value !== undefined) yield [key, value as T];
    }
  }
}

/** Records over others, which stay as they are: what is put or deleted here is seen here alone. */
export class RehearsalRecords implements Records {
  readonly #under: Records;
  /** What was read, put or deleted; `undefined` is a key that is not there. */
  readonly #values = new Map<string, unknown>();

  constructor(under: Records) {
    this.#under = under;
  }

  get<T>(key: string): T | undefined {
    if (this.#values.has(key)) return this.#values.get(key) as T | undefined;
    // Whoever gets an object may change it before it is put.
    const value = structuredClone(this.#under.get<T>(key));
    this.#values.set(key, value);
    return value;
  }

  put<T>(key: string, value: T): void {
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#values.set(key, undefined);
  }

  *list<T>(prefix: string): Iterable<readonly [key: string, value: T]> {
    const keys = new Set([...this.#under.list(prefix)].map(([key]) => key));
    for (const [key] of this.#values) if (key.startsWith(prefix)) keys.add(key);
    for (const key of [...keys].sort()) {
      const value = this.get<T>(key);
      if (value !== undefined) yield [key, value];
    }
  }
}
