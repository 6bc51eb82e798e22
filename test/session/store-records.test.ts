import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { MemoryRecords, type Records } from '../../src/records.ts';
import { createStore } from '../../src/session/create-store.ts';
import { MemoryStore } from '../../src/session/memory-session.ts';
import { isRecord } from '../../src/session/record-codec.ts';
import { SqliteStore } from '../../src/session/sqlite-store.ts';
import type { Store } from '../../src/session/store.ts';
import { StoreRecords, WritableRecords } from '../../src/session/store-records.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-records-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
/** The directory of a new, empty store. */
function newPath(): string {
  const path = join(directory, `${++files}`);
  createStore(path);
  return path;
}

const write = (store: Store, body: (records: Records) => void): void => {
  store.write((writer) => {
    const records = new WritableRecords(writer);
    body(records);
    records.flush();
  });
};
const everything = (store: Store): unknown[] =>
  store.read((reader) => [...new StoreRecords(reader).list('')]);

const key = fc.oneof(
  fc.constantFrom('a', 'a/1', 'a/2', 'b', 'buffer/000000000001', 'ä', '\uffff', '\u{10000}', 'A'),
  // What TEXT keys, or UTF-8 alone, would make the same.
  fc.constantFrom('a\0', 'a\0b', '\ud800', '\udbff', 'a/\udc00', '\ufffd'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
);
const value = fc.oneof(
  fc.string(),
  fc.nat().map((n) => ({ n, big: BigInt(n) << 33n })),
  fc.uint8Array({ maxLength: 20_000 }),
);
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value }),
  fc.record({ kind: fc.constant('delete' as const), key }),
  fc.record({ kind: fc.constant('get' as const), key }),
  fc.record({ kind: fc.constant('list' as const), key: fc.oneof(key, fc.constant('')) }),
);
const transaction = fc.record({
  steps: fc.array(step, { maxLength: 12 }),
  end: fc.constantFrom('commit', 'commit', 'throw', 'reopen'),
});

class Rollback extends Error {}

function checkAgainstModel(
  open: () => Store,
  transactions: readonly (typeof transaction extends fc.Arbitrary<infer T> ? T : never)[],
): void {
  let store = open();
  let model = new Map<string, unknown>();
  const listModel = (now: Map<string, unknown>, prefix: string): unknown[] => {
    const records = new MemoryRecords();
    for (const [k, v] of now) records.put(k, v);
    return [...records.list(prefix)];
  };
  for (const { steps, end } of transactions) {
    const now = new Map(model);
    try {
      write(store, (records) => {
        for (const each of steps) {
          if (each.kind === 'put') {
            records.put(each.key, each.value);
            now.set(each.key, each.value);
          } else if (each.kind === 'delete') {
            records.delete(each.key);
            now.delete(each.key);
          } else if (each.kind === 'get') expect(records.get(each.key)).toStrictEqual(now.get(each.key));
          else expect([...records.list(each.key)]).toStrictEqual(listModel(now, each.key));
        }
        if (end === 'throw') throw new Rollback();
      });
      model = now;
    } catch (error) {
      if (!(error instanceof Rollback)) throw error;
    }
    if (end === 'reopen') {
      store.close();
      store = open();
    }
    expect(everything(store)).toStrictEqual(listModel(model, ''));
  }
  store.close();
}

describe('records over a store', () => {
  it('in a file are what a map would hold, across rollbacks and reopening', () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 8 }), (transactions) => {
        const path = newPath();
        checkAgainstModel(() => new SqliteStore(path), transactions);
        rmSync(path, { recursive: true });
      }),
      { numRuns: 60 },
    );
  });

  it('in memory are what a map would hold', () => {
    fc.assert(
      fc.property(fc.array(transaction, { maxLength: 8 }), (transactions) => {
        const store = new MemoryStore();
        checkAgainstModel(
          () => store,
          transactions.map((each) => ({ ...each, end: each.end === 'reopen' ? 'commit' : each.end })),
        );
      }),
    );
  });

  it('give back the object that was put or got, and commit what became of it', () => {
    const store = new SqliteStore(newPath());
    write(store, (records) => {
      const object = { n: 1 };
      records.put('k', object);
      object.n = 2;
      expect(records.get('k')).toBe(object);
    });
    write(store, (records) => {
      const object = records.get<{ n: number }>('k');
      expect(object).toEqual({ n: 2 });
      expect(records.get('k')).toBe(object);
      records.put('k', { n: 3 });
    });
    expect(everything(store)).toEqual([['k', { n: 3 }]]);
    store.close();
  });

  it('refuse changes in a view, and transactions inside a transaction or a view', () => {
    const store = new SqliteStore(newPath());
    write(store, (records) => records.put('k', 1));
    store.read((reader) => {
      const records = new StoreRecords(reader);
      expect(() => records.put('k', 2)).toThrow('view');
      expect(() => records.delete('k')).toThrow('view');
      expect(() => write(store, () => {})).toThrow('inside');
    });
    write(store, () => {
      expect(() => write(store, () => {})).toThrow('inside');
    });
    expect(everything(store)).toEqual([['k', 1]]);
    store.close();
  });

  it('see one snapshot in a view, and the newest in the next one', () => {
    const path = newPath();
    const writer = new SqliteStore(path);
    const reader = new SqliteStore(path);
    for (let i = 0; i < 5; i++) {
      write(writer, (records) => records.put('k', i));
      expect(everything(reader)).toEqual([['k', i]]);
    }
    reader.close();
    expect(everything(writer)).toEqual([['k', 4]]);
    writer.close();
  });

  it('leave a store as small as what is alive, and its log short, however many processes came and went', () => {
    const path = newPath();
    const large = new Uint8Array(100_000).fill(7);
    const sizes: number[] = [];
    for (let round = 0; round < 60; round++) {
      // A new one each time, never closed: so a command ends.
      const store = new SqliteStore(path);
      write(store, (records) => {
        records.delete(`large/${round - 4}`);
        records.put(`large/${round}`, large);
      });
      sizes.push(readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0));
    }
    expect(Math.max(...sizes)).toBeLessThan(4_000_000);
    const store = new SqliteStore(path);
    expect(everything(store)).toHaveLength(4);
    write(store, (records) => {
      for (const [name] of [...records.list('large/')]) records.delete(name);
    });
    store.compact();
    expect(statSync(join(path, 'records.db')).size).toBeLessThan(40_000);
    store.close();
  });

  it('need more than one statement when there are many', () => {
    const path = newPath();
    const store = new SqliteStore(path);
    const keys = Array.from({ length: 5000 }, (_, i) => `k/${i}`);
    write(store, (records) => {
      for (const name of keys) records.put(name, name);
    });
    write(store, (records) => {
      for (const [i, name] of keys.entries()) {
        if (i % 3 === 0) records.delete(name);
        else if (i % 3 === 1) records.put(name, { changed: i });
      }
    });
    expect(everything(store)).toHaveLength(3333);
    expect(store.check(isRecord)).toEqual([]);
    store.close();
  });

  it('let go of every descriptor when a store is closed, in a view and after a failure too', () => {
    const path = newPath();
    const open = (): string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path) ? [fd] : [];
        } catch {
          return [];
        }
      });
    if (!existsSync('/proc/self/fd')) return;
    for (let round = 0; round < 3; round++) {
      const store = new SqliteStore(path);
      write(store, (records) => records.put('k', round));
      everything(store);
      expect(() =>
        write(store, () => {
          throw new Rollback();
        }),
      ).toThrow(Rollback);
      expect(open().length).toBeGreaterThan(2);
      store.close();
      expect(open()).toEqual([]);
    }
    const store = new SqliteStore(path);
    store.read((reader) => {
      reader.get('k');
      store.close();
    });
    expect(open()).toEqual([]);
    // Neither did it keep the lock.
    const next = new SqliteStore(path, { wait: 0 });
    write(next, (records) => records.put('k', 9));
    next.close();
  });

  it('write nothing when a record cannot be encoded', () => {
    const store = new SqliteStore(newPath());
    expect(() =>
      write(store, (records) => {
        records.put('a', 1);
        records.put('b', new Map());
      }),
    ).toThrow(TypeError);
    expect(everything(store)).toEqual([]);
    store.close();
  });
});
