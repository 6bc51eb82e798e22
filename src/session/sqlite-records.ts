/** Reading and changing the records of a store, by SQL. */
import { keyBytes, keyText } from './key-bytes.ts';
import type { Connection } from './sqlite-connection.ts';
import type { StoreChanges, StoreReader, StoreWriter } from './store.ts';

/** How many changes go to SQLite in one statement. */
const BATCH = 1024;

export class Reader implements StoreReader {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get(key: string): Uint8Array | undefined {
    const [row] = this.#connection.run('SELECT row(value) FROM records WHERE key=arg(0)', [keyBytes(key)]);
    const value = row?.[0];
    return value instanceof Uint8Array ? value : undefined;
  }

  keys(prefix: string): string[] {
    const first = keyBytes(prefix);
    const rows =
      first.length === 0
        ? this.#connection.run('SELECT row(key) FROM records')
        : this.#connection.run('SELECT row(key) FROM records WHERE key>=arg(0) AND key<arg(1)', [
            first,
            prefixEnd(first),
          ]);
    return rows.map(([key]) => (key instanceof Uint8Array ? keyText(key) : ''));
  }
}

/** Writes changes, many in a statement, and keeps count of the records. */
export class Writer extends Reader implements StoreWriter {
  readonly #connection: Connection;
  readonly #fault: ((point: string) => void) | undefined;
  /** What the changes add to the totals; all that there is, when the store was cleared. */
  #records = 0;
  #checksum = 0;
  #changed = false;
  #cleared = false;

  constructor(connection: Connection, fault: ((point: string) => void) | undefined) {
    super(connection);
    this.#connection = connection;
    this.#fault = fault;
  }

  put(changes: StoreChanges): void {
    let gone: Uint8Array[] = [];
    let put: Uint8Array[] = [];
    for (const [key, bytes] of changes) {
      if (bytes === undefined) gone.push(keyBytes(key));
      else put.push(keyBytes(key), bytes);
      if (gone.length + put.length / 2 < BATCH) continue;
      this.#batch(gone, put);
      [gone, put] = [[], []];
    }
    this.#batch(gone, put);
  }

  clear(): void {
    this.#connection.run('DELETE FROM records');
    [this.#records, this.#checksum] = [0, 0];
    [this.#changed, this.#cleared] = [true, true];
  }

  /** Brings the totals up to date: the last change of a transaction. */
  finish(): void {
    if (!this.#changed) return;
    const before = this.#cleared ? '0' : '';
    this.#connection.run(
      `UPDATE total SET records = ${before || 'records'} + arg(0),
                        checksum = (${before || 'checksum'} + arg(1)) & 4294967295`,
      [this.#records, this.#checksum],
    );
  }

  #batch(gone: readonly Uint8Array[], put: readonly Uint8Array[]): void {
    const keys = [...gone, ...put.filter((_, i) => i % 2 === 0)];
    if (keys.length === 0) return;
    this.#changed = true;
    const old = this.#connection.run(
      `SELECT row(substr(value, 1, 4)) FROM records WHERE key IN (${each(keys.length, 1, 'arg(i)')})`,
      keys,
    );
    for (const [head] of old) {
      this.#records--;
      this.#checksum -= head instanceof Uint8Array ? checksumOf(head) : 0;
    }
    if (gone.length > 0) {
      this.#connection.run(`DELETE FROM records WHERE key IN (${each(gone.length, 1, 'arg(i)')})`, gone);
    }
    if (put.length > 0) {
      this.#connection.run(
        `INSERT OR REPLACE INTO records ${each(put.length, 2, 'arg(i), arg(i + 1)')}`,
        put,
      );
      for (let i = 1; i < put.length; i += 2) this.#checksum += checksumOf(put[i] as Uint8Array);
      this.#records += put.length / 2;
    }
    this.#fault?.('put');
  }
}

/** A SELECT of `columns` for i = 0, step, 2 × step … below `count`. */
const each = (count: number, step: number, columns: string): string =>
  `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + ${step} FROM n WHERE i + ${step} < ${count})
   SELECT ${columns} FROM n`;

/** The checksum that a record begins with (record-codec.ts). */
export const checksumOf = (value: Uint8Array): number =>
  ((value[0] ?? 0) | ((value[1] ?? 0) << 8) | ((value[2] ?? 0) << 16) | ((value[3] ?? 0) << 24)) >>> 0;

/** The first key after all that start with `prefix`: UTF-8 has no byte 0xff, so adding 1 is safe. */
function prefixEnd(prefix: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}
