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
});
