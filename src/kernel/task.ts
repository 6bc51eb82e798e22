/** Tasks and their descriptor tables. Models fs/file.c (Linux 7.3). */
import { FileTable } from '../dma-buf/dma-buf.ts';
import { Bitmap } from '../mm/bitmap.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import { O_RDWR } from '../uapi/fcntl.ts';

/** One descriptor: struct file's number and the close-on-exec flag. */
export interface FdRecord {
  readonly file: number;
  cloexec: boolean;
}

/** A task's limits. */
interface TaskRecord {
  /** Soft RLIMIT_NOFILE. */
  nofile: number;
}

/** sysctl nr_open: no table is larger. */
export const NR_OPEN = 1 << 20;

const taskKey = (task: string): string => recordKey('task', task);
const fdKey = (task: string, fd: number): string => recordKey('fd', task, fd);

/** Starts a task whose descriptors 0 to 2 are taken, as a shell's are. */
export function createTask(records: Records, name: string, nofile: number): void {
  records.put<TaskRecord>(taskKey(name), { nofile: NR_OPEN });
  const table = new DescriptorTable(records, name);
  const file = new FileTable(records).add({ kind: 'stream', flags: O_RDWR, count: 3 });
  for (let fd = 0; fd <= 2; fd++) table.install(file, false);
  table.nofile = nofile;
}

/** The names of all tasks. */
export function* taskNames(records: Records): Iterable<string> {
  for (const [key] of records.list<TaskRecord>('task/')) yield key.slice('task/'.length);
}

/** A task's descriptors: struct files_struct. */
export class DescriptorTable {
  readonly #records: Records;
  readonly #task: string;
  readonly #open: Bitmap;

  constructor(records: Records, task: string) {
    this.#records = records;
    this.#task = task;
    this.#open = new Bitmap(records, recordKey('fdmap', task), NR_OPEN);
  }

  /** Soft RLIMIT_NOFILE. */
  get nofile(): number {
    return this.#records.get<TaskRecord>(taskKey(this.#task))?.nofile ?? 0;
  }

  set nofile(value: number) {
    this.#records.put<TaskRecord>(taskKey(this.#task), { nofile: value });
  }

  get(fd: number): FdRecord | undefined {
    return this.#records.get<FdRecord>(fdKey(this.#task, fd));
  }

  /** Whether a descriptor is left below the limit. */
  hasRoom(): boolean {
    return this.#open.nextZero(0) < this.nofile;
  }

  /** Takes the lowest free descriptor, or `undefined` at the limit: alloc_fd(). */
  install(file: number, cloexec: boolean): number | undefined {
    const fd = this.#open.nextZero(0);
    if (fd >= this.nofile) return undefined;
    this.#open.set(fd, 1);
    this.#records.put<FdRecord>(fdKey(this.#task, fd), { file, cloexec });
    return fd;
  }

  setCloexec(fd: number, cloexec: boolean): void {
    const record = this.get(fd);
    if (record !== undefined) this.#records.put<FdRecord>(fdKey(this.#task, fd), { ...record, cloexec });
  }

  /** Frees a descriptor and says which file it was, or `undefined` when it was not open. */
  remove(fd: number): number | undefined {
    const record = this.get(fd);
    if (record === undefined) return undefined;
    this.#open.clear(fd, 1);
    this.#records.delete(fdKey(this.#task, fd));
    return record.file;
  }

  /** All descriptors that refer to files, ascending. */
  *entries(): Iterable<readonly [fd: number, record: FdRecord]> {
    const prefix = `fd/${this.#task}/`;
    for (const [key, record] of this.#records.list<FdRecord>(prefix)) {
      yield [Number(key.slice(prefix.length)), record];
    }
  }
}
