/** The task that a command acts as, in one transaction. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { DEFAULT_NOFILE, isTaskName, ROOT } from '../kernel/task.ts';
import { UsageError } from './failures.ts';

export interface Caller {
  readonly kernel: Kernel;
  readonly task: string;
  /** Makes a call as the task. */
  call(syscall: Syscall): SyscallResult;
}

/** A name that a task may have. @throws UsageError */
export function checkTaskName(name: string): string {
  if (isTaskName(name)) return name;
  throw new UsageError(
    `"${name}" is no name for a task`,
    'A name begins with a letter or _ and has letters, digits, and _ . - (at most 63)',
  );
}

/** Starts the task when there is none of that name: as root, with three open descriptors, as a shell has. */
export function callerOf(
  kernel: Kernel,
  task: string,
): { readonly caller: Caller; readonly startedPid?: number } {
  const caller: Caller = { kernel, task, call: (syscall) => kernel.syscall(task, syscall) };
  if (kernel.hasTask(task)) return { caller };
  const { ret } = kernel.syscall(task, {
    call: 'task_add',
    name: task,
    credentials: ROOT,
    nofile: DEFAULT_NOFILE,
  });
  return { caller, startedPid: ret };
}
