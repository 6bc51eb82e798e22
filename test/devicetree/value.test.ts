import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byteString,
  cellAt,
  cellCount,
  cellsOf,
  firstString,
  numberAt,
  stringsOf,
  textOf,
} from '../../src/devicetree/value.ts';
import { cells, strings } from './build-tree.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe('cells', () => {
  it('are read whole, from views too', () => {
    const view = Uint8Array.from([9, ...cells(1, 0xfffffffe), 7, 7]).subarray(1);
    expect([cellCount(view), cellsOf(view)]).toEqual([2, [1, 0xfffffffe]]);
    expect([cellAt(view, 1), cellAt(view, 2), cellAt(view, -1)]).toEqual([0xfffffffe, undefined, undefined]);
  });

  it('make numbers of which the low 64 bits count', () => {
    const value = cells(1, 2, 3);
    expect(numberAt(value, 0, 0)).toBe(0n);
    expect(numberAt(value, 1, 1)).toBe(2n);
    expect(numberAt(value, 0, 2)).toBe(0x1_0000_0002n);
    expect(numberAt(value, 0, 3)).toBe(0x2_0000_0003n);
  });

  it('of any 64-bit number give it back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (number) => {
        expect(numberAt(cells(Number(number >> 32n), Number(number & 0xffffffffn)), 0, 2)).toBe(number);
      }),
    );
  });
});

describe('strings', () => {
  it('end at their NULs; an unterminated tail is none', () => {
    expect(stringsOf(strings('a', '', 'bc'))).toEqual(['a', '', 'bc']);
    expect(stringsOf(bytes(0x61, 0, 0x62))).toEqual(['a']);
    expect(stringsOf(bytes())).toEqual([]);
    expect([firstString(strings('ok', 'x')), firstString(bytes(0x61)), firstString(bytes())]).toEqual([
      'ok',
      undefined,
      undefined,
    ]);
  });

  it('as text go up to the NUL or the end, and are UTF-8', () => {
    expect([textOf(strings('a', 'b')), textOf(bytes(0x61)), textOf(strings('Çam'))]).toEqual([
      'a',
      'a',
      'Çam',
    ]);
    expect(textOf(bytes(0xff, 0))).toBe('\ufffd');
  });

  it('as byte strings have a character for each byte', () => {
    const long = Uint8Array.from({ length: 10_000 }, (_, i) => i % 256);
    const text = byteString(long);
    expect(text).toHaveLength(10_000);
    expect([text.charCodeAt(255), text.charCodeAt(9999)]).toEqual([255, 9999 % 256]);
  });
});
