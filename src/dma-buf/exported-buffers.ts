/**
 * Dma-bufs that real programs hold: their bytes live in files of their own, which the programs map, until the last
 * reference is gone. Which buffers these are stands in the records, so that everybody who looks at memory sees them.
 *
 * ```
 *   page frames      ──[ A0 ]────[ B0 ]──[ A1 ]──      A0, A1: the sg table of A, which was exported
 *                       │         │       │
 *   bytes             file A    arena   file A
 *                     at 0              at |A0|
 * ```
 */
import { geometryOf } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import type { Pfn, PfnRange, PhysAddr, PhysRange } from '../units.ts';
import { bytesOf, rangeEnd } from '../units.ts';
import { FileTable } from './dma-buf.ts';
import { FrameOwners } from './frame-owners.ts';

/** An exported buffer as a record, under the number of its open file. */
export interface ExportedBuffer {
  /** The file that has its bytes, in the buffers' directory. */
  readonly name: string;
  /** Whether anybody may have written to it, as whoever maps it writable may: else it holds zeros. */
  readonly written: boolean;
}

/** A part of a range of memory: bytes `[from, to)` of it, and where they are. */
export interface MemoryPart {
  readonly from: number;
  readonly to: number;
  /** The exported buffer that it is of, and where it begins in its file; absent where the arena has the bytes. */
  readonly buffer?: { readonly file: number; readonly name: string; readonly at: number };
}

const PREFIX = 'exported/';
const COUNT = 'exports';
const keyOf = (file: number): string => recordKey('exported', file);

/** Whether a file in the buffers' directory may be called so: one part of a path, and no other place. */
export const isBufferFileName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);

/** Where the frames of an sg table begin in its buffer, pages; made once for each table. */
const starts = new WeakMap<readonly PfnRange[], ReadonlyMap<Pfn, number>>();

function startsOf(sgTable: readonly PfnRange[]): ReadonlyMap<Pfn, number> {
  let known = starts.get(sgTable);
  if (known === undefined) {
    let page = 0;
    const made = new Map<Pfn, number>();
    for (const piece of sgTable) {
      made.set(piece.pfn, page);
      page += piece.pages;
    }
    known = made;
    starts.set(sgTable, known);
  }
  return known;
}

export class ExportedBuffers {
  readonly #records: Records;
  readonly #files: FileTable;
  readonly #owners: FrameOwners;

  constructor(records: Records) {
    this.#records = records;
    this.#files = new FileTable(records);
    this.#owners = new FrameOwners(records);
  }

  /** How many there are. */
  get count(): number {
    return this.#records.get<number>(COUNT) ?? 0;
  }

  get(file: number): ExportedBuffer | undefined {
    return this.count === 0 ? undefined : this.#records.get<ExportedBuffer>(keyOf(file));
  }

  /** All of them with the numbers of their open files, oldest first. */
  *all(): Iterable<readonly [file: number, buffer: ExportedBuffer]> {
    for (const [key, buffer] of this.#records.list<ExportedBuffer>(PREFIX)) {
      yield [Number(key.slice(PREFIX.length)), buffer];
    }
  }

  /**
   * @param name the file that has the buffer's bytes from now on
   * @param written whether it holds anything but zeros
   */
  add(file: number, name: string, written: boolean): void {
    if (!isBufferFileName(name)) throw new Error(`a buffer's file may not be called ${JSON.stringify(name)}`);
    if (this.get(file) !== undefined) throw new Error(`file ${file} was exported before`);
    this.#records.put<ExportedBuffer>(keyOf(file), { name, written });
    this.#records.put(COUNT, this.count + 1);
  }

  /** It is written to, or mapped writable: from now on its file may hold anything. */
  markWritten(file: number): void {
    const buffer = this.get(file);
    if (buffer?.written === false)
      this.#records.put<ExportedBuffer>(keyOf(file), { ...buffer, written: true });
  }

  /** @returns what it was, when it was one */
  remove(file: number): ExportedBuffer | undefined {
    const buffer = this.get(file);
    if (buffer === undefined) return undefined;
    this.#records.delete(keyOf(file));
    this.#records.put(COUNT, this.count - 1);
    return buffer;
  }

  /** Whether memory is an exported buffer's. */
  hold(address: PhysAddr): boolean {
    if (this.count === 0) return false;
    const owner = this.#owners.at(geometryOf(this.#records).pfnDown(address))?.file;
    return owner !== undefined && this.get(owner) !== undefined;
  }

  /** Cuts a range of memory, of at least a byte, where exported buffers begin and end. */
  parts(address: PhysAddr, length: number): readonly MemoryPart[] {
    if (this.count === 0) return [{ from: 0, to: length }];
    const { pfnDown, pfnUp, pageSize } = geometryOf(this.#records);
    const pfn = pfnDown(address);
    const pages = pfnUp(address + BigInt(length)) - pfn;
    const parts: MemoryPart[] = [];
    let done = 0;
    for (const piece of this.#owners.within({ pfn, pages })) {
      const name = this.get(piece.file)?.name;
      const owner = name === undefined ? undefined : this.#files.get(piece.file);
      if (name === undefined || owner?.kind !== 'dma_buf') continue;
      const bytes = bytesOf(piece, pageSize);
      const from = Math.max(0, Number(bytes.base - address));
      const to = Math.min(length, Number(rangeEnd(bytes) - address));
      const start = (startsOf(owner.sgTable).get(piece.pfn) ?? 0) * pageSize;
      if (from > done) parts.push({ from: done, to: from });
      const at = start + Number(address - bytes.base) + from;
      parts.push({ from, to, buffer: { file: piece.file, name, at } });
      done = to;
    }
    if (done < length) parts.push({ from: done, to: length });
    return parts;
  }

  /** The memory of an sg table, in the order of its buffer's bytes. */
  memoryOf(sgTable: readonly PfnRange[]): readonly PhysRange[] {
    const { pageSize } = geometryOf(this.#records);
    return sgTable.map((piece) => bytesOf(piece, pageSize));
  }
}
