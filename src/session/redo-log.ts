/**
 * The redo log of a session that a server owns: transactions that have happened and are not in the store
 * yet, each as the records that it changed.
 *
 *     head     which boot the log belongs to                     32 bytes
 *     frame    u32 size, u32 check, u48 sequence, u32 changes    and the changes (log-frame.ts)
 *
 * A frame is written by one write(2), and there is nothing behind it. What a killed server left of its last one
 * is no frame. Frames are numbered on through all logs of a boot, so that those that are in the store are known
 * (`replay-log.ts`).
 *
 * Bitmaps, which change in every call by a word, are whole in the first frame that has them, and a few words in those
 * that follow: `#blocks` has them as they were logged last.
 */
import { closeSync, readSync, statSync } from 'node:fs';
import type { BootState } from './boot-state.ts';
import { createOwn, openOwn, truncateHost, unlinkHost, writeHost } from './host-files.ts';
import { CHANGE_HEAD, FrameWriter, recordIn } from './log-frame.ts';
import { encodeRecord } from './record-codec.ts';
import { CHECK, fileError, SessionError } from './session-error.ts';
import type { StoreChanges } from './store.ts';

/** Which boot a log belongs to. */
export type LoggedBoot = Pick<BootState, 'generation' | 'bootedAt'>;

const MAGIC = 0x676f6c64;
/** Raised when the form changes. */
const LOG_VERSION = 1;
export const HEAD = 32;

/** What a log looks like from outside: where there is none, nobody serves the session, or has served it and was killed. */
export function lookAtLog(path: string): 'missing' | 'empty' | 'frames' {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'missing';
  return stat.size > HEAD ? 'frames' : 'empty';
}

/** What a log of a boot begins with. */
export function headOf({ generation, bootedAt }: LoggedBoot): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(LOG_VERSION, 4);
  head.writeUIntLE(generation, 8, 6);
  head.writeDoubleLE(bootedAt, 16);
  return head;
}

/** What a transaction has changed. */
export interface LoggedChanges {
  readonly changed: ReadonlySet<string>;
  /** Absent: it is deleted. */
  get(key: string): unknown;
  /** Whether it is known that nothing was under the key before. */
  isMade(key: string): boolean;
}

/** Shorter bitmaps are as cheap as a whole. */
const LEAST_WORDS = 128;

/** From the first word that is another one to the last. */
function differenceOf(
  before: Uint32Array,
  after: Uint32Array,
): { readonly from: number; readonly to: number } {
  let [from, to] = [0, after.length];
  while (from < to && after[from] === before[from]) from++;
  while (to > from && after[to - 1] === before[to - 1]) to--;
  return { from, to };
}

/** The key is deleted. */
const DELETED = -1;
/** The key's value is in `#blocks`. */
const BLOCK = -2;

/** The log of a server that lives: written, and read where the store is behind it. */
export class RedoLog {
  readonly #path: string;
  readonly #fd: number;
  readonly #frame = new FrameWriter();
  /** Where the last change of each key stands, or one of the two above. */
  readonly #places = new Map<string, number>();
  /** Bitmaps, as they were logged last. */
  readonly #blocks = new Map<string, Uint32Array>();
  /** Keys that the store has not: when they are deleted before it has, it need not know of them. */
  readonly #unstored = new Set<string>();
  #size = HEAD;

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
    return this.#places.get(key) === DELETED;
  }

  /** The record under a key that the log `has`; `undefined`: it is deleted. */
  get(key: string): Uint8Array | undefined {
    const place = this.#places.get(key);
    if (place === undefined || place === DELETED) return undefined;
    const block = this.#blocks.get(key);
    if (block !== undefined) return encodeRecord(key, block);
    const head = Buffer.allocUnsafe(CHANGE_HEAD);
    this.#read(head, place);
    const { from, size } = recordIn(head, 0);
    const record = new Uint8Array(size);
    this.#read(record, place + from);
    return record;
  }

  /**
   * Appends a transaction, by one write(2).
   *
   * @throws SessionError when it could not be written whole: then it has not happened
   */
  append(sequence: number, changes: LoggedChanges): void {
    const { changed } = changes;
    const places: number[] = [];
    const patches: (() => void)[] = [];
    this.#frame.begin(sequence, changed.size);
    for (const key of changed) places.push(this.#put(key, changes.get(key), patches));
    const frame = this.#frame.finish();
    this.#write(frame);
    let i = 0;
    for (const key of changed) this.#note(key, places[i++] ?? DELETED, changes.isMade(key));
    for (const patch of patches) patch();
    this.#size += frame.length;
  }

  #note(key: string, place: number, isMade: boolean): void {
    if (isMade && !this.#places.has(key)) {
      if (place === DELETED) return;
      this.#unstored.add(key);
    } else if (place === DELETED && this.#unstored.delete(key)) {
      this.#places.delete(key);
      return;
    }
    this.#places.set(key, place);
  }

  /** All changes, the last of each key. */
  *changes(): StoreChanges {
    const bytes = Buffer.allocUnsafe(this.#size);
    this.#read(bytes, 0);
    for (const [key, place] of this.#places) {
      const block = this.#blocks.get(key);
      if (place === DELETED) yield [key, undefined];
      else if (block !== undefined) yield [key, encodeRecord(key, block)];
      else {
        const { from, size } = recordIn(bytes, place);
        yield [key, bytes.subarray(place + from, place + from + size)];
      }
    }
  }

  /** Empties it: what it had is in the store. */
  clear(): void {
    this.#size = HEAD;
    this.#places.clear();
    this.#blocks.clear();
    this.#unstored.clear();
    this.#cut();
  }

  /** It was tried to put it into the store, and is not known whether that has it. */
  doubt(): void {
    this.#unstored.clear();
  }

  /** Lets go of the file, and removes it when there is nothing in it. */
  close(): void {
    closeSync(this.#fd);
    if (this.#size === HEAD) unlinkHost(this.#path);
  }

  /** Puts a change into the frame. @param patches what is to be done once it is written. @returns its place */
  #put(key: string, value: unknown, patches: (() => void)[]): number {
    const bits = value instanceof Uint32Array && value.length >= LEAST_WORDS ? value : undefined;
    const before = bits === undefined && this.#blocks.size === 0 ? undefined : this.#blocks.get(key);
    if (bits !== undefined && before?.length === bits.length) {
      const { from, to } = differenceOf(before, bits);
      const words = bits.subarray(from, to);
      this.#frame.patch(key, from, words);
      patches.push(() => before.set(words, from));
      return BLOCK;
    }
    if (bits !== undefined) patches.push(() => this.#blocks.set(key, bits.slice()));
    else if (before !== undefined) patches.push(() => this.#blocks.delete(key));
    if (value !== undefined) return this.#size + this.#frame.put(key, value);
    this.#frame.delete(key);
    return DELETED;
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
}
