/** Who calls: a task, which is started when somebody first acts as it. */

import type { Kernel } from '../kernel/kernel.ts';
import type { SyscallResult } from '../kernel/syscall.ts';
import { DEFAULT_NOFILE } from '../kernel/task.ts';

/** A kernel, and the task that calls it. */
export interface Caller {
  readonly kernel: Kernel;
  readonly task: string;
}

/** A task beside the others, as whoever adds one says it. */
export interface TaskFacts {
  readonly name: string;
  /** 0 unless given: root, who may everything. */
  readonly uid?: number;
  /** The number of the user unless given. */
  readonly gid?: number;
  readonly groups?: readonly number[];
  /** RLIMIT_NOFILE. */
  readonly nofile?: number;
}

/** What is not said of it is as `TaskFacts` has it. */
export const taskFacts = ({
  name,
  uid = 0,
  gid = uid,
  groups = [],
  nofile = DEFAULT_NOFILE,
}: TaskFacts): Required<TaskFacts> => ({ name, uid, gid, groups, nofile });

/** Adds a task, with three open descriptors, as a shell has. @returns its pid as `ret` */
export function addTask({ kernel, task }: Caller, facts: TaskFacts): SyscallResult {
  const { name, nofile, ...credentials } = taskFacts(facts);
  return kernel.syscall(task, { call: 'task_add', name, credentials, nofile });
}

/**
 * Starts the task when there is none of that name: as root.
 *
 * @param caller whose task is a name that `isTaskName` takes
 * @returns its pid when it was started, `undefined` when it was there
 */
export function startTask(caller: Caller): number | undefined {
  const { kernel, task } = caller;
  return kernel.hasTask(task) ? undefined : addTask(caller, { name: task }).ret;
}
