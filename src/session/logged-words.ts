/** Typed arrays that change by a few words at a time, bitmaps above all, and what is different in them. */

/** Smaller ones are as cheap as a whole. */
const SMALLEST = 512;

/** A typed array of whole words. */
export interface Words {
  readonly value: ArrayBufferView;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** Another one that holds the same. */
  copy(): Words;
}

/** Those kinds that change so. */
type Array32 = Uint32Array | Uint16Array | Int32Array;

/** A value as words, when it is worth it. */
export function wordsOf(value: unknown): Words | undefined {
  if (!(value instanceof Uint32Array || value instanceof Uint16Array || value instanceof Int32Array)) {
    return undefined;
  }
  const { byteLength, byteOffset } = value;
  return byteLength < SMALLEST || byteLength % 4 !== 0 || byteOffset % 4 !== 0 ? undefined : viewOf(value);
}

function viewOf(value: Array32): Words {
  const { buffer, byteOffset, byteLength } = value;
  return {
    value,
    bytes: new Uint8Array(buffer, byteOffset, byteLength),
    words: new Uint32Array(buffer, byteOffset, byteLength / 4),
    copy: () => viewOf(value.slice()),
  };
}

/** From the first word that is different to the last. @returns `undefined` when they are of different kinds or sizes */
export function differenceOf(
  before: Words,
  after: Words,
): { readonly at: number; readonly bytes: Uint8Array } | undefined {
  const { words } = after;
  if (before.value.constructor !== after.value.constructor || before.words.length !== words.length)
    return undefined;
  let from = 0;
  while (from < words.length && words[from] === before.words[from]) from++;
  let to = words.length;
  while (to > from && words[to - 1] === before.words[to - 1]) to--;
  return { at: 4 * from, bytes: after.bytes.subarray(4 * from, 4 * to) };
}
