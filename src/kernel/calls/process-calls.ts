/** Tasks that begin, become another program, hand on descriptors and end. Models kernel/fork.c, fs/exec.c,
 *  kernel/exit.c and net/core/scm.c (Linux 7.3) as far as files and mappings go. */
import { holdsAttachment } from '../../dma-buf/attachment.ts';
import { O_CLOEXEC } from '../../uapi/fcntl.ts';
import { cgroupOfTask, enterCgroup, exitCgroup } from '../cgroup.ts';
import { FileHolders } from '../file-holders.ts';
import type { KernelState } from '../state.ts';
import {
  addTask,
  type Credentials,
  createTask,
  DescriptorTable,
  findTask,
  isTaskName,
  NR_OPEN,
  removeTask,
  taskNames,
} from '../task.ts';
import { detach } from './importer-calls.ts';
import type { Opened } from './opened.ts';
import { fail, ok, type SyscallResult } from './results.ts';

export interface Setrlimit {
  readonly resource: 'RLIMIT_NOFILE';
  readonly soft: number;
}

/** setrlimit(2): do_prlimit(). */
export function setrlimit(state: KernelState, by: string, { soft }: Setrlimit): SyscallResult {
  // Limits are unsigned: a negative one is above all.
  if (soft < 0 || soft > NR_OPEN) return fail('EPERM');
  new DescriptorTable(state.records, by).nofile = soft;
  return ok(0);
}

export interface TaskAdd {
  readonly name: string;
  readonly credentials: Credentials;
  readonly nofile: number;
}

/** A task beside the others, as a login or a service manager starts one. `ret` is its pid. */
export function taskAdd(state: KernelState, _by: string, call: TaskAdd): SyscallResult {
  const refused = refuseName(state, call.name);
  if (refused !== undefined) return refused;
  createTask(state.records, call.name, call.nofile, call.credentials);
  return ok(findTask(state.records, call.name)?.pid ?? 0);
}

function refuseName(state: KernelState, name: string): SyscallResult | undefined {
  if (!isTaskName(name)) return fail('EINVAL', { kind: 'task-name', task: name });
  if (findTask(state.records, name) === undefined) return undefined;
  return fail('EEXIST', { kind: 'task-exists', task: name });
}

export interface Fork {
  readonly child: string;
}

/** Descriptors and mappings are copied, each a reference more: dup_fd(), dup_mmap(). `ret` is the child's pid. */
export function fork(state: KernelState, parent: string, { child }: Fork): SyscallResult {
  const { records, files, mappings } = state;
  const refused = refuseName(state, child);
  if (refused !== undefined) return refused;
  const task = findTask(records, parent);
  if (task === undefined) throw new Error(`no task ${parent}`);
  const { credentials, nofile, cwd } = task;
  addTask(records, child, { credentials, nofile, ...(cwd !== undefined && { cwd }) });
  enterCgroup(records, child, cgroupOfTask(records, parent));
  const table = new DescriptorTable(records, child);
  for (const [fd, record] of [...new DescriptorTable(records, parent).entries()]) {
    files.ref(record.file);
    table.put(fd, { ...record });
  }
  for (const [id, record] of mappings.ofTask(parent)) {
    files.ref(record.file);
    mappings.copy(parent, child, id, record);
  }
  for (const attachment of [...state.attachments.all()]) {
    if (!holdsAttachment(attachment, parent)) continue;
    state.attachments.put({ ...attachment, sharers: [...attachment.sharers, child] });
  }
  return ok(findTask(records, child)?.pid ?? 0);
}

/** Another program: do_close_on_exec(), exec_mmap(). */
export function execve(state: KernelState, by: string): SyscallResult {
  const table = new DescriptorTable(state.records, by);
  for (const [fd, { cloexec, file }] of [...table.entries()]) {
    if (!cloexec) continue;
    table.remove(fd);
    state.fput(file, by);
  }
  unmapAll(state, by);
  return ok(0);
}

/**
 * exit_mm(), exit_files(); the files of devices that the task had open are closed as well. A driver whose file no
 * task has open any more gives up the buffers that were imported through it.
 */
export function exit(state: KernelState, by: string): SyscallResult {
  unmapAll(state, by);
  const table = new DescriptorTable(state.records, by);
  for (const [fd, { file }] of [...table.entries()]) {
    table.remove(fd);
    state.fput(file, by);
  }
  for (const attachment of [...state.attachments.all()]) {
    if (attachment.through !== undefined && attachment.task === by) {
      const [holder] = new FileHolders(state.records).of(attachment.through, 'fd');
      if (holder !== undefined) state.attachments.put({ ...attachment, task: holder.task });
    }
    if (!holdsAttachment(attachment, by)) continue;
    const [next, ...sharers] = [attachment.task, ...attachment.sharers].filter((name) => name !== by);
    if (next === undefined) detach(state, by, attachment);
    else state.attachments.put({ ...attachment, task: next, sharers });
  }
  exitCgroup(state.records, by);
  removeTask(state.records, by);
  return ok(0);
}

function unmapAll(state: KernelState, by: string): void {
  for (const [id, { file }] of state.mappings.ofTask(by)) {
    state.mappings.remove(by, id);
    state.fput(file, by);
  }
}

export interface Sendmsg {
  readonly to: string;
  readonly cloexec?: boolean;
  /** The number that the receiver's own table gave; -1: none was left. The lowest free one unless given. */
  readonly at?: number;
}

/**
 * Passes a file to another task: SCM_RIGHTS. The receiver's number is the lowest that it has free.
 *
 * Deviation: a receiver at its limit gets no descriptor; Linux tells it so by MSG_CTRUNC when it receives, here
 * the sender hears EMFILE.
 */
export function sendmsg(
  state: KernelState,
  { descriptor: { file } }: Opened,
  { to, cloexec = false, at }: Sendmsg,
): SyscallResult {
  if (findTask(state.records, to) === undefined) {
    return fail('ESRCH', { kind: 'no-such-task', task: to, known: [...taskNames(state.records)] });
  }
  const table = new DescriptorTable(state.records, to);
  // Before the receiver's number is taken: it may be the last one that the file is open under.
  state.files.ref(file);
  const fd = state.install(table, file, cloexec ? O_CLOEXEC : 0, at);
  if (typeof fd === 'number') return ok(fd);
  state.fput(file, to);
  return fail('EMFILE', { kind: 'descriptor-limit', limit: fd.limit });
}
