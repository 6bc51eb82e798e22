/**
 * The arena: physical addresses in, bytes out. Sparse, so that a big board costs what was touched.
 * This is the interface and the backing in this process's memory; a session has one in a file.
 */
import type { PhysAddr, PhysRange } from '../units.ts';
import { formatPa, rangeEnd } from '../units.ts';

export interface PhysMemory {
  /** Fills `into` with the bytes from `address` on. @throws BusError outside all memory */
  read(address: PhysAddr, into: Uint8Array): void;
  /** Stores the bytes of `from` at `address`. @throws BusError outside all memory */
  write(address: PhysAddr, from: Uint8Array): void;
  /** Zeroes `length` bytes; costs what was dirty. @throws BusError outside all memory */
  zero(address: PhysAddr, length: bigint): void;
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

/** The range of `layout` that holds all of `[address, address + length)`. @throws BusError */
export function rangeOf(layout: readonly PhysRange[], address: PhysAddr, length: bigint): PhysRange {
  const range = layout.find((r) => address >= r.base && address < rangeEnd(r));
  if (range === undefined) throw new BusError(address);
  if (address + length > rangeEnd(range)) throw new BusError(rangeEnd(range));
  return range;
}

const CHUNK_SHIFT = 16n;
const CHUNK = 1 << Number(CHUNK_SHIFT);

/** Memory in this process: 64 KiB chunks that exist once written. */
export class InMemoryPhysMemory implements PhysMemory {
  readonly #layout: readonly PhysRange[];
  readonly #chunks = new Map<number, Uint8Array>();

  /** @param layout the ranges where there is memory; disjoint, ascending, adjacent ones merged */
  constructor(layout: readonly PhysRange[]) {
    this.#layout = layout;
  }

  read(address: PhysAddr, into: Uint8Array): void {
    this.#each(address, BigInt(into.length), (index, offset, length, done) => {
      const chunk = this.#chunks.get(index);
      const target = into.subarray(done, done + length);
      if (chunk === undefined) target.fill(0);
      else target.set(chunk.subarray(offset, offset + length));
    });
  }

  write(address: PhysAddr, from: Uint8Array): void {
    this.#each(address, BigInt(from.length), (index, offset, length, done) => {
      let chunk = this.#chunks.get(index);
      if (chunk === undefined) {
        chunk = new Uint8Array(CHUNK);
        this.#chunks.set(index, chunk);
      }
      chunk.set(from.subarray(done, done + length), offset);
    });
  }

  zero(address: PhysAddr, length: bigint): void {
    this.#each(address, length, (index, offset, part) => {
      if (part === CHUNK) this.#chunks.delete(index);
      else this.#chunks.get(index)?.fill(0, offset, offset + part);
    });
  }

  #each(
    address: PhysAddr,
    length: bigint,
    visit: (index: number, offset: number, length: number, done: number) => void,
  ): void {
    if (length === 0n) return;
    rangeOf(this.#layout, address, length);
    let index = Number(address >> CHUNK_SHIFT);
    let offset = Number(address & BigInt(CHUNK - 1));
    let left = Number(length);
    for (let done = 0; left > 0; index++, offset = 0) {
      const part = Math.min(left, CHUNK - offset);
      visit(index, offset, part, done);
      done += part;
      left -= part;
    }
  }
}
