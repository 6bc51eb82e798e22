/**
 * The mappings of all tasks, as records. Models struct vm_area_struct (include/linux/mm_types.h, Linux 7.3): what one mmap
 * made is one mapping, whose parts are the areas that are left of it.
 */

import { ExportedBuffers } from '../dma-buf/exported-buffers.ts';
import { Bitmap } from '../mm/alloc/bitmap.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import { PROT_WRITE } from '../uapi/fcntl.ts';
import { type AddressRange, AddressSpace, MAX_MAP_COUNT, overlaps } from './address-space.ts';
import { FileHolders } from './file-holders.ts';

/** An area of a mapping: bytes `[from, to)` from where it begins, whole pages. */
export interface MappingPart {
  readonly from: bigint;
  readonly to: bigint;
  readonly prot: number;
}

/**
 * A mapping as a record. Its number stands for the address that mmap returned, and lives as long as any part does: a child
 * has its parent's under the same one.
 */
export interface MappingRecord {
  /** The number of the open file. */
  readonly file: number;
  /** The address that it was made at. */
  readonly start: bigint;
  /** Bytes into the buffer, whole pages. */
  readonly offset: bigint;
  /** MAP_SHARED; what is written to a private mapping is its own. */
  readonly shared: boolean;
  /** What of it is there, ascending: one part until some of it is unmapped or protected otherwise. */
  readonly parts: readonly MappingPart[];
}

/** A mapping with its number. */
export type NumberedMapping = readonly [id: number, record: MappingRecord];

/** The addresses of an area. */
export const areaOf = ({ start }: MappingRecord, { from, to }: MappingPart): AddressRange => ({
  start: start + from,
  end: start + to,
});

/** The end of the last part, from where the mapping begins. */
export const mappedEnd = ({ parts }: MappingRecord): bigint => parts.at(-1)?.to ?? 0n;

/** The part that holds a byte, counted from where the mapping begins. */
export const partAt = ({ parts }: MappingRecord, at: bigint): MappingPart | undefined =>
  parts.find(({ from, to }) => at >= from && at < to);

const areasOf = (record: MappingRecord): AddressRange[] => record.parts.map((part) => areaOf(record, part));

const PREFIX = 'mapping/';
const mappingKey = (task: string, id: number): string => recordKey('mapping', task, id);
const pageKey = (task: string, id: number, page: number | ''): string =>
  recordKey('mapping-page', task, id, page);

export class MappingTable {
  readonly #records: Records;
  readonly #holders: FileHolders;
  readonly #exported: ExportedBuffers;
  readonly #taskSize: () => bigint;

  /** @param taskSize the end of a task's addresses, asked for when first needed */
  constructor(records: Records, taskSize: () => bigint) {
    this.#records = records;
    this.#holders = new FileHolders(records);
    this.#exported = new ExportedBuffers(records);
    this.#taskSize = taskSize;
  }

  /** The addresses of a task. */
  space(task: string): AddressSpace {
    return new AddressSpace(this.#records, task, this.#taskSize());
  }

  get(task: string, id: number): MappingRecord | undefined {
    return this.#records.get<MappingRecord>(mappingKey(task, id));
  }

  /**
   * @returns the mapping's number in its task: the lowest that is free, from 1, as addresses are used again;
   * `undefined` when the task has as many as it may
   */
  add(task: string, record: MappingRecord): number | undefined {
    const id = this.#taken(task).nextZero(1);
    if (id >= MAX_MAP_COUNT || this.space(task).areas >= MAX_MAP_COUNT) return undefined;
    this.#put(task, id, record);
    return id;
  }

  /** Changes the parts of a mapping that keeps some; pages of it that are gone lose their copies. */
  setParts(
    task: string,
    id: number,
    record: MappingRecord,
    parts: readonly MappingPart[],
    page: bigint,
  ): void {
    const next = { ...record, parts };
    this.space(task).replace(areasOf(record), areasOf(next));
    this.#records.put(mappingKey(task, id), next);
    this.#noteWriter(next);
    if (record.shared) return;
    for (const number of this.#copiedPages(task, id)) {
      if (partAt(next, BigInt(number) * page) === undefined) this.#records.delete(pageKey(task, id, number));
    }
  }

  /** The mappings of a task that have parts in a range of addresses, by number. */
  overlapping(task: string, range: AddressRange): readonly NumberedMapping[] {
    if (this.space(task).isFree(range)) return [];
    return this.ofTask(task).filter(([, record]) => areasOf(record).some((area) => overlaps(area, range)));
  }

  /** Gives another mapping the pages that a private one has copied. @param shift pages that the numbers fall by */
  moveCopies(task: string, from: number, to: number, shift: number, pages: number): void {
    for (const number of this.#copiedPages(task, from)) {
      const bytes = this.copiedPage(task, from, number);
      if (bytes === undefined || number < shift || number >= shift + pages) continue;
      this.putCopiedPage(task, to, number - shift, bytes);
    }
  }

  #copiedPages(task: string, id: number): number[] {
    const prefix = pageKey(task, id, '');
    return [...this.#records.list(prefix)].map(([key]) => Number(key.slice(prefix.length)));
  }

  remove(task: string, id: number): void {
    const record = this.get(task, id);
    if (record === undefined) return;
    this.space(task).replace(areasOf(record), []);
    this.#taken(task).clear(id, 1);
    this.#records.delete(mappingKey(task, id));
    this.#holders.remove(record.file, 'mapping', task, id);
    for (const [key] of [...this.#records.list(pageKey(task, id, ''))]) this.#records.delete(key);
  }

  /** A task's mappings by number. */
  ofTask(task: string): readonly NumberedMapping[] {
    const prefix = `${PREFIX}${task}/`;
    return [...this.#records.list<MappingRecord>(prefix)].map(
      ([key, record]) => [Number(key.slice(prefix.length)), record] as const,
    );
  }

  /** Gives a child its parent's mapping, the pages that it has written to as well: copy_page_range(). */
  copy(parent: string, child: string, id: number, record: MappingRecord): void {
    this.#put(child, id, record);
    const prefix = pageKey(parent, id, '');
    for (const [key, bytes] of [...this.#records.list<Uint8Array>(prefix)]) {
      this.putCopiedPage(child, id, Number(key.slice(prefix.length)), bytes.slice());
    }
  }

  /** The copy of a page that a private mapping has written to: anonymous memory, not the buffer's. */
  copiedPage(task: string, id: number, page: number): Uint8Array | undefined {
    return this.#records.get<Uint8Array>(pageKey(task, id, page));
  }

  putCopiedPage(task: string, id: number, page: number, bytes: Uint8Array): void {
    this.#records.put(pageKey(task, id, page), bytes);
  }

  #put(task: string, id: number, record: MappingRecord): void {
    this.space(task).replace([], areasOf(record));
    this.#taken(task).set(id, 1);
    this.#records.put(mappingKey(task, id), record);
    this.#holders.add(record.file, 'mapping', task, id);
    this.#noteWriter(record);
  }

  /** Stores of a real program are seen by nobody: what it may write to, it may have written. */
  #noteWriter({ file, shared, parts }: MappingRecord): void {
    if (shared && parts.some(({ prot }) => (prot & PROT_WRITE) !== 0)) this.#exported.markWritten(file);
  }

  #taken(task: string): Bitmap {
    return new Bitmap(this.#records, recordKey('mapping-map', task), MAX_MAP_COUNT);
  }
}
