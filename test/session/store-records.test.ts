import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { MemoryRecords, type Records } from '../../src/records.ts';
import { LmdbStore } from '../../src/session/lmdb-store.ts';
import { MemoryStore } from '../../src/session/memory-session.ts';
import type { Store } from '../../src/session/store.ts';
import { StoreRecords } from '../../src/session/store-records.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-records-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
const newPath = (): string => join(directory, `${++files}.mdb`);

const write = (store: Store, body: (records: Records) => void): void => {
  store.write((reader) => {
    const records = new StoreRecords(reader, true);
    body(records);
    return records.changes();
  });
};
const everything = (store: Store): unknown[] =>
  store.read((reader) => [...new StoreRecords(reader, false).list('')]);

const key = fc.oneof(
  fc.constantFrom('a', 'a/1', 'a/2', 'b', 'buffer/000000000001', 'ä', '\uffff', '\u{10000}', 'A'),
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
        checkAgainstModel(() => new LmdbStore(path), transactions);
        for (const file of [path, `${path}-lock`]) rmSync(file, { force: true });
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
    const store = new LmdbStore(newPath());
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
    const store = new LmdbStore(newPath());
    write(store, (records) => records.put('k', 1));
    store.read((reader) => {
      const records = new StoreRecords(reader, false);
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
    const writer = new LmdbStore(path);
    const reader = new LmdbStore(path);
    for (let i = 0; i < 5; i++) {
      write(writer, (records) => records.put('k', i));
      expect(everything(reader)).toEqual([['k', i]]);
    }
    reader.close();
    expect(everything(writer)).toEqual([['k', 4]]);
    writer.close();
  });

  it('grow beyond the address space that was mapped at first', () => {
    const path = newPath();
    const store = new LmdbStore(path, { mapSize: 256 * 1024 });
    const large = new Uint8Array(100_000).fill(7);
    for (let i = 0; i < 40; i++) write(store, (records) => records.put(`large/${i}`, large));
    store.close();
    const again = new LmdbStore(path, { mapSize: 256 * 1024 });
    expect(everything(again)).toHaveLength(40);
    write(again, (records) => {
      for (const [name] of [...records.list('large/')]) records.delete(name);
    });
    expect(everything(again)).toEqual([]);
    again.close();
  });

  it('write nothing when a record cannot be encoded', () => {
    const store = new LmdbStore(newPath());
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
