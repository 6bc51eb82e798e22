import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryRecords, recordKey } from '../src/records.ts';

describe('recordKey', () => {
  it('pads numbers so that keys sort as numbers do', () => {
    expect(recordKey('cma', 3, 'bitmap', 12)).toBe('cma/000000000003/bitmap/000000000012');
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.nat(2 ** 31), (a, b) => {
        expect(recordKey('x', a) < recordKey('x', b)).toBe(a < b);
      }),
    );
  });
});

describe('MemoryRecords', () => {
  it('gives back what was put last, and nothing after a delete', () => {
    const records = new MemoryRecords();
    expect(records.get('a')).toBeUndefined();
    records.put('a', 1);
    records.put('a', 2);
    expect(records.get('a')).toBe(2);
    records.delete('a');
    records.delete('a');
    expect(records.get('a')).toBeUndefined();
  });

  it('lists by prefix in the order of the keys', () => {
    const records = new MemoryRecords();
    for (const n of [10, 2, 33]) records.put(recordKey('fd', n), n);
    records.put('fdmap', 0);
    expect([...records.list<number>('fd/')].map(([, value]) => value)).toEqual([2, 10, 33]);
    expect([...records.list('nothing/')]).toEqual([]);
  });

  it('lists what it had, whatever is deleted meanwhile', () => {
    const records = new MemoryRecords();
    for (const n of [1, 2, 3]) records.put(recordKey('fd', n), n);
    const seen: number[] = [];
    for (const [key, value] of records.list<number>('fd/')) {
      seen.push(value);
      records.delete(key);
      if (value === 1) records.delete(recordKey('fd', 2));
    }
    expect(seen).toEqual([1, 3]);
    expect([...records.list('')]).toEqual([]);
  });

  it('lists what a search through all keys would, after any puts and deletes', () => {
    const part = fc.constantFrom('', 'a', 'a-b', 'ab', 'b', '0');
    const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const change = fc.record({ key, put: fc.boolean(), prefix: key });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60, size: 'max' }), (changes) => {
        const records = new MemoryRecords();
        const model = new Map<string, number>();
        for (const [value, one] of changes.entries()) {
          if (one.put) {
            records.put(one.key, value);
            model.set(one.key, value);
          } else {
            records.delete(one.key);
            model.delete(one.key);
          }
          const expected = [...model].filter(([name]) => name.startsWith(one.prefix));
          expect([...records.list(one.prefix)]).toEqual(expected.sort(([a], [b]) => (a < b ? -1 : 1)));
        }
      }),
    );
  });
});
