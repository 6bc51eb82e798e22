/**
 * Searches in one block of a bitmap. Whole numbers of 32 bits alone, and nothing but loops over words: most of a search of
 * a fragmented area is spent here.
 */

export const WORDS_PER_BLOCK = 1024;
export const BITS_PER_BLOCK = WORDS_PER_BLOCK * 32;
/** A word of 32 set bits; as `flip` it makes set bits of clear ones. */
export const ALL_SET = -1;
/** From so many bits on, areas are stepped over sooner than the words between them are looked at. */
const LONG_AREA = 1024;

/** The first bit at or after `from` that is set after `flip`; `BITS_PER_BLOCK` when there is none. */
export function firstIn(block: Uint32Array, from: number, flip: number): number {
  let index = from >>> 5;
  let word = ((block[index] ?? 0) ^ flip) & (-1 << (from & 31));
  while (word === 0) {
    if (++index === WORDS_PER_BLOCK) return BITS_PER_BLOCK;
    word = (block[index] ?? 0) ^ flip;
  }
  return (index << 5) + 31 - Math.clz32(word & -word);
}

/** The last set bit in `[from, end)`, which is not empty; -1 when there is none. */
export function lastIn(block: Uint32Array, from: number, end: number): number {
  const least = from >>> 5;
  let index = (end - 1) >>> 5;
  let word = (block[index] ?? 0) & (-1 >>> (-end & 31));
  while (word === 0) {
    if (--index < least) return -1;
    word = (block[index] ?? 0) | 0;
  }
  const found = (index << 5) + 31 - Math.clz32(word);
  return found < from ? -1 : found;
}

/**
 * The first area of clear bits that lies in this block alone: `Bitmap.findZeroArea()` as long as no border is met.
 *
 * @param from where to begin
 * @param to where the bits of this block end, at most `BITS_PER_BLOCK`
 * @param length of the area, at least 1
 * @param align a power of two, at most `BITS_PER_BLOCK`
 * @param offset 0 to `align - 1`: `(start + offset) % align === 0`
 * @returns its start; or, where the next area reaches over `to`, the complement (`~`) of the bit from which
 *   the search has to go on
 */
export function areaIn(
  block: Uint32Array,
  from: number,
  to: number,
  length: number,
  align: number,
  offset: number,
): number {
  const mask = align - 1;
  let start = from;
  let clearTo = 0;
  for (;;) {
    if (length < LONG_AREA) {
      let index = start >>> 5;
      let word = ~(block[index] ?? 0) & (-1 << (start & 31));
      while (word === 0) {
        if (++index >= WORDS_PER_BLOCK) return ~BITS_PER_BLOCK;
        word = ~(block[index] ?? 0);
      }
      start = (index << 5) + 31 - Math.clz32(word & -word);
    }
    const area = ((start + offset + mask) & ~mask) - offset;
    const end = (area + length) | 0;
    if (end > to) return ~start;
    const low = Math.max(area, clearTo);
    const least = low >>> 5;
    let index = (end - 1) >>> 5;
    let word = (block[index] ?? 0) & (-1 >>> (-end & 31));
    while (word === 0 && index > least) word = (block[--index] ?? 0) | 0;
    const taken = (index << 5) + 31 - Math.clz32(word);
    if (word === 0 || taken < low) return area;
    clearTo = end;
    start = (taken + 1) | 0;
  }
}

/** Sets or clears the bits in `[from, end)`, which is not empty. */
export function changeIn(block: Uint32Array, from: number, end: number, value: boolean): void {
  const first = from >>> 5;
  const last = (end - 1) >>> 5;
  const head = -1 << (from & 31);
  const tail = -1 >>> (-end & 31);
  if (first === last) changeWord(block, first, head & tail, value);
  else {
    changeWord(block, first, head, value);
    block.fill(value ? ALL_SET : 0, first + 1, last);
    changeWord(block, last, tail, value);
  }
}

function changeWord(block: Uint32Array, index: number, mask: number, value: boolean): void {
  const word = block[index] ?? 0;
  block[index] = value ? word | mask : word & ~mask;
}
