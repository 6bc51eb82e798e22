/**
 * A bitmap kept in records, block by block, so that a call loads and stores only the words it touches.
 * Models lib/bitmap.c and lib/find_bit.c (Linux 7.3).
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PfnRange } from '../../units.ts';
import { ALL_SET, areaIn, BITS_PER_BLOCK, changeIn, firstIn, lastIn, WORDS_PER_BLOCK } from './bit-words.ts';
import { blockKey, keysOf } from './block-keys.ts';

/** A run of equal bits: `[start, start + length)`. */
export interface BitRun {
  readonly start: number;
  readonly length: number;
}

export class Bitmap {
  readonly #records: Records;
  readonly #key: string;
  /** The number of bits. */
  readonly size: number;
  /** The keys of its blocks, once one was asked for. */
  #keys: string[] | undefined;

  /** @param key the prefix of the blocks' keys; blocks that do not exist are all zero */
  constructor(records: Records, key: string, size: number) {
    this.#records = records;
    this.#key = key;
    this.size = size;
  }

  /** Whether the bit is set: test_bit(). */
  test(bit: number): boolean {
    return ((this.word(Math.floor(bit / 32)) >>> (bit % 32)) & 1) === 1;
  }

  /** The 32 bits from `index * 32` on, lowest first. */
  word(index: number): number {
    const block = this.#block(Math.floor(index / WORDS_PER_BLOCK));
    return block?.[index % WORDS_PER_BLOCK] ?? 0;
  }

  /** bitmap_set(). */
  set(start: number, length: number): void {
    this.#change(start, length, true);
  }

  /** bitmap_clear(). */
  clear(start: number, length: number): void {
    this.#change(start, length, false);
  }

  /** Clears just these runs, ascending, and sets all other bits; blocks that are all clear need not be made. */
  leaveClear(runs: readonly BitRun[]): void {
    let from = 0;
    for (const { start, length } of runs) {
      this.set(from, start - from);
      this.clear(start, length);
      from = start + length;
    }
    this.set(from, this.size - from);
  }

  /** The first clear bit at or after `from`, or `size`: find_next_zero_bit(). */
  nextZero(from: number): number {
    return this.#next(from, this.size, ALL_SET);
  }

  /** The first set bit in `[from, end)`, or `end`: find_next_bit(). */
  nextSet(from: number, end: number = this.size): number {
    return this.#next(from, Math.min(end, this.size), 0);
  }

  /**
   * The first run of `length` clear bits, aligned: bitmap_find_next_zero_area_off().
   *
   * Each area is looked at from its end: behind the last set bit the next one may begin, whatever lies before.
   *
   * ```
   *   ..##....#.###.....#......
   *   |------------|                a set bit at its end: nothing before that can begin an area
   *                 |------------|  the next
   * ```
   *
   * @param align a power of two: `(start + alignOffset) % align === 0`
   * @returns its start, or `undefined` when there is none
   */
  findZeroArea(from: number, length: number, align: number, alignOffset: number): number | undefined {
    const inBlock = length > 0 && length <= BITS_PER_BLOCK && align <= BITS_PER_BLOCK;
    // Bits below are known to be clear from the area that was tried before.
    let clearTo = 0;
    for (let start = from; ; ) {
      const number = Math.floor(start / BITS_PER_BLOCK);
      const first = number * BITS_PER_BLOCK;
      const block = inBlock && start < this.size ? this.#block(number) : undefined;
      if (block !== undefined) {
        const to = Math.min(this.size - first, BITS_PER_BLOCK);
        const found = areaIn(block, start - first, to, length, align, (first + alignOffset) % align);
        if (found >= 0) return first + found;
        start = first + ~found;
      }
      const index = Math.ceil((this.nextZero(start) + alignOffset) / align) * align - alignOffset;
      const end = index + length;
      if (end > this.size) return undefined;
      const taken = this.#last(Math.max(index, clearTo), end);
      if (taken < 0) return index;
      clearTo = end;
      start = taken + 1;
    }
  }

  /**
   * The first free region of `1 << order` bits at a multiple of its size, not taken yet: the search of
   * bitmap_find_free_region().
   */
  findFreeRegion(order: number): number | undefined {
    return this.findZeroArea(0, 2 ** order, 2 ** order, 0);
  }

  /** The set bits, in order; costs the blocks that there are, however large the bitmap. */
  *ones(): Iterable<number> {
    for (const [first, block] of this.#blocks()) {
      for (let bit = 0; bit < BITS_PER_BLOCK; bit++) {
        const word = block[bit >>> 5] ?? 0;
        if (word === 0) bit |= 31;
        else if (((word >>> (bit & 31)) & 1) === 1) yield first + bit;
      }
    }
  }

  /** The set bits of these ranks: rank 0 is the lowest. @param ranks ascending */
  atRanks(ranks: readonly number[]): readonly number[] {
    const found: number[] = [];
    let passed = 0;
    for (const [first, block] of this.#blocks()) {
      for (let index = 0; index < block.length; index++) {
        const word = block[index] ?? 0;
        const count = countOnes(word);
        for (let rank = ranks[found.length]; rank !== undefined && rank < passed + count; ) {
          found.push(first + index * 32 + bitOfRank(word, rank - passed));
          rank = ranks[found.length];
        }
        passed += count;
      }
    }
    return found;
  }

  /** The runs of clear bits, in order. */
  *zeroRuns(): Iterable<BitRun> {
    for (let start = this.nextZero(0); start < this.size; ) {
      const end = this.nextSet(start);
      yield { start, length: end - start };
      start = this.nextZero(end);
    }
  }

  /** The number of clear bits. */
  zeros(): number {
    let count = 0;
    for (const run of this.zeroRuns()) count += run.length;
    return count;
  }

  /** The number of set bits: bitmap_weight(). */
  weight(): number {
    return this.size - this.zeros();
  }

  /** The length of the longest run of clear bits; 0 when there is none. */
  longestZeroRun(): number {
    let longest = 0;
    for (const run of this.zeroRuns()) longest = Math.max(longest, run.length);
    return longest;
  }

  /** The runs of clear bits as page frames, where bit 0 stands for `base`. */
  freeFrames(base: Pfn): readonly PfnRange[] {
    return [...this.zeroRuns()].map((run) => ({ pfn: base + run.start, pages: run.length }));
  }

  /** The blocks that there are, each with its first bit. */
  *#blocks(): Iterable<readonly [first: number, block: Uint32Array]> {
    const prefix = recordKey(this.#key, '');
    for (const [key, block] of this.#records.list<Uint32Array>(prefix)) {
      yield [Number(key.slice(prefix.length)) * BITS_PER_BLOCK, block];
    }
  }

  #block(index: number): Uint32Array | undefined {
    return this.#records.get<Uint32Array>(this.#blockKey(index));
  }

  #blockKey(index: number): string {
    this.#keys ??= keysOf(this.#key);
    return blockKey(this.#key, this.#keys, index);
  }

  /** The first bit in `[from, end)` that is set, or clear where `flip` is `ALL_SET`; `end` when there is none. */
  #next(from: number, end: number, flip: number): number {
    for (let bit = from; bit < end; ) {
      const index = Math.floor(bit / BITS_PER_BLOCK);
      const first = index * BITS_PER_BLOCK;
      const block = this.#block(index);
      if (block !== undefined) {
        const found = first + firstIn(block, bit - first, flip);
        if (found < first + BITS_PER_BLOCK) return Math.min(found, end);
      } else if (flip === ALL_SET) return bit;
      bit = first + BITS_PER_BLOCK;
    }
    return end;
  }

  /** The last set bit in `[from, end)`, or -1 when there is none. */
  #last(from: number, end: number): number {
    for (let bit = end - 1; bit >= from; ) {
      const index = Math.floor(bit / BITS_PER_BLOCK);
      const first = index * BITS_PER_BLOCK;
      const block = this.#block(index);
      if (block !== undefined) {
        const found = lastIn(block, Math.max(from - first, 0), bit + 1 - first);
        if (found >= 0) return first + found;
      }
      bit = first - 1;
    }
    return -1;
  }

  #change(start: number, length: number, value: boolean): void {
    const end = start + length;
    for (let bit = start; bit < end; ) {
      const index = Math.floor(bit / BITS_PER_BLOCK);
      const first = index * BITS_PER_BLOCK;
      const there = this.#block(index);
      if (there !== undefined || value) {
        const block = there ?? new Uint32Array(WORDS_PER_BLOCK);
        changeIn(block, bit - first, Math.min(end - first, BITS_PER_BLOCK), value);
        this.#records.put(this.#blockKey(index), block);
      }
      bit = first + BITS_PER_BLOCK;
    }
  }
}

/** hweight32(). */
function countOnes(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The place of the set bit that has `rank` lower ones. */
function bitOfRank(word: number, rank: number): number {
  let rest = word;
  for (let i = 0; i < rank; i++) rest &= rest - 1;
  return 31 - Math.clz32(rest & -rest);
}
