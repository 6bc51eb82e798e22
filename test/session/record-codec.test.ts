import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadRecord, decodeRecord, encodeRecord } from '../../src/session/record-codec.ts';

const big64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('\ud800', 'lone \udfff', '', '\u00ff\u0100'),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53, -(2 ** 31)),
  fc.boolean(),
  fc.constant(null),
  big64,
  fc.bigInt(),
  fc.uint8Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.float64Array(),
  fc.bigUint64Array(),
);
const record = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { noNullPrototype: true }),
  ),
})).value;

/** Types too: toStrictEqual tells a Buffer from a Uint8Array and 0 from -0. */
const roundTrip = (value: unknown): unknown => decodeRecord('key', encodeRecord('key', value));

describe('records as bytes', () => {
  it('come back as exactly what they were', () => {
    fc.assert(
      fc.property(record, (value) => {
        expect(roundTrip(value)).toStrictEqual(value);
      }),
    );
  });

  it('keep parts of larger buffers, and give arrays of their own', () => {
    const whole = Uint32Array.from({ length: 100 }, (_, i) => i);
    const back = roundTrip({ part: whole.subarray(10, 20), node: Buffer.from('abc') });
    expect(back).toStrictEqual({ part: whole.slice(10, 20), node: new Uint8Array([97, 98, 99]) });
  });

  it('refuse what is no plain data', () => {
    const deep: unknown[] = [];
    deep.push(deep);
    for (const value of [
      new Map(),
      new Date(),
      () => 0,
      Symbol('s'),
      new DataView(new ArrayBuffer(1)),
      deep,
    ]) {
      expect(() => encodeRecord('key', { value })).toThrow(TypeError);
    }
  });

  it('notice every changed byte, a cut and another key', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = encodeRecord('key', value);
        const changed = bytes.slice();
        changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ flip;
        expect(() => decodeRecord('key', changed)).toThrow(BadRecord);
        expect(() => decodeRecord('key', bytes.subarray(0, at % bytes.length))).toThrow(BadRecord);
        expect(() => decodeRecord('kez', bytes)).toThrow(BadRecord);
      }),
    );
  });

  it('leave out the zeros at the end of words, which a bitmap mostly is', () => {
    const bitmap = new Uint32Array(1024);
    bitmap.set([7, 0, 9]);
    expect(encodeRecord('key', bitmap).length).toBeLessThan(32);
    for (const value of [
      bitmap,
      new Uint32Array(1024),
      new Uint8Array(100).fill(1, 0, 3),
      bitmap.subarray(1),
    ]) {
      expect(roundTrip(value)).toStrictEqual(value.slice());
    }
    // A length that claims more than was ever left out.
    const claims = encodeRecord('key', new Uint8Array(1 << 17));
    expect(claims.length).toBeGreaterThan(1 << 17);
  });

  it('are read from any place in a buffer', () => {
    const bytes = encodeRecord('key', { words: new Uint32Array([1, 2, 3]) });
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(decodeRecord('key', moved.subarray(3))).toStrictEqual({ words: new Uint32Array([1, 2, 3]) });
  });
});
