/** Tasks that begin, become another program, hand on descriptors and end. Models kernel/fork.c, fs/exec.c,
 *  kernel/exit.c and net/core/scm.c (Linux 7.3) as far as files and mappings go. */
import { holdsAttachment } from '../../dma-buf/attachment.ts';
import type { KernelState } from '../state.ts';
import type { MachineCall, SyscallResult, TaskCall } from '../syscall.ts';
import {
  addTask,
  createTask,
  DescriptorTable,
  findTask,
  isTaskName,
  NR_OPEN,
  removeTask,
  taskNames,
} from '../task.ts';
import { detach } from './importer-calls.ts';
import { badArgument, fail, ok } from './results.ts';

export function taskCall(state: KernelState, by: string, call: TaskCall): SyscallResult {
  switch (call.call) {
    case 'setrlimit':
      // Limits are unsigned: a negative one is above all.
      if (call.soft < 0 || call.soft > NR_OPEN) return fail('EPERM');
      new DescriptorTable(state.records, by).nofile = call.soft;
      return ok(0);
    case 'munmap':
      return munmap(state, by, call.mapping);
    case 'fork':
      return fork(state, by, call.child);
    case 'execve':
      return execve(state, by);
    case 'exit':
      return exit(state, by);
  }
}

/** A task beside the others, as a login or a service manager starts one. */
export function taskAdd(state: KernelState, call: Extract<MachineCall, { call: 'task_add' }>): SyscallResult {
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

function munmap(state: KernelState, by: string, mapping: number): SyscallResult {
  const record = state.mappings.get(by, mapping);
  if (record === undefined) return badArgument('EINVAL', 'mapping', mapping);
  state.mappings.remove(by, mapping);
  state.fput(record.file, by);
  return ok(0);
}

/** Descriptors and mappings are copied, each a reference more: dup_fd(), dup_mmap(). */
function fork(state: KernelState, parent: string, child: string): SyscallResult {
  const { records, files, mappings } = state;
  const refused = refuseName(state, child);
  if (refused !== undefined) return refused;
  const task = findTask(records, parent);
  if (task === undefined) throw new Error(`no task ${parent}`);
  const { credentials, nofile } = task;
  addTask(records, child, { credentials, nofile });
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

/** do_close_on_exec(), exec_mmap(). */
function execve(state: KernelState, by: string): SyscallResult {
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
function exit(state: KernelState, by: string): SyscallResult {
  unmapAll(state, by);
  const table = new DescriptorTable(state.records, by);
  for (const [fd, { file }] of [...table.entries()]) {
    table.remove(fd);
    state.fput(file, by);
  }
  for (const attachment of [...state.attachments.all()]) {
    if (!holdsAttachment(attachment, by)) continue;
    const [next, ...sharers] = [attachment.task, ...attachment.sharers].filter((name) => name !== by);
    if (next === undefined) detach(state, by, attachment);
    else state.attachments.put({ ...attachment, task: next, sharers });
  }
  removeTask(state.records, by);
  return ok(0);
}

function unmapAll(state: KernelState, by: string): void {
  for (const [id, { file }] of state.mappings.ofTask(by)) {
    state.mappings.remove(by, id);
    state.fput(file, by);
  }
}

/**
 * Passes a file to another task: SCM_RIGHTS. The receiver's number is the lowest that it has free.
 *
 * Deviation: a receiver at its limit gets no descriptor; Linux tells it so by MSG_CTRUNC when it receives, here
 * the sender hears EMFILE.
 */
export function sendDescriptor(
  state: KernelState,
  file: number,
  to: string,
  cloexec: boolean,
): SyscallResult {
  if (findTask(state.records, to) === undefined) {
    return fail('ESRCH', { kind: 'no-such-task', task: to, known: [...taskNames(state.records)] });
  }
  const table = new DescriptorTable(state.records, to);
  const fd = table.install(file, cloexec);
  if (fd === undefined) return fail('EMFILE', { kind: 'descriptor-limit', limit: table.nofile });
  state.files.ref(file);
  return ok(fd);
}
