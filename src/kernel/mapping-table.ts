/** The mappings of all tasks, as records. Models struct vm_area_struct (include/linux/mm_types.h, Linux 7.3). */

import { Bitmap } from '../mm/alloc/bitmap.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import { FileHolders } from './file-holders.ts';

/** A mapping as a record. Its number stands for its address: a child has its parent's under the same one. */
export interface MappingRecord {
  /** The number of the open file. */
  readonly file: number;
  /** Bytes into the buffer, whole pages. */
  readonly offset: bigint;
  /** Bytes, whole pages. */
  readonly length: bigint;
  readonly prot: number;
  /** MAP_SHARED; what is written to a private mapping is its own. */
  readonly shared: boolean;
}

/** sysctl vm.max_map_count: a task has no more mappings. Those of its program and stack are not counted here. */
const MAX_MAP_COUNT = 65530;

const PREFIX = 'mapping/';
const mappingKey = (task: string, id: number): string => recordKey('mapping', task, id);
const pageKey = (task: string, id: number, page: number | ''): string =>
  recordKey('mapping-page', task, id, page);

export class MappingTable {
  readonly #records: Records;
  readonly #holders: FileHolders;

  constructor(records: Records) {
    this.#records = records;
    this.#holders = new FileHolders(records);
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
    if (id >= MAX_MAP_COUNT) return undefined;
    this.#put(task, id, record);
    return id;
  }

  remove(task: string, id: number): void {
    const record = this.get(task, id);
    if (record === undefined) return;
    this.#taken(task).clear(id, 1);
    this.#records.delete(mappingKey(task, id));
    this.#holders.remove(record.file, 'mapping', task, id);
    for (const [key] of [...this.#records.list(pageKey(task, id, ''))]) this.#records.delete(key);
  }

  /** A task's mappings by number. */
  ofTask(task: string): readonly (readonly [id: number, record: MappingRecord])[] {
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
    this.#taken(task).set(id, 1);
    this.#records.put(mappingKey(task, id), record);
    this.#holders.add(record.file, 'mapping', task, id);
  }

  #taken(task: string): Bitmap {
    return new Bitmap(this.#records, recordKey('mapping-map', task), MAX_MAP_COUNT);
  }
}
