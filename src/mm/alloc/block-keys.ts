/**
 * The keys of a bitmap's blocks, made once in a process: a search of a large area asks for each of its blocks, and making
 * 32 keys takes as long as looking through 32 blocks. Names alone, so nothing can be out of date.
 */
import { recordKey } from '../../records.ts';

/** Bitmaps and blocks of one whose keys are kept: an area of 128 GiB in pages of 4 KiB. */
const MOST_BITMAPS = 64;
const MOST_BLOCKS = 1024;

const kept = new Map<string, string[]>();

/** The keys that are kept of the bitmap with this prefix, for `blockKey()`. */
export function keysOf(prefix: string): string[] {
  let keys = kept.get(prefix);
  if (keys === undefined) {
    if (kept.size >= MOST_BITMAPS) kept.clear();
    keys = [];
    kept.set(prefix, keys);
  }
  return keys;
}

/** The key of a block. @param keys `keysOf(prefix)` */
export function blockKey(prefix: string, keys: string[], index: number): string {
  if (index >= MOST_BLOCKS) return recordKey(prefix, index);
  // Without holes, so that the array stays one.
  for (let next = keys.length; next <= index; next++) keys.push(recordKey(prefix, next));
  return keys[index] ?? '';
}
