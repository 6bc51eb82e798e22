/** Why open(2) refuses a path: the mode that forbids it, and who the task is. */
import type { SyscallResult } from '../kernel/syscall.ts';
import type { Caller } from './caller.ts';
import { type Outcome, remarked } from './outcome.ts';
import type { Remark } from './remark.ts';

/** Who the task is, where that decided: user 0 is refused by no mode. */
export function whoRemarks({ kernel, task }: Caller, errno: string | undefined): readonly Remark[] {
  const view = errno === 'EACCES' ? kernel.task(task) : undefined;
  if (view === undefined || view.uid === 0) return [];
  const { uid, gid, groups } = view;
  return [{ is: 'who', task, uid, groups: [gid, ...groups.filter((other) => other !== gid)] }];
}

/** What open(2) answered; refused, with what explains it: a mode explains EACCES, and nothing else of a path. */
export function openedPath(caller: Caller, result: SyscallResult): Outcome {
  const { why, ...answer } = result;
  if (why?.kind !== 'path') return result;
  const byMode = answer.errno === 'EACCES' && why.mode !== undefined;
  return { ...answer, ...(byMode && { why }), ...remarked(whoRemarks(caller, answer.errno)) };
}
