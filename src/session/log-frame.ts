/**
 * A transaction as bytes: a frame of the redo log.
 *
 *     frame    u32 size, u32 check, u48 sequence, u32 count, count × change
 *     change   u32 what, u16 size of the key, key, and
 *                what = DELETED          nothing
 *                what = PATCH | size     u32 number of a word, and words, so many bytes together: of a bitmap that the log has
 *                                        as a whole before
 *                what = size             the record as the store has it, so many bytes
 *
 * `check` is over the sequence, the patches, and the checksums of the records, which are over themselves and their keys.
 */
import { keyBytes, keyText } from './key-bytes.ts';
import { borrowRecord, isRecord } from './record-codec.ts';
import { checksumOf } from './sqlite-records.ts';

const HEAD = 18;
export const CHANGE_HEAD = 6;
const DELETED = 0xffff_ffff;
const PATCH = 0x8000_0000;
/** The number before the words of a patch. */
const NUMBER = 4;

/** What a frame says of a key. */
export type Change =
  | { readonly key: string; readonly kind: 'deleted' }
  | { readonly key: string; readonly kind: 'record'; readonly record: Uint8Array }
  | { readonly key: string; readonly kind: 'patch'; readonly word: number; readonly words: Uint32Array };

export interface Frame {
  readonly sequence: number;
  readonly changes: readonly Change[];
  /** Where it ends. */
  readonly end: number;
}

/** The frames of a log from a place on, up to the first that is not whole, or does not follow the one before. */
export function* framesOf(bytes: Buffer, from: number): Iterable<Frame> {
  let last: Frame | undefined;
  for (let frame = frameAt(bytes, from); frame !== undefined; frame = frameAt(bytes, frame.end)) {
    // What lies behind the last frame of a log that could not be cut.
    if (last !== undefined && frame.sequence !== last.sequence + 1) return;
    yield frame;
    last = frame;
  }
}

function frameAt(bytes: Buffer, from: number): Frame | undefined {
  if (bytes.length - from < HEAD) return undefined;
  const end = from + bytes.readUInt32LE(from);
  if (end < from + HEAD || end > bytes.length) return undefined;
  const sequence = bytes.readUIntLE(from + 8, 6);
  const count = bytes.readUInt32LE(from + 14);
  let check = checkOf(sequence, count);
  const changes: Change[] = [];
  let at = from + HEAD;
  for (let i = 0; i < count; i++) {
    const one = changeAt(bytes, at, end);
    if (one === undefined) return undefined;
    check = mix(check, one.check);
    changes.push(one.change);
    at = one.end;
  }
  return at === end && check === bytes.readUInt32LE(from + 4) ? { sequence, changes, end } : undefined;
}

interface Found {
  readonly change: Change;
  readonly check: number;
  readonly end: number;
}

function changeAt(bytes: Buffer, at: number, limit: number): Found | undefined {
  if (limit - at < CHANGE_HEAD) return undefined;
  const what = bytes.readUInt32LE(at);
  const keyEnd = at + CHANGE_HEAD + bytes.readUInt16LE(at + 4);
  if (keyEnd > limit) return undefined;
  const key = keyText(bytes.subarray(at + CHANGE_HEAD, keyEnd));
  if (what === DELETED) return { change: { key, kind: 'deleted' }, check: checkOfKey(key), end: keyEnd };
  const end = keyEnd + (what % PATCH);
  if (end > limit) return undefined;
  const value = bytes.subarray(keyEnd, end);
  if (what < PATCH) {
    if (!isRecord(key, value)) return undefined;
    return { change: { key, kind: 'record', record: value }, check: checksumOf(value), end };
  }
  if (value.length < NUMBER || value.length % 4 !== 0) return undefined;
  // A copy: words want to be aligned.
  const words = new Uint32Array(new Uint8Array(value.subarray(NUMBER)).buffer);
  const patch = { key, kind: 'patch', word: value.readUInt32LE(0), words } as const;
  return { change: patch, check: checkOfBytes(bytes, keyEnd, end, checkOfKey(key)), end };
}

/** Where behind its beginning the record of a change is, which is one, and its size. */
export const recordIn = (bytes: Buffer, at: number): { readonly from: number; readonly size: number } => ({
  from: CHANGE_HEAD + bytes.readUInt16LE(at + 4),
  size: bytes.readUInt32LE(at),
});

/** The frames of a log, one after the other, in one buffer. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(1 << 16);
  #end = HEAD;
  #check = 0;
  #count = 0;

  /** Begins a frame. @param count of the changes that will follow */
  begin(sequence: number, count: number): void {
    this.#end = HEAD;
    this.#count = count;
    this.#check = checkOf(sequence, count);
    this.#bytes.writeUIntLE(sequence, 8, 6);
  }

  delete(key: string): void {
    this.#head(DELETED, key, 0);
    this.#check = mix(this.#check, checkOfKey(key));
  }

  /** @returns where in the frame the change stands */
  put(key: string, value: unknown): number {
    const record = borrowRecord(key, value);
    const at = this.#end;
    this.#head(record.length, key, record.length);
    this.#bytes.set(record, this.#end);
    this.#end += record.length;
    this.#check = mix(this.#check, checksumOf(record));
    return at;
  }

  /** @param word the number of the first of them */
  patch(key: string, word: number, words: Uint32Array): void {
    const size = NUMBER + words.byteLength;
    this.#head(PATCH + size, key, size);
    const from = this.#end;
    this.#bytes.writeUInt32LE(word, from);
    let to = from + NUMBER;
    for (const one of words) to = this.#bytes.writeUInt32LE(one, to);
    this.#end = to;
    this.#check = mix(this.#check, checkOfBytes(this.#bytes, from, to, checkOfKey(key)));
  }

  /** The frame, whose bytes are good until the next one begins. */
  finish(): Uint8Array {
    this.#bytes.writeUInt32LE(this.#end, 0);
    this.#bytes.writeUInt32LE(this.#check, 4);
    this.#bytes.writeUInt32LE(this.#count, 14);
    return this.#bytes.subarray(0, this.#end);
  }

  #head(what: number, key: string, more: number): void {
    this.#reserve(CHANGE_HEAD + 3 * key.length + more);
    const bytes = this.#bytes;
    const at = this.#end;
    let to = at + CHANGE_HEAD;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      if (unit > 0x7f) {
        to = this.#putWide(key, at + CHANGE_HEAD);
        break;
      }
      bytes[to++] = unit;
    }
    bytes.writeUInt32LE(what, at);
    bytes.writeUInt16LE(to - at - CHANGE_HEAD, at + 4);
    this.#end = to;
  }

  #putWide(key: string, at: number): number {
    const text = keyBytes(key);
    this.#bytes.set(text, at);
    return at + text.length;
  }

  #reserve(more: number): void {
    const size = this.#end + more;
    if (size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, size));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

const mix = (check: number, value: number): number =>
  (Math.imul(check ^ value, 0x85ebca6b) ^ (check >>> 15)) >>> 0;

const checkOf = (sequence: number, count: number): number =>
  mix(mix(0x811c9dc5, sequence % 0x1_0000_0000), count);

function checkOfKey(key: string): number {
  let check = key.length;
  for (let i = 0; i < key.length; i++) check = mix(check, key.charCodeAt(i));
  return check;
}

function checkOfBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let check = seed;
  for (let at = from; at < to; at++) check = mix(check, bytes[at] ?? 0);
  return check;
}
