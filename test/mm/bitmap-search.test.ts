/** Searches of large bitmaps beside a look at every bit: many blocks, areas longer than one, any alignment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitmap } from '../../src/mm/alloc/bitmap.ts';
import { MemoryRecords } from '../../src/records.ts';

/** Bits in one record. */
const BLOCK = 32768;

interface Run {
  readonly start: number;
  readonly length: number;
}

/** The first area, bit by bit: how many clear bits begin at each is counted from the end. */
function firstArea(
  bits: Uint8Array,
  from: number,
  length: number,
  align: number,
  offset: number,
): number | undefined {
  let found: number | undefined;
  let clear = 0;
  for (let bit = bits.length - 1; bit >= from; bit--) {
    clear = bits[bit] === 1 ? 0 : clear + 1;
    if (clear >= length && (bit + offset) % align === 0) found = bit;
  }
  return found;
}

/** A bitmap and its bits, with these runs set. */
function filled(size: number, runs: readonly Run[]) {
  const bitmap = new Bitmap(new MemoryRecords(), 'bits', size);
  const bits = new Uint8Array(size);
  for (const { start, length } of runs) {
    bitmap.set(start, length);
    bits.fill(1, start, start + length);
  }
  return { bitmap, bits };
}

/** Runs with gaps between them, over all of `size` and cut there. */
function laidOut(size: number, pairs: readonly (readonly [gap: number, length: number])[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0, i = 0; at < size && pairs.length > 0; i++) {
    const [gap, length] = pairs[i % pairs.length] ?? [1, 1];
    const start = Math.min(at + gap, size);
    runs.push({ start, length: Math.min(length, size - start) });
    at = start + length;
  }
  return runs;
}

/** Small numbers, those about a word, about a step, about a block. */
const span = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 30, max: 70 }),
  fc.integer({ min: 1000, max: 1100 }),
  fc.integer({ min: 1, max: 5000 }),
  fc.integer({ min: BLOCK - 70, max: BLOCK + 70 }),
);
const size = fc.oneof(
  fc.integer({ min: 1, max: 3 * BLOCK + 100 }),
  fc.constantFrom(BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 31, 2 * BLOCK + 32),
);
const pairs = fc.array(fc.tuple(span, span), { maxLength: 40 });
/** Where the last areas are, and anywhere. */
const begin = fc.oneof(fc.constant(0), fc.nat(3 * BLOCK), fc.integer({ min: BLOCK - 40, max: BLOCK + 40 }));

describe('searches of a bitmap of many blocks', () => {
  it('find the areas that a look at every bit finds', () => {
    let found = 0;
    let none = 0;
    fc.assert(
      fc.property(size, pairs, begin, span, fc.nat(16), fc.nat(), (bits, gaps, from, length, order, off) => {
        const plain = filled(bits, laidOut(bits, gaps));
        const align = 2 ** order;
        const offset = off % align;
        const expected = firstArea(plain.bits, from, length, align, offset);
        expect(plain.bitmap.findZeroArea(from, length, align, offset)).toBe(expected);
        // Again from behind it, as after a busy run.
        if (expected === undefined) none++;
        else {
          found++;
          const next = expected + align;
          expect(plain.bitmap.findZeroArea(next, length, align, offset)).toBe(
            firstArea(plain.bits, next, length, align, offset),
          );
        }
      }),
      { numRuns: 1500 },
    );
    // Neither answer is rare in what is drawn.
    expect(Math.min(found, none)).toBeGreaterThan(150);
  });

  it('find the only area there is, wherever it lies', () => {
    fc.assert(
      fc.property(size, begin, span, fc.nat(10), fc.nat(), (bits, place, length, order, off) => {
        const align = 2 ** order;
        const offset = off % align;
        const start = Math.ceil((place + offset) / align) * align - offset;
        fc.pre(start + length <= bits);
        const plain = filled(bits, [
          { start: 0, length: start },
          { start: start + length, length: bits - start - length },
        ]);
        expect(plain.bitmap.findZeroArea(0, length, align, offset)).toBe(start);
        expect(plain.bitmap.findZeroArea(0, length + 1, align, offset)).toBeUndefined();
        plain.bitmap.set(start + length - 1, 1);
        expect(plain.bitmap.findZeroArea(0, length, align, offset)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('find free regions of every order', () => {
    fc.assert(
      fc.property(size, pairs, fc.nat(16), (bits, gaps, order) => {
        const plain = filled(bits, laidOut(bits, gaps));
        const length = 2 ** order;
        expect(plain.bitmap.findFreeRegion(order)).toBe(firstArea(plain.bits, 0, length, length, 0));
      }),
      { numRuns: 500 },
    );
  });

  it('find the next set and clear bits, and what was cleared again', () => {
    fc.assert(
      fc.property(size, pairs, pairs, begin, begin, (bits, gaps, cleared, from, to) => {
        const { bitmap, bits: plain } = filled(bits, laidOut(bits, gaps));
        for (const { start, length } of laidOut(bits, cleared)) {
          bitmap.clear(start, length);
          plain.fill(0, start, start + length);
        }
        const next = (at: number, end: number, value: number): number => {
          const hit = plain.subarray(0, end).indexOf(value, at);
          return hit < 0 ? end : hit;
        };
        const at = Math.min(from, bits);
        const end = Math.max(at, Math.min(to, bits));
        expect(bitmap.nextZero(at)).toBe(next(at, bits, 0));
        expect(bitmap.nextSet(at, end)).toBe(next(at, end, 1));
        expect([...bitmap.ones()]).toEqual([...plain.keys()].filter((bit) => plain[bit] === 1));
      }),
      { numRuns: 200 },
    );
  });

  it('go on behind the 2^32nd bit', () => {
    const far = 2 ** 40;
    const bitmap = new Bitmap(new MemoryRecords(), 'bits', far + 5000);
    bitmap.set(far, 100);
    bitmap.set(far + 150, 10);
    expect(bitmap.findZeroArea(far - 10, 40, 1, 0)).toBe(far + 100);
    expect(bitmap.findZeroArea(far, 40, 64, 3)).toBe(far + 189);
    expect(bitmap.findZeroArea(far, 4840, 1, 0)).toBe(far + 160);
    expect(bitmap.findZeroArea(far, 4841, 1, 0)).toBeUndefined();
    expect([bitmap.nextZero(far), bitmap.nextSet(far + 100)]).toEqual([far + 100, far + 150]);
  });
});
