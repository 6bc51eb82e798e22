/**
 * The arena with what of it lies in the files of exported buffers: what commands, devices and `dump` see is what the
 * programs see that map these files.
 *
 * Zeroing can be put off to the end of a transaction (`settle`): a new buffer that is exported in it needs none, because
 * what is seen of it is a fresh file, and what its pages held before is overwritten or zeroed when it dies.
 */
import { ExportedBuffers } from '../dma-buf/exported-buffers.ts';
import type { MemoryWrite, PhysMemory } from '../mm/phys-memory.ts';
import type { Records } from '../records.ts';
import type { PhysAddr, PhysRange } from '../units.ts';
import type { BufferFiles } from './buffer-files.ts';
import type { FilePhysMemory } from './file-phys-memory.ts';
import { SessionError } from './session-error.ts';

/** Bytes copied at a time; a piece of them that is all zeros is not written where the arena has zeros anyhow. */
const CHUNK = 1 << 18;

export interface ExportedMemoryOptions {
  /** Zero at the end of the transaction, and then only what was not exported in it. */
  readonly settles?: boolean;
}

/** Memory as a kernel sees it, for one transaction or view. */
export class ExportedMemory implements PhysMemory {
  readonly #arena: FilePhysMemory;
  readonly #files: BufferFiles;
  readonly #exported: ExportedBuffers;
  readonly #settles: boolean;
  /** What is to be zeroed before anybody looks. */
  #unsettled: PhysRange[] = [];
  /** Files that nobody needs when the transaction is safe. */
  readonly retired: string[] = [];

  /** @param records which buffers are exported: those of the transaction or view */
  constructor(
    arena: FilePhysMemory,
    files: BufferFiles,
    records: Records,
    { settles = false }: ExportedMemoryOptions = {},
  ) {
    this.#arena = arena;
    this.#files = files;
    this.#exported = new ExportedBuffers(records);
    this.#settles = settles;
  }

  read(address: PhysAddr, into: Uint8Array): void {
    if (into.length === 0) return;
    this.settle();
    if (this.#exported.count === 0) {
      this.#arena.read(address, into);
      return;
    }
    this.#arena.check(address, BigInt(into.length));
    for (const { from, to, buffer } of this.#exported.parts(address, into.length)) {
      const bytes = into.subarray(from, to);
      if (buffer === undefined) this.#arena.read(address + BigInt(from), bytes);
      else this.#files.read(buffer.name, buffer.at, bytes);
    }
  }

  write(address: PhysAddr, from: Uint8Array): void {
    this.writeAll([{ address, bytes: from }]);
  }

  writeAll(writes: readonly MemoryWrite[]): void {
    this.settle();
    if (this.#exported.count === 0) {
      this.#arena.writeAll(writes);
      return;
    }
    for (const { address, bytes } of writes) this.#arena.check(address, BigInt(bytes.length));
    const toArena: MemoryWrite[] = [];
    for (const { address, bytes } of writes) {
      if (bytes.length === 0) continue;
      for (const { from, to, buffer } of this.#exported.parts(address, bytes.length)) {
        const part = bytes.subarray(from, to);
        if (buffer === undefined) {
          toArena.push({ address: address + BigInt(from), bytes: part });
          continue;
        }
        this.#exported.markWritten(buffer.file);
        this.#files.write(buffer.name, buffer.at, part);
      }
    }
    this.#arena.writeAll(toArena);
  }

  zero(address: PhysAddr, length: bigint): void {
    if (length === 0n) return;
    this.#arena.check(address, length);
    this.#unsettled.push({ base: address, size: length });
    if (!this.#settles) this.settle();
  }

  moveOut(file: string, pieces: readonly PhysRange[]): boolean {
    const unsettled = new Map(this.#unsettled.map((range) => [range.base, range]));
    // A heap zeroes just what it then hands out, piece by piece.
    const isFresh = pieces.every(({ base, size }) => unsettled.get(base)?.size === size);
    if (isFresh) {
      for (const { base } of pieces) unsettled.delete(base);
      this.#unsettled = [...unsettled.values()];
      return false;
    }
    this.settle();
    let copied = false;
    for (const { address, at, length } of chunksOf(pieces)) {
      const bytes = new Uint8Array(length);
      this.#arena.read(address, bytes);
      if (isZero(bytes)) continue;
      this.#files.write(file, at, bytes);
      copied = true;
    }
    return copied;
  }

  moveIn(file: string, pieces: readonly PhysRange[], written: boolean): void {
    this.settle();
    this.retired.push(file);
    let isReadable = written;
    for (const { address, at, length } of chunksOf(pieces)) {
      const bytes = isReadable ? this.#readDying(file, at, length) : undefined;
      isReadable = bytes !== undefined;
      try {
        if (bytes === undefined || isZero(bytes)) this.#arena.blank(address, BigInt(length));
        else this.#arena.write(address, bytes);
      } catch (error) {
        // The end of a buffer cannot fail, also on a disk that is full: free pages may hold anything.
        if (!(error instanceof SessionError)) throw error;
      }
    }
  }

  /** Zeroes what was put off and was not exported meanwhile. To be called before the transaction is committed. */
  settle(): void {
    if (this.#unsettled.length === 0) return;
    const ranges = this.#unsettled;
    this.#unsettled = [];
    for (const { base, size } of ranges) this.#zero(base, size);
  }

  #zero(address: PhysAddr, length: bigint): void {
    if (this.#exported.count === 0) {
      this.#arena.zero(address, length);
      return;
    }
    for (const { from, to, buffer } of this.#exported.parts(address, Number(length))) {
      if (buffer === undefined) this.#arena.zero(address + BigInt(from), BigInt(to - from));
      else this.#files.write(buffer.name, buffer.at, new Uint8Array(to - from));
    }
  }

  /** @returns `undefined` when a program has made its file unreadable, or somebody has removed it */
  #readDying(file: string, at: number, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    try {
      this.#files.read(file, at, bytes);
      return bytes;
    } catch (error) {
      if (error instanceof SessionError) return undefined;
      throw error;
    }
  }
}

/** Memory as pieces of at most a chunk, with where each begins in the buffer. */
function* chunksOf(
  pieces: readonly PhysRange[],
): Iterable<{ readonly address: PhysAddr; readonly at: number; readonly length: number }> {
  let at = 0;
  for (const { base, size } of pieces) {
    for (let done = 0; done < Number(size); done += CHUNK) {
      const length = Math.min(CHUNK, Number(size) - done);
      yield { address: base + BigInt(done), at, length };
      at += length;
    }
  }
}

const zeros = new Uint8Array(CHUNK);

const isZero = (bytes: Uint8Array): boolean => Buffer.compare(bytes, zeros.subarray(0, bytes.length)) === 0;
