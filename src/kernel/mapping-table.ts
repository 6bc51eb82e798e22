/** The mappings of all tasks, as records. Models struct vm_area_struct (include/linux/mm_types.h, Linux 7.3). */
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import { takeMappingNumber } from './task.ts';

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

const PREFIX = 'mapping/';
const mappingKey = (task: string, id: number): string => recordKey('mapping', task, id);
const pageKey = (task: string, id: number, page: number | ''): string =>
  recordKey('mapping-page', task, id, page);

export class MappingTable {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  get(task: string, id: number): MappingRecord | undefined {
    return this.#records.get<MappingRecord>(mappingKey(task, id));
  }

  /** @returns the mapping's number in its task, from 1 */
  add(task: string, record: MappingRecord): number {
    const id = takeMappingNumber(this.#records, task);
    this.#records.put(mappingKey(task, id), record);
    return id;
  }

  remove(task: string, id: number): void {
    this.#records.delete(mappingKey(task, id));
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
    this.#records.put(mappingKey(child, id), record);
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
}
