/**
 * The arena: physical addresses in, bytes out. Sparse, so that a big board costs what was touched.
 * This is the interface and the backing in this process's memory; a session has one in a file.
 */
import type { PhysAddr, PhysRange } from '../units.ts';
import { formatPa, rangeEnd } from '../units.ts';

/** Bytes that go to an address. */
export interface MemoryWrite {
  readonly address: PhysAddr;
  readonly bytes: Uint8Array;
}

export interface PhysMemory {
  /** Fills `into` with the bytes from `address` on. @throws BusError outside all memory */
  read(address: PhysAddr, into: Uint8Array): void;
  /** Stores the bytes of `from` at `address`. @throws BusError outside all memory */
  write(address: PhysAddr, from: Uint8Array): void;
  /** Stores pieces one after another, for less than `write` would cost each. @throws BusError as `write` */
  writeAll(writes: readonly MemoryWrite[]): void;
  /** Zeroes `length` bytes; costs what was dirty. @throws BusError outside all memory */
  zero(address: PhysAddr, length: bigint): void;
  /**
   * The bytes of `pieces` lie in a file of their own from now on, piece after piece. Absent where nobody could map one.
   *
   * @returns whether it holds anything but zeros
   */
  moveOut?(file: string, pieces: readonly PhysRange[]): boolean;
  /**
   * The bytes of `pieces` lie in the arena again, and the file goes when that is safe. Never fails for what a program
   * has done to its file: what cannot be read is lost.
   *
   * @param written whether the file may hold anything but zeros
   */
  moveIn?(file: string, pieces: readonly PhysRange[], written: boolean): void;
}

/** An access to a physical address where there is neither RAM nor device memory. */
export class BusError extends Error {
  readonly address: PhysAddr;

  constructor(address: PhysAddr) {
    super(`bus error: no memory at ${formatPa(address)}`);
    this.name = 'BusError';
    this.address = address;
  }
}

/** More of the arena would hold something than its owner allows. */
export class ArenaFull extends Error {
  constructor(limit: number) {
    super(`more than ${limit >> 20} MiB of the machine's memory would hold something`);
    this.name = 'ArenaFull';
  }
}

/** The range of `layout` that holds all of `[address, address + length)`. @throws BusError */
export function rangeOf(layout: readonly PhysRange[], address: PhysAddr, length: bigint): PhysRange {
  const range = layout.find((r) => address >= r.base && address < rangeEnd(r));
  if (range === undefined) throw new BusError(address);
  if (address + length > rangeEnd(range)) throw new BusError(rangeEnd(range));
  return range;
}

/** Bytes of a chunk: copies of them are long, and there is little around a lone page that was written. */
const CHUNK = 1 << 16;

/** Memory in this process: 64 KiB chunks that exist once written. */
export class InMemoryPhysMemory implements PhysMemory {
  readonly #layout: readonly PhysRange[];
  /** By physical address, in chunks. */
  readonly #chunks = new Map<number, Uint8Array>();

  readonly #limit: number;

  /**
   * @param layout the ranges where there is memory; disjoint, ascending, adjacent ones merged
   * @param limit bytes of it that may hold something
   */
  constructor(layout: readonly PhysRange[], limit = Number.POSITIVE_INFINITY) {
    this.#layout = layout;
    this.#limit = limit;
  }

  read(address: PhysAddr, into: Uint8Array): void {
    if (into.length === 0) return;
    for (let at = this.#first(address, into.length), done = 0; done < into.length; ) {
      const offset = at % CHUNK;
      const part = Math.min(CHUNK - offset, into.length - done);
      const chunk = this.#chunks.get((at - offset) / CHUNK);
      if (chunk === undefined) into.fill(0, done, done + part);
      else into.set(part === CHUNK ? chunk : chunk.subarray(offset, offset + part), done);
      at += part;
      done += part;
    }
  }

  write(address: PhysAddr, from: Uint8Array): void {
    if (from.length === 0) return;
    for (let at = this.#first(address, from.length), done = 0; done < from.length; ) {
      const offset = at % CHUNK;
      const part = Math.min(CHUNK - offset, from.length - done);
      const bytes = part === from.length ? from : from.subarray(done, done + part);
      this.#chunk((at - offset) / CHUNK).set(bytes, offset);
      at += part;
      done += part;
    }
  }

  writeAll(writes: readonly MemoryWrite[]): void {
    for (const { address, bytes } of writes) this.write(address, bytes);
  }

  zero(address: PhysAddr, length: bigint): void {
    if (length === 0n) return;
    const begin = this.#first(address, length);
    const end = begin + Number(length);
    const first = Math.floor(begin / CHUNK);
    const last = Math.ceil(end / CHUNK) - 1;
    // What was never written needs no visit, and a large board is mostly that.
    if (last - first < this.#chunks.size) {
      for (let index = first; index <= last; index++) this.#zeroChunk(index, begin, end);
    } else {
      for (const index of this.#chunks.keys()) {
        if (index >= first && index <= last) this.#zeroChunk(index, begin, end);
      }
    }
  }

  /** Zeroes what of a chunk lies in `[begin, end)`; one that is all zeros need not exist. */
  #zeroChunk(index: number, begin: number, end: number): void {
    const from = Math.max(0, begin - index * CHUNK);
    const to = Math.min(CHUNK, end - index * CHUNK);
    if (to - from === CHUNK) this.#chunks.delete(index);
    else this.#chunks.get(index)?.fill(0, from, to);
  }

  #chunk(index: number): Uint8Array {
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined) return chunk;
    // In chunks, of which a page that was written takes a whole one.
    if (this.#chunks.size * CHUNK >= this.#limit) throw new ArenaFull(this.#limit);
    const made = new Uint8Array(CHUNK);
    this.#chunks.set(index, made);
    return made;
  }

  /** The address of an access as a number, since all of it is where there is memory. @throws BusError */
  #first(address: PhysAddr, length: number | bigint): number {
    rangeOf(this.#layout, address, BigInt(length));
    return Number(address);
  }
}

/** For a kernel that is only looked at: nothing that is seen of it reads bytes. */
export const NO_MEMORY: PhysMemory = {
  read: () => undefined,
  write: () => undefined,
  writeAll: () => undefined,
  zero: () => undefined,
};
