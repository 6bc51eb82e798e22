import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitmap } from '../../src/mm/alloc/bitmap.ts';
import { MemoryRecords } from '../../src/records.ts';

/** Bits in one record. */
const BLOCK = 32768;

/** The same questions, answered by looking at every bit. */
class PlainBits {
  readonly bits: boolean[];

  constructor(size: number) {
    this.bits = new Array<boolean>(size).fill(false);
  }

  fill(start: number, length: number, value: boolean): void {
    for (let bit = start; bit < start + length; bit++) this.bits[bit] = value;
  }

  next(from: number, end: number, wanted: boolean): number {
    for (let bit = from; bit < end; bit++) if (this.bits[bit] === wanted) return bit;
    return end;
  }

  findZeroArea(from: number, length: number, align: number, offset: number): number | undefined {
    for (let start = from; start + length <= this.bits.length; start++) {
      if ((start + offset) % align === 0 && this.next(start, start + length, true) === start + length) {
        return start;
      }
    }
    return undefined;
  }

  runs(): { start: number; length: number }[] {
    const runs: { start: number; length: number }[] = [];
    for (let bit = 0; bit < this.bits.length; bit++) {
      const last = runs.at(-1);
      if (this.bits[bit]) continue;
      if (last !== undefined && last.start + last.length === bit) last.length++;
      else runs.push({ start: bit, length: 1 });
    }
    return runs;
  }
}

interface Change {
  readonly at: number;
  readonly length: number;
  readonly value: boolean;
}

/**
 * Changes near the border of two records, where a bitmap of `size` bits may end as well:
 *
 *   |........ record 0 ........|........ record 1 ........|
 *                       ^^^^^^^^^^^^^
 */
const nearBorder = fc.record({
  size: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: BLOCK - 40, max: BLOCK + 200 })),
  changes: fc.array(
    fc.record({ at: fc.nat(239), length: fc.integer({ min: 0, max: 90 }), value: fc.boolean() }),
    { maxLength: 12 },
  ),
});

/** A bitmap and its plain twin after the same changes, and where the interesting bits begin. */
function twins(size: number, changes: readonly Change[]) {
  const bitmap = new Bitmap(new MemoryRecords(), 'bits', size);
  const plain = new PlainBits(size);
  const origin = Math.max(size - 240, 0);
  for (const { at, length, value } of changes) {
    const start = Math.min(origin + at, size);
    const count = Math.min(length, size - start);
    if (value) bitmap.set(start, count);
    else bitmap.clear(start, count);
    plain.fill(start, count, value);
  }
  return { bitmap, plain, origin };
}

describe('Bitmap', () => {
  it('searches as looking at every bit would', () => {
    fc.assert(
      fc.property(
        nearBorder,
        fc.nat(250),
        fc.nat(80),
        fc.nat(6),
        fc.nat(63),
        ({ size, changes }, from, length, alignOrder, offset) => {
          const { bitmap, plain, origin } = twins(size, changes);
          const start = Math.min(origin + from, size);
          const align = 2 ** alignOrder;
          expect(bitmap.nextZero(start)).toBe(plain.next(start, size, false));
          expect(bitmap.nextSet(start)).toBe(plain.next(start, size, true));
          const end = Math.min(start + length, size);
          expect(bitmap.nextSet(start, end)).toBe(plain.next(start, end, true));
          expect(bitmap.findZeroArea(start, length + 1, align, offset % align)).toBe(
            plain.findZeroArea(start, length + 1, align, offset % align),
          );
        },
      ),
    );
  });

  it('counts and lists as looking at every bit would', () => {
    fc.assert(
      fc.property(nearBorder, ({ size, changes }) => {
        const { bitmap, plain } = twins(size, changes);
        expect([...bitmap.zeroRuns()]).toEqual(plain.runs());
        expect(bitmap.weight()).toBe(plain.bits.filter((bit) => bit).length);
      }),
    );
  });

  it('finds free regions of a power of two at multiples of themselves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        nearBorder.map((n) => n.changes),
        fc.nat(7),
        (size, changes, order) => {
          const { bitmap, plain } = twins(size, changes);
          expect(bitmap.findFreeRegion(order)).toBe(plain.findZeroArea(0, 2 ** order, 2 ** order, 0));
        },
      ),
    );
  });

  it('sets and clears across the border of two records', () => {
    const records = new MemoryRecords();
    const bitmap = new Bitmap(records, 'bits', 3 * BLOCK);
    bitmap.set(BLOCK - 3, BLOCK + 6);
    expect([...bitmap.zeroRuns()]).toEqual([
      { start: 0, length: BLOCK - 3 },
      { start: 2 * BLOCK + 3, length: BLOCK - 3 },
    ]);
    expect([BLOCK - 4, BLOCK - 3, BLOCK, 2 * BLOCK + 2, 2 * BLOCK + 3].map((b) => bitmap.test(b))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(bitmap.word(BLOCK / 32 - 1)).toBe(0xe0000000);
    expect([...records.list('bits/')]).toHaveLength(3);
  });

  it('finds set bits by their rank, however far apart they are', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(5 * BLOCK), { maxLength: 50 }),
        fc.array(fc.nat(60)),
        (bits, picks) => {
          const bitmap = new Bitmap(new MemoryRecords(), 'bits', 2 ** 40);
          for (const bit of bits) bitmap.set(bit, 1);
          const sorted = [...bits].sort((x, y) => x - y);
          expect([...bitmap.ones()]).toEqual(sorted);
          const ranks = [...picks].sort((x, y) => x - y);
          expect(bitmap.atRanks(ranks)).toEqual(ranks.flatMap((rank) => sorted[rank] ?? []));
        },
      ),
    );
  });

  it('loads and stores only the records that it touches', () => {
    const records = new MemoryRecords();
    const bitmap = new Bitmap(records, 'bits', 100 * BLOCK);
    bitmap.set(50 * BLOCK, 1);
    expect([...records.list('bits/')].map(([key]) => key)).toEqual(['bits/000000000050']);
    expect(bitmap.nextSet(0)).toBe(50 * BLOCK);
    expect(bitmap.findZeroArea(0, 51 * BLOCK, 1, 0)).toBeUndefined();
    expect(bitmap.findZeroArea(0, 49 * BLOCK, 1, 0)).toBe(0);
  });

  it('has answers when it is empty or full', () => {
    const none = new Bitmap(new MemoryRecords(), 'none', 0);
    expect([none.nextZero(0), none.weight(), none.findFreeRegion(0)]).toEqual([0, 0, undefined]);
    const full = new Bitmap(new MemoryRecords(), 'full', 33);
    full.set(0, 33);
    expect([full.nextZero(0), full.weight(), full.findZeroArea(0, 1, 1, 0)]).toEqual([33, 33, undefined]);
  });
});
