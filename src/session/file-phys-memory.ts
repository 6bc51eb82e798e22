/**
 * The arena in a file: physical addresses in, bytes out, shared by the processes of a session.
 *
 * One sparse file for all memory. Each range of the layout lies in it as a whole, in order, so that
 * another process can map it; a range begins where its address and its offset agree modulo 64 KiB,
 * the largest page size of the hosts we run on.
 *
 *     layout        80000000 ─ bfffffff      100000000 ─ 13fffffff
 *     file offset   0 ─────── 3fffffff        40000000 ─── 7fffffff
 *
 * What survives what (DESIGN, "State that lasts"): bytes are memory and are written at once, not with
 * the transaction. A write is in the file when it returns, which is enough for a killed process; only a
 * power cut can lose it, page by page. Zeroing is on disk before its pages count as clean, hence before
 * the commit of the buffer that it was for: a new buffer never shows old bytes. If the transaction is
 * then rolled back, free pages hold zeros, which is as good as anything else.
 */
import { closeSync, readSync } from 'node:fs';
import type { MemoryWrite, PhysMemory } from '../mm/phys-memory.ts';
import { rangeOf } from '../mm/phys-memory.ts';
import type { PhysAddr, PhysRange } from '../units.ts';
import { ARENA_PAGE, DirtyPages } from './dirty-pages.ts';
import { createOwn, openOwn, syncHost, truncateHost, unlinkHost, writeHost } from './host-files.ts';
import { markServed, unmarkServed, wasCutOff } from './served-mark.ts';
import { CHECK, fileError, SessionError } from './session-error.ts';

const ALIGNMENT = 65536;

/** Clean pages between dirty ones that are read all the same: a call costs more than their bytes. */
const BRIDGE = 16;

/** What zeroing writes; made when first needed. */
const ZEROS = 1 << 20;
let zeros = new Uint8Array(0);

export interface ArenaOptions {
  /** Nothing waits for the disk until `settle`: for a server, whose transactions are not on disk before either. */
  readonly served?: boolean;
  /** Called at named points: tests end the process there. */
  readonly fault?: (point: string) => void;
}

/** Bytes that go to a place of the file. */
export interface FileWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes of the file: `[from, to)`. */
interface FileRange {
  readonly from: number;
  to: number;
}

/** The files of one boot's arena, opened when first needed. */
export class Arena {
  readonly #path: string;
  readonly #offsets: ReadonlyMap<PhysRange, number>;
  readonly #layout: readonly PhysRange[];
  readonly #fault: ((point: string) => void) | undefined;
  readonly dirty: DirtyPages;
  readonly #served: boolean;
  #fd: number | undefined;
  #writable = false;
  /** Whether the mark of a server was looked for. */
  #begun = false;
  /** Whether there are zeros that records rely on, or soon will, and that may not be on disk. */
  #zeroed = false;

  /**
   * @param path the arena's file; the bits of dirty pages lie beside it in `path`.dirty
   * @param layout where there is memory: disjoint ranges, ascending
   */
  constructor(path: string, layout: readonly PhysRange[], options: ArenaOptions = {}) {
    this.#path = path;
    this.#layout = layout;
    this.#offsets = new Map(place(layout).map((placed) => [placed.range, placed.offset]));
    this.#fault = options.fault;
    this.#served = options.served === true;
    this.dirty = new DirtyPages(`${path}.dirty`, this.#served);
  }

  /** Makes the files of a new boot: all zeros, no page dirty, nothing allocated on disk. */
  static create(path: string, layout: readonly PhysRange[]): void {
    const size = arenaSize(layout);
    makeSparse(path, size);
    makeSparse(`${path}.dirty`, DirtyPages.fileSize(Math.ceil(size / ARENA_PAGE)));
  }

  /** The file offset of `[address, address + length)`. @throws BusError outside all memory */
  offset(address: PhysAddr, length: bigint): number {
    const range = rangeOf(this.#layout, address, length);
    const offset = this.#offsets.get(range);
    if (offset === undefined) throw new Error('the layout changed');
    return offset + Number(address - range.base);
  }

  /** To be called at the start of each transaction. @throws SessionError */
  begin(): void {
    if (!this.#served) this.dirty.distrust();
    if (this.#begun) return;
    const isCutOff = wasCutOff(this.#path);
    if (isCutOff) this.dirty.markAll(Math.ceil(arenaSize(this.#layout) / ARENA_PAGE));
    if (isCutOff || this.#served) markServed(this.#path);
    if (!this.#served && isCutOff) unmarkServed(this.#path);
    this.#begun = true;
  }

  /** Fills `into` from the file; pages that are not dirty are zeros, and many of them cost no read. */
  read(offset: number, into: Uint8Array): void {
    let done = 0;
    for (const { from, to } of this.#dirtyBytes(offset, into.length, BRIDGE)) {
      into.fill(0, done, from - offset);
      this.#read(from, into, from - offset, to - offset);
      done = to - offset;
    }
    into.fill(0, done);
  }

  /** Writes to the file, after the pages have been marked dirty: those of all writes with one wait. */
  write(writes: readonly FileWrite[]): void {
    if (writes.length === 0) return;
    this.dirty.mark(
      writes.map(({ offset, bytes }) => {
        const page = Math.floor(offset / ARENA_PAGE);
        return { page, pages: Math.ceil((offset + bytes.length) / ARENA_PAGE) - page };
      }),
    );
    this.#fault?.('marked');
    for (const { offset, bytes } of writes) this.#write(offset, bytes, bytes.length);
    this.#fault?.('written');
  }

  /** Zeroes what is dirty; pages zeroed as a whole are clean afterwards, where that need not be waited for. */
  zero(offset: number, length: number): void {
    if (!this.blank(offset, length)) return;
    if (this.#served) {
      this.#zeroed = true;
      return;
    }
    this.sync();
    this.#fault?.('zeroed');
    const first = Math.ceil(offset / ARENA_PAGE);
    this.dirty.clear(first, Math.max(0, Math.floor((offset + length) / ARENA_PAGE) - first));
    this.#fault?.('cleared');
  }

  /** Zeroes what is dirty, which stays so: for free pages, on whose bytes nothing relies. @returns whether anything was */
  blank(offset: number, length: number): boolean {
    const runs = this.#dirtyBytes(offset, length);
    if (runs.length > 0 && zeros.length === 0) zeros = new Uint8Array(ZEROS);
    for (const { from, to } of runs) {
      for (let at = from; at < to; at += ZEROS) this.#write(at, zeros, Math.min(ZEROS, to - at));
      this.#fault?.('zeroing');
    }
    return runs.length > 0;
  }

  /** Waits for what a server put off, as far as records rely on it. */
  settle(): void {
    this.dirty.settle();
    if (this.#zeroed) this.sync();
    this.#zeroed = false;
  }

  /** Waits until all that was written is on disk. */
  sync(): void {
    try {
      syncHost(this.#open(true), this.#path);
    } catch (error) {
      throw fileError(error, `write ${this.#path}`);
    }
  }

  close(): void {
    if (this.#served && this.#begun) {
      this.settle();
      unmarkServed(this.#path);
    }
    this.#begun = false;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#writable = false;
    this.dirty.close();
  }

  /** The parts of `[offset, offset + length)` that lie in dirty pages, and in up to `bridge` clean ones between. */
  #dirtyBytes(offset: number, length: number, bridge = 0): FileRange[] {
    if (length === 0) return [];
    const end = offset + length;
    const page = Math.floor(offset / ARENA_PAGE);
    const ranges: FileRange[] = [];
    for (const run of this.dirty.runs(page, Math.ceil(end / ARENA_PAGE) - page, true)) {
      const from = Math.max(offset, run.page * ARENA_PAGE);
      const to = Math.min(end, (run.page + run.pages) * ARENA_PAGE);
      const last = ranges.at(-1);
      if (last !== undefined && from - last.to <= bridge * ARENA_PAGE) last.to = to;
      else ranges.push({ from, to });
    }
    return ranges;
  }

  #read(offset: number, into: Uint8Array, from: number, to: number): void {
    try {
      const fd = this.#open(false);
      for (let done = from; done < to; ) {
        const count = readSync(fd, into, done, to - done, offset + done - from);
        if (count === 0) throw new SessionError('session-damaged', `${this.#path} is cut off`, CHECK);
        done += count;
      }
    } catch (error) {
      throw fileError(error, `read ${this.#path}`);
    }
  }

  #write(offset: number, bytes: Uint8Array, length: number): void {
    try {
      writeHost(
        this.#open(true),
        this.#path,
        bytes.length === length ? bytes : bytes.subarray(0, length),
        offset,
      );
    } catch (error) {
      throw fileError(error, `write ${this.#path}`);
    }
  }

  #open(writable: boolean): number {
    if (this.#fd !== undefined && (this.#writable || !writable)) return this.#fd;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#fd = openOwn(this.#path, writable ? 'write' : 'read');
    this.#writable = writable;
    return this.#fd;
  }
}

/** Memory as a kernel sees it, for one transaction (writable) or view. */
export class FilePhysMemory implements PhysMemory {
  readonly #arena: Arena;
  readonly #writable: boolean;

  constructor(arena: Arena, writable: boolean) {
    this.#arena = arena;
    this.#writable = writable;
  }

  read(address: PhysAddr, into: Uint8Array): void {
    if (into.length > 0) this.#arena.read(this.#arena.offset(address, BigInt(into.length)), into);
  }

  write(address: PhysAddr, from: Uint8Array): void {
    this.writeAll([{ address, bytes: from }]);
  }

  writeAll(writes: readonly MemoryWrite[]): void {
    this.#mustWrite();
    const touched = writes.filter(({ bytes }) => bytes.length > 0);
    this.#arena.write(
      touched.map(({ address, bytes }) => ({
        offset: this.#arena.offset(address, BigInt(bytes.length)),
        bytes,
      })),
    );
  }

  /** Zeroes free pages, on whose bytes nothing relies. */
  blank(address: PhysAddr, length: bigint): void {
    this.#mustWrite();
    this.#arena.blank(this.#arena.offset(address, length), Number(length));
  }

  /** @throws BusError outside all memory */
  check(address: PhysAddr, length: bigint): void {
    this.#arena.offset(address, length);
  }

  zero(address: PhysAddr, length: bigint): void {
    this.#mustWrite();
    if (length > 0n) this.#arena.zero(this.#arena.offset(address, length), Number(length));
  }

  #mustWrite(): void {
    if (!this.#writable) throw new Error('a view may not write to memory');
  }
}

/** How long the file is that holds memory of a layout. */
export function arenaSize(layout: readonly PhysRange[]): number {
  const last = place(layout).at(-1);
  return last === undefined ? 0 : last.offset + Number(last.range.size);
}

function place(layout: readonly PhysRange[]): { range: PhysRange; offset: number }[] {
  let end = 0;
  return layout.map((range) => {
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT + Number(range.base % BigInt(ALIGNMENT));
    end = offset + Number(range.size);
    return { range, offset };
  });
}

function makeSparse(path: string, size: number): void {
  try {
    // A boot that was killed may have left one, which belongs to nobody.
    unlinkHost(path);
    const fd = createOwn(path);
    try {
      truncateHost(fd, path, size);
      syncHost(fd, path);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, `make ${path} (${size} bytes, sparse)`);
  }
}
