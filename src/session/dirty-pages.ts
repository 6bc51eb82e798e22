/**
 * Which pages of the arena may hold anything but zeros: one bit a page, in a file of its own.
 *
 * The bits are no records, because they are not part of a transaction: what is true of them is true
 * whether the transaction commits or not.
 *
 *     set:    bit on disk  →  then the first write to the page
 *     clear:  zeros on disk  →  then the bit
 *
 * So whenever a process is killed or the power fails, a page without its bit holds zeros; a page with
 * its bit may hold anything. Only the owner of the session's write lock changes bits. The file is
 * separate from the arena so that the sync before a first write costs one page and not all the bytes
 * that were written before.
 */
import { closeSync, readSync } from 'node:fs';
import { openOwn, syncHost, writeHost } from './host-files.ts';
import { CHECK, fileError, SessionError } from './session-error.ts';

/** Bytes of the arena that a bit stands for: the file's own unit, whatever the emulated kernel's pages. */
export const ARENA_PAGE = 4096;

/** Bytes of the bit file looked at in one piece: 128 MiB of memory. */
const CHUNK = 4096;

/** Pieces of the bit file that are kept: 8 GiB of memory. */
const KEPT = 64;

/** A run of page numbers, counted from the arena's start: `[page, page + pages)`. */
export interface PageRun {
  readonly page: number;
  readonly pages: number;
}

export class DirtyPages {
  readonly #path: string;
  readonly #waits: boolean;
  /** Pieces of the file by their numbers, while nobody else may change it. */
  readonly #kept: Map<number, Buffer> | undefined;
  #fd: number | undefined;
  #writable = false;
  /** Whether all bits that are set are known to be on disk. */
  #synced = false;
  readonly #chunk = Buffer.alloc(CHUNK);

  /** @param served whether the owner of the lock keeps it: `mark` does not wait for the disk, `settle` does, and bits are kept in memory */
  constructor(path: string, served = false) {
    this.#path = path;
    this.#waits = !served;
    this.#kept = served ? new Map() : undefined;
  }

  /** How long the file is for so many pages. */
  static fileSize(pages: number): number {
    return Math.ceil(pages / 8);
  }

  /** The runs of pages of `[page, page + pages)` that are `dirty`, in order. */
  runs(page: number, pages: number, dirty: boolean): PageRun[] {
    const runs: PageRun[] = [];
    let start = -1;
    const end = page + pages;
    for (let at = page; at < end; ) {
      const first = Math.floor(at / 8);
      const bytes = this.#read(first, Math.min(CHUNK, Math.ceil(end / 8) - first));
      const stop = Math.min(end, (first + bytes.length) * 8);
      while (at < stop) {
        const byte = bytes[Math.floor(at / 8) - first] ?? 0;
        const inRun = start >= 0;
        // Whole bytes at once where nothing begins or ends.
        if (at % 8 === 0 && at + 8 <= stop && byte === (inRun === dirty ? 0xff : 0)) {
          at += 8;
          continue;
        }
        const matches = ((byte >> (at % 8)) & 1) === (dirty ? 1 : 0);
        if (matches && !inRun) start = at;
        if (!matches && inRun) {
          runs.push({ page: start, pages: at - start });
          start = -1;
        }
        at++;
      }
    }
    if (start >= 0) runs.push({ page: start, pages: end - start });
    return runs;
  }

  /** Bits that were set before may not be on disk: whoever set them may have been killed before the sync. */
  distrust(): void {
    this.#synced = false;
  }

  /** Others may have changed bits. */
  forget(): void {
    this.#kept?.clear();
  }

  /**
   * Sets the bits of runs and waits until they are on disk; costs one look a run when all are set, and a
   * sync the first time after `distrust`.
   */
  mark(runs: readonly PageRun[]): void {
    let changed = false;
    for (const { page, pages } of runs) if (this.#change(page, pages, true)) changed = true;
    if (changed) this.#synced = false;
    if (this.#waits) this.settle();
  }

  /** Waits until all bits that are set are on disk. */
  settle(): void {
    if (this.#synced) return;
    this.#sync();
    this.#synced = true;
  }

  /** Sets all bits, and waits: some of them may be lost. */
  markAll(pages: number): void {
    this.#change(0, pages, true);
    this.#sync();
  }

  /** Clears the bits of a run whose zeros are on disk. */
  clear(page: number, pages: number): void {
    this.#change(page, pages, false);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#writable = false;
    this.forget();
  }

  /** Makes the bits of a run `dirty` or not. @returns whether there were others, and the file was written */
  #change(page: number, pages: number, dirty: boolean): boolean {
    let changed = false;
    const end = page + pages;
    for (let at = page; at < end; ) {
      const first = Math.floor(at / 8);
      const bytes = this.#read(first, Math.min(CHUNK, Math.ceil(end / 8) - first));
      const stop = Math.min(end, (first + bytes.length) * 8);
      if (setBits(bytes, at - first * 8, stop - first * 8, dirty)) {
        this.#write(first, bytes);
        changed = true;
      }
      at = stop;
    }
    return changed;
  }

  /** Some of the bytes from `first` on, and at most `length`; the view is good until the next call. */
  #read(first: number, length: number): Buffer {
    if (this.#kept === undefined) {
      const bytes = this.#chunk.subarray(0, length);
      if (this.#load(bytes, first) < length) throw this.#cutOff();
      return bytes;
    }
    const piece = this.#piece(this.#kept, Math.floor(first / CHUNK));
    const at = first % CHUNK;
    if (at >= piece.length) throw this.#cutOff();
    return piece.subarray(at, at + length);
  }

  #piece(kept: Map<number, Buffer>, number: number): Buffer {
    const known = kept.get(number);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(CHUNK);
    const piece = bytes.subarray(0, this.#load(bytes, number * CHUNK));
    if (kept.size >= KEPT) kept.clear();
    kept.set(number, piece);
    return piece;
  }

  /** @returns how many bytes there were */
  #load(into: Buffer, from: number): number {
    try {
      return readSync(this.#open(false), into, 0, into.length, from);
    } catch (error) {
      throw fileError(error, `read ${this.#path}`);
    }
  }

  #cutOff = (): SessionError => new SessionError('session-damaged', `${this.#path} is cut off`, CHECK);

  #write(first: number, bytes: Buffer): void {
    try {
      writeHost(this.#open(true), this.#path, bytes, first);
    } catch (error) {
      this.forget();
      throw fileError(error, `write ${this.#path}`);
    }
  }

  #sync(): void {
    try {
      syncHost(this.#open(true), this.#path);
    } catch (error) {
      throw fileError(error, `write ${this.#path}`);
    }
  }

  #open(writable: boolean): number {
    if (this.#fd !== undefined && (this.#writable || !writable)) return this.#fd;
    this.close();
    this.#fd = openOwn(this.#path, writable ? 'write' : 'read');
    this.#writable = writable;
    return this.#fd;
  }
}

/** Makes the bits `[from, to)` of `bytes` ones or zeros. @returns whether any of them was not */
function setBits(bytes: Uint8Array, from: number, to: number, ones: boolean): boolean {
  let changed = false;
  for (let index = from >> 3; index * 8 < to; index++) {
    const low = Math.max(0, from - index * 8);
    const high = Math.min(8, to - index * 8);
    const mask = (0xff << low) & (0xff >> (8 - high));
    const old = bytes[index] ?? 0;
    const bits = ones ? old | mask : old & ~mask;
    if (bits === old) continue;
    bytes[index] = bits;
    changed = true;
  }
  return changed;
}
