/** Who calls: a task, which is started when somebody first acts as it. */

import type { Kernel } from '../kernel/kernel.ts';
import { DEFAULT_NOFILE, ROOT } from '../kernel/task.ts';

/** A kernel, and the task that calls it. */
export interface Caller {
  readonly kernel: Kernel;
  readonly task: string;
}

/**
 * Starts the task when there is none of that name: as root, with three open descriptors, as a shell has.
 *
 * @param task a name that `isTaskName` takes
 * @returns its pid when it was started, `undefined` when it was there
 */
export function startTask({ kernel, task }: Caller): number | undefined {
  if (kernel.hasTask(task)) return undefined;
  const call = { call: 'task_add', name: task, credentials: ROOT, nofile: DEFAULT_NOFILE } as const;
  return kernel.syscall(task, call).ret;
}
