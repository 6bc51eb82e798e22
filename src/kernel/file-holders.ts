/**
 * Which descriptors and mappings refer to a file, as an index beside the tasks' tables, so that a buffer's holders
 * are found without a look at everybody else's.
 */
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';

/** How a task holds a file: by a descriptor, or by a mapping. */
export type HoldKind = 'fd' | 'mapping';

/** A task, and the number of its descriptor or mapping. */
export interface Holder {
  readonly task: string;
  readonly number: number;
}

const key = (file: number, kind: HoldKind, ...rest: readonly (string | number)[]): string =>
  recordKey('holder', file, kind, ...rest);

export class FileHolders {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  add(file: number, kind: HoldKind, task: string, number: number): void {
    this.#records.put(key(file, kind, task, number), true);
  }

  remove(file: number, kind: HoldKind, task: string, number: number): void {
    this.#records.delete(key(file, kind, task, number));
  }

  /** All holders of a kind, by task and number; with `task` that one's only. */
  of(file: number, kind: HoldKind, task?: string): readonly Holder[] {
    const prefix = key(file, kind, '');
    const found = [...this.#records.list(task === undefined ? prefix : key(file, kind, task, ''))].map(
      ([name]): Holder => {
        const slash = name.lastIndexOf('/');
        return { task: name.slice(prefix.length, slash), number: Number(name.slice(slash + 1)) };
      },
    );
    // `a-b/4` stands before `a/4`.
    return found.sort((a, b) => (a.task === b.task ? 0 : a.task < b.task ? -1 : 1));
  }
}
