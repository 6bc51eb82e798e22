/** Tasks, their credentials and their descriptor tables. Models fs/file.c and struct cred (Linux 7.3). */
import { FileTable } from '../dma-buf/dma-buf.ts';
import { Bitmap } from '../mm/alloc/bitmap.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import { O_RDWR } from '../uapi/fcntl.ts';
import { FileHolders } from './file-holders.ts';

/** One descriptor: struct file's number and the close-on-exec flag. */
export interface FdRecord {
  readonly file: number;
  cloexec: boolean;
}

/** Who a task is: user, group and supplementary groups by number. User 0 may do everything. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** The task that commands run as unless told otherwise. */
export const SHELL_TASK = 'shell';

/** INR_OPEN_CUR: the soft RLIMIT_NOFILE of every process that changes nothing. */
export const DEFAULT_NOFILE = 1024;

export const ROOT: Credentials = { uid: 0, gid: 0, groups: [] };

/** struct task_struct, as a record. */
export interface TaskRecord {
  readonly pid: number;
  readonly credentials: Credentials;
  /** Soft RLIMIT_NOFILE. */
  nofile: number;
  /** The current directory, where it is one of /dev, /proc or /sys. */
  readonly cwd?: string;
  /** The cgroup that it is in; absent: the root. */
  readonly cgroup?: number;
  /** The cgroups that it itself is charged to. */
  readonly charged?: readonly number[];
}

/** sysctl nr_open: no table is larger. */
export const NR_OPEN = 1 << 20;

const NEXT_PID = 'tasks';
const taskKey = (task: string): string => recordKey('task', task);
const fdKey = (task: string, fd: number): string => recordKey('fd', task, fd);

export const findDescriptor = (records: Records, task: string, fd: number): FdRecord | undefined =>
  records.get<FdRecord>(fdKey(task, fd));

/** A name that a task may have: it is part of a path in /proc, and of keys. */
export const isTaskName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/.test(name);

export const findTask = (records: Records, name: string): TaskRecord | undefined =>
  records.get<TaskRecord>(taskKey(name));

/** The task. @throws Error when there is none: callers have checked */
function existingTask(records: Records, name: string): TaskRecord {
  const task = findTask(records, name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
}

export const putTask = (records: Records, name: string, task: TaskRecord): void =>
  records.put<TaskRecord>(taskKey(name), task);

/** TASK_COMM_LEN less the terminator. */
const COMM_MAX = 15;

/** The name as far as a task's own has room. */
export const comm = (name: string): string => name.slice(0, COMM_MAX);

/** Makes a task's record, with the next pid. */
export function addTask(
  records: Records,
  name: string,
  given: Pick<TaskRecord, 'credentials' | 'nofile' | 'cwd'>,
): void {
  const pid = records.get<number>(NEXT_PID) ?? 1;
  records.put(NEXT_PID, pid + 1);
  records.put<TaskRecord>(taskKey(name), { pid, ...given });
}

/** Starts a task whose descriptors 0 to 2 are taken, as a shell's are. */
export function createTask(
  records: Records,
  name: string,
  nofile: number,
  credentials: Credentials = ROOT,
): void {
  addTask(records, name, { credentials, nofile: NR_OPEN });
  const table = new DescriptorTable(records, name);
  const file = new FileTable(records).add({ kind: 'stream', flags: O_RDWR, count: 3 });
  for (let fd = 0; fd <= 2; fd++) table.install(file, false);
  table.nofile = nofile;
}

/** Gives a task a current directory. @param path an absolute one */
export const setCwd = (records: Records, name: string, path: string): void =>
  putTask(records, name, { ...existingTask(records, name), cwd: path });

/** Removes a task whose descriptors are closed. */
export const removeTask = (records: Records, name: string): void => records.delete(taskKey(name));

/** The names of all tasks. */
export function* taskNames(records: Records): Iterable<string> {
  for (const [key] of records.list<TaskRecord>('task/')) yield key.slice('task/'.length);
}

/** The task of that pid or name. */
export function taskCalled(records: Records, nameOrPid: string): string | undefined {
  if (!/^[0-9]+$/.test(nameOrPid)) return findTask(records, nameOrPid) && nameOrPid;
  return [...taskNames(records)].find((name) => findTask(records, name)?.pid === Number(nameOrPid));
}

/** A task's descriptors: struct files_struct. */
export class DescriptorTable {
  readonly #records: Records;
  readonly #task: string;
  readonly #open: Bitmap;
  readonly #holders: FileHolders;

  constructor(records: Records, task: string) {
    this.#records = records;
    this.#task = task;
    this.#open = new Bitmap(records, recordKey('fdmap', task), NR_OPEN);
    this.#holders = new FileHolders(records);
  }

  /** Soft RLIMIT_NOFILE. */
  get nofile(): number {
    return existingTask(this.#records, this.#task).nofile;
  }

  set nofile(value: number) {
    const task = existingTask(this.#records, this.#task);
    this.#records.put<TaskRecord>(taskKey(this.#task), { ...task, nofile: value });
  }

  get(fd: number): FdRecord | undefined {
    return findDescriptor(this.#records, this.#task, fd);
  }

  /**
   * The number that a new descriptor gets, or `undefined` at the limit: alloc_fd().
   *
   * @param at what the caller's own table gave, of which this one knows only a part: it may be taken here. -1: nothing
   * was left. Unless given, the lowest that is free from `from` on
   */
  vacancy(at?: number, from = 0): number | undefined {
    if (at !== undefined) return at >= 0 && at < NR_OPEN ? at : undefined;
    const fd = this.#open.nextZero(from);
    return fd < this.nofile ? fd : undefined;
  }

  /** Takes that number, which is free, or `undefined` at the limit. @param at @param from as `vacancy` has them */
  install(file: number, cloexec: boolean, at?: number, from = 0): number | undefined {
    const fd = this.vacancy(at, from);
    if (fd !== undefined) this.put(fd, { file, cloexec });
    return fd;
  }

  /** Whose it is. */
  get task(): string {
    return this.#task;
  }

  /** Puts a file under a number that is free, whatever the limit says: what fork copies. */
  put(fd: number, record: FdRecord): void {
    this.#open.set(fd, 1);
    this.#records.put<FdRecord>(fdKey(this.#task, fd), record);
    this.#holders.add(record.file, 'fd', this.#task, fd);
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
    this.#holders.remove(record.file, 'fd', this.#task, fd);
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
