/** The task that a command acts as, in one transaction. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { isTaskName } from '../kernel/task.ts';
import { type Caller as ProgramCaller, startTask } from '../program/caller.ts';
import { CallFailed, type TellContext, UsageError } from './failures.ts';

export interface Caller extends ProgramCaller {
  /** Makes a call as the task. */
  call(syscall: Syscall): SyscallResult;
  /** What fails is told with its rule, and with who holds the memory: --verbose. */
  readonly tellContext?: TellContext;
}

/** A name that a task may have. @throws UsageError */
export function checkTaskName(name: string): string {
  if (isTaskName(name)) return name;
  throw new UsageError(
    `"${name}" is no name for a task`,
    'A name begins with a letter or _ and has letters, digits, and _ . - (at most 63)',
  );
}

/** A task that is only looked at is not started. @throws CallFailed where there is none of that name */
export function mustBeTask(kernel: Kernel, task: string, what: string): void {
  if (kernel.hasTask(task)) return;
  const why = { kind: 'no-such-task', task, known: kernel.taskNames() } as const;
  throw new CallFailed([{ what: `${what}: ${task}`, errno: 'ESRCH', why }]);
}

/** The caller, whose task is started when there is none of that name. */
export function callerOf(
  kernel: Kernel,
  task: string,
  tellContext?: TellContext,
): { readonly caller: Caller; readonly startedPid?: number } {
  const caller: Caller = {
    kernel,
    task,
    ...(tellContext && { tellContext }),
    call: (syscall) => kernel.syscall(task, syscall),
  };
  const startedPid = startTask(caller);
  return { caller, ...(startedPid !== undefined && { startedPid }) };
}
