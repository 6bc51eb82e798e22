/**
 * The redo log of a session that a server owns: transactions that have happened and are not in the store
 * yet, each as the records that it changed.
 *
 *     head     which boot the log belongs to                     32 bytes
 *     frame    u32 size, u32 check, u48 sequence, u32 changes    and the changes:
 *     change   u32 size of the value or DELETED, u16 size of the key, key, value as the store has it
 *
 * A frame is written by one write(2), and there is nothing behind it. What a killed server left of its last one
 * is no frame: the values have checksums over themselves and their keys, and `check` is over those. Frames are
 * numbered on through all logs of a boot, so that those that are in the store are known (`replay-log.ts`).
 */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import type { BootState } from './boot-state.ts';
import { createOwn, openOwn, truncateHost, unlinkHost, writeHost } from './host-files.ts';
import { keyBytes, keyText } from './key-bytes.ts';
import { borrowRecord, isRecord } from './record-codec.ts';
import { CHECK, fileError, SessionError } from './session-error.ts';
import { checksumOf } from './sqlite-records.ts';
import type { StoreChanges } from './store.ts';

/** Which boot a log belongs to. */
export type LoggedBoot = Pick<BootState, 'generation' | 'arena' | 'bootedAt'>;

const MAGIC = 0x676f6c64;
/** Raised when the form changes. */
const LOG_VERSION = 1;
const HEAD = 32;
const FRAME_HEAD = 18;
const CHANGE_HEAD = 6;
const DELETED = 0xffff_ffff;

/** What a log looks like from outside: where there is none, nobody serves the session, or has served it and was killed. */
export function lookAtLog(path: string): 'missing' | 'empty' | 'frames' {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'missing';
  return stat.size > HEAD ? 'frames' : 'empty';
}

/** Where a value lies in the log; a size of DELETED: its key is deleted. */
interface Place {
  readonly at: number;
  readonly size: number;
}

/** What was read of a log that a server left. */
export interface LeftLog {
  readonly changes: StoreChanges;
  /** The sequence of the last whole frame, 0 when there is none. */
  readonly last: number;
  readonly frames: number;
  /** Bytes at the end that are no whole frame. */
  readonly torn: number;
}

/**
 * Reads the log that a server left.
 *
 * @param after frames up to this sequence are in the store already
 * @returns `undefined` when it belongs to another boot, or was written by another version
 * @throws the system's own error
 */
export function readRedoLog(path: string, boot: LoggedBoot, after: number): LeftLog | undefined {
  const fd = openOwn(path, 'read');
  try {
    const bytes = readAll(fd);
    if (Buffer.compare(bytes.subarray(0, HEAD), headOf(boot)) !== 0) return undefined;
    const places = new Map<string, Place>();
    let [at, last, frames] = [HEAD, 0, 0];
    for (let frame = frameAt(bytes, at); frame !== undefined; frame = frameAt(bytes, at)) {
      // What lies behind the last frame of a log that could not be cut.
      if (last > 0 && frame.sequence !== last + 1) break;
      at += frame.size;
      last = frame.sequence;
      if (last <= after) continue;
      for (const [key, place] of frame.places) places.set(key, place);
      frames++;
    }
    return { changes: changesOf(bytes, places), last, frames, torn: bytes.length - at };
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let done = 0;
  for (let got = -1; got !== 0 && done < bytes.length; done += got) {
    got = readSync(fd, bytes, done, bytes.length - done, done);
  }
  return bytes.subarray(0, done);
}

function* changesOf(bytes: Buffer, places: ReadonlyMap<string, Place>): StoreChanges {
  for (const [key, { at, size }] of places) {
    yield [key, size === DELETED ? undefined : new Uint8Array(bytes.subarray(at, at + size))];
  }
}

function headOf({ generation, arena, bootedAt }: LoggedBoot): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(LOG_VERSION, 4);
  head.writeUIntLE(generation, 8, 6);
  head.writeUIntLE(arena, 14, 6);
  head.writeDoubleLE(bootedAt, 20);
  return head;
}

interface Frame {
  readonly size: number;
  readonly sequence: number;
  readonly places: readonly (readonly [key: string, place: Place])[];
}

/** The frame that begins at a place; `undefined` when there is no whole one. */
function frameAt(bytes: Buffer, from: number): Frame | undefined {
  if (bytes.length - from < FRAME_HEAD) return undefined;
  const size = bytes.readUInt32LE(from);
  const end = from + size;
  if (size < FRAME_HEAD || end > bytes.length) return undefined;
  const sequence = bytes.readUIntLE(from + 8, 6);
  const count = bytes.readUInt32LE(from + 14);
  let check = checkOf(sequence, count);
  let at = from + FRAME_HEAD;
  const places: (readonly [string, Place])[] = [];
  for (let i = 0; i < count; i++) {
    if (end - at < CHANGE_HEAD) return undefined;
    const length = bytes.readUInt32LE(at);
    const keyEnd = at + CHANGE_HEAD + bytes.readUInt16LE(at + 4);
    const value = length === DELETED ? 0 : length;
    if (keyEnd + value > end) return undefined;
    const key = keyText(bytes.subarray(at + CHANGE_HEAD, keyEnd));
    places.push([key, { at: keyEnd, size: length }]);
    if (length === DELETED) check = mix(check, checksumOf(borrowRecord(key, null)));
    else {
      const record = bytes.subarray(keyEnd, keyEnd + value);
      if (!isRecord(key, record)) return undefined;
      check = mix(check, checksumOf(record));
    }
    at = keyEnd + value;
  }
  return at === end && check === bytes.readUInt32LE(from + 4) ? { size, sequence, places } : undefined;
}

const mix = (check: number, value: number): number =>
  (Math.imul(check ^ value, 0x85ebca6b) ^ (check >>> 15)) >>> 0;

const checkOf = (sequence: number, count: number): number =>
  mix(mix(0x811c9dc5, sequence % 0x1_0000_0000), count);

/** The log of a server that lives: written, and read where the store is behind it. */
export class RedoLog {
  readonly #path: string;
  readonly #fd: number;
  readonly #places = new Map<string, Place>();
  #size = HEAD;
  #frame = Buffer.allocUnsafeSlow(1 << 16);

  /** Begins an empty log in the place of the one that is there. @throws SessionError */
  constructor(path: string, boot: LoggedBoot) {
    this.#path = path;
    try {
      unlinkHost(path);
      closeSync(createOwn(path));
      this.#fd = openOwn(path, 'write');
      writeHost(this.#fd, path, headOf(boot), 0);
    } catch (error) {
      throw fileError(error, `write ${path}`);
    }
  }

  /** Its bytes; those of an empty log are not counted. */
  get size(): number {
    return this.#size - HEAD;
  }

  /** The keys that it has changes of. */
  get keys(): Iterable<string> {
    return this.#places.keys();
  }

  /** Whether the log says what is under a key; if so, the store does not know. */
  has(key: string): boolean {
    return this.#places.has(key);
  }

  /** Whether the log says that a key is gone. */
  isDeleted(key: string): boolean {
    return this.#places.get(key)?.size === DELETED;
  }

  /** The bytes under a key that the log `has`; `undefined`: it is deleted. */
  get(key: string): Uint8Array | undefined {
    const place = this.#places.get(key);
    if (place === undefined || place.size === DELETED) return undefined;
    const bytes = new Uint8Array(place.size);
    this.#read(bytes, place.at);
    return bytes;
  }

  /**
   * Appends a transaction, by one write(2).
   *
   * @param changes `undefined` deletes
   * @throws SessionError when it could not be written whole: then it has not happened
   */
  append(sequence: number, changes: readonly (readonly [key: string, value: unknown])[]): void {
    let check = checkOf(sequence, changes.length);
    let at = FRAME_HEAD;
    const places: Place[] = [];
    for (const [key, value] of changes) {
      const record = borrowRecord(key, value ?? null);
      check = mix(check, checksumOf(record));
      const size = value === undefined ? 0 : record.length;
      this.#reserve(at, CHANGE_HEAD + 3 * key.length + size);
      const keyAt = at + CHANGE_HEAD;
      const keyEnd = keyAt + this.#putKey(key, keyAt);
      this.#frame.writeUInt32LE(value === undefined ? DELETED : size, at);
      this.#frame.writeUInt16LE(keyEnd - keyAt, at + 4);
      if (size > 0) this.#frame.set(record, keyEnd);
      places.push({ at: this.#size + keyEnd, size: value === undefined ? DELETED : size });
      at = keyEnd + size;
    }
    this.#frame.writeUInt32LE(at, 0);
    this.#frame.writeUInt32LE(check, 4);
    this.#frame.writeUIntLE(sequence, 8, 6);
    this.#frame.writeUInt32LE(changes.length, 14);
    this.#write(this.#frame.subarray(0, at));
    changes.forEach(([key], i) => {
      const place = places[i];
      if (place !== undefined) this.#places.set(key, place);
    });
    this.#size += at;
  }

  /** All changes, the last of each key. */
  *changes(): StoreChanges {
    const bytes = Buffer.allocUnsafe(this.#size);
    this.#read(bytes, 0);
    yield* changesOf(bytes, this.#places);
  }

  /** Empties it: what it had is in the store. */
  clear(): void {
    this.#size = HEAD;
    this.#places.clear();
    this.#cut();
  }

  /** Lets go of the file, and removes it when there is nothing in it. */
  close(): void {
    closeSync(this.#fd);
    if (this.#size === HEAD) unlinkHost(this.#path);
  }

  #write(frame: Uint8Array): void {
    try {
      writeHost(this.#fd, this.#path, frame, this.#size);
    } catch (error) {
      this.#cut();
      throw fileError(error, `write ${this.#path}`);
    }
  }

  #cut(): void {
    try {
      truncateHost(this.#fd, this.#path, this.#size);
    } catch {
      // The next frame is written over what is there, and what is then behind it is not the one that follows.
    }
  }

  #read(into: Uint8Array, from: number): void {
    try {
      for (let done = 0; done < into.length; ) {
        const got = readSync(this.#fd, into, done, into.length - done, from + done);
        if (got === 0) throw new SessionError('session-damaged', `${this.#path} is cut off`, CHECK);
        done += got;
      }
    } catch (error) {
      throw fileError(error, `read ${this.#path}`);
    }
  }

  #putKey(key: string, at: number): number {
    if (ASCII.test(key)) return this.#frame.write(key, at, 'latin1');
    const bytes = keyBytes(key);
    this.#frame.set(bytes, at);
    return bytes.length;
  }

  #reserve(used: number, more: number): void {
    if (used + more <= this.#frame.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#frame.length, used + more));
    larger.set(this.#frame.subarray(0, used));
    this.#frame = larger;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the first 128 characters are meant
const ASCII = /^[\u0000-\u007f]*$/;
