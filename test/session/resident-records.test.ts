/** Records that stay in memory, over a log and a store: whatever transactions do to a key, all three agree. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RedoLog } from '../../src/session/redo-log.ts';
import { ResidentRecords } from '../../src/session/resident-records.ts';
import { decode } from '../../src/session/store-records.ts';
import { Random } from '../fuzz/random.ts';
import { SEED } from '../fuzz/seed.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-resident-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const KEYS = ['fd/app/3', 'fd/app/4', 'fd/b/3', 'file/1', 'counters'];

class Owned {
  readonly store = new Map<string, Uint8Array>();
  readonly log = new RedoLog(join(directory, 'log'), { generation: 1, bootedAt: 0 });
  records = this.#wake();
  #sequence = 0;

  commit(): void {
    if (this.records.changed.size > 0) this.log.append(++this.#sequence, this.records);
    this.records.settle();
  }

  /** As after a transaction that was undone, or a lease. */
  wake(): void {
    this.records = this.#wake();
  }

  /** The log goes into the store. */
  put(): void {
    for (const [key, bytes] of this.log.changes()) {
      if (bytes === undefined) this.store.delete(key);
      else this.store.set(key, Uint8Array.from(bytes));
    }
    this.log.doubt();
    this.log.clear();
  }

  /** What the store holds, without what is in memory. */
  get stored(): unknown[][] {
    return [...this.store].map(([key, bytes]) => [key, decode(key, bytes)]).sort();
  }

  get resident(): unknown[][] {
    return KEYS.flatMap((key) => {
      const value = this.records.get(key);
      return value === undefined ? [] : [[key, value]];
    }).sort();
  }

  #wake(): ResidentRecords {
    const { log, store } = this;
    return new ResidentRecords({
      get: (key) => (log.has(key) ? log.get(key) : store.get(key)),
      keys: (prefix) => {
        const keys = new Set(store.keys());
        for (const key of log.keys) {
          if (log.isDeleted(key)) keys.delete(key);
          else keys.add(key);
        }
        return [...keys].filter((key) => key.startsWith(prefix));
      },
    });
  }
}

describe('records that stay in memory', () => {
  it('whose key is stored, deleted and put again in one transaction, and deleted, is gone', () => {
    const owned = new Owned();
    owned.records.put('fd/app/3', { file: 1 });
    owned.commit();
    owned.put();
    expect([...owned.records.list('fd/app/')]).toHaveLength(1);
    // dup2(2) onto it, and its close(2).
    owned.records.delete('fd/app/3');
    owned.records.put('fd/app/3', { file: 2 });
    owned.commit();
    owned.records.delete('fd/app/3');
    owned.commit();
    owned.wake();
    expect(owned.records.get('fd/app/3')).toBeUndefined();
    owned.put();
    expect(owned.stored).toEqual([]);
  });

  it('are what the log and the store say, whatever transactions have done', () => {
    const random = new Random(SEED);
    const owned = new Owned();
    const model = new Map<string, unknown>();
    const expected = () => [...model].sort();
    for (let n = 0; n < 3000; n++) {
      for (let left = random.below(6); left > 0; left--) {
        const key = random.pick(KEYS);
        const how = random.below(5);
        if (how === 0) expect(owned.records.get(key)).toEqual(model.get(key));
        else if (how === 1) expect([...owned.records.list('fd/app/')].length).toBeLessThan(3);
        else if (how < 4) {
          owned.records.delete(key);
          model.delete(key);
        } else {
          owned.records.put(key, { n, left });
          model.set(key, { n, left });
        }
      }
      owned.commit();
      if (random.oneIn(4)) owned.wake();
      expect(owned.resident).toEqual(expected());
      if (random.oneIn(5)) {
        owned.put();
        expect(owned.stored).toEqual(expected());
      }
    }
  });
});
