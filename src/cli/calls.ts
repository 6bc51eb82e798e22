/**
 * Calls that a command makes one after another, as a program does. When one fails the command ends, and what was
 * done before it stays done: the kernel's log has the lines, the journal has the calls.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { Session } from '../session/session.ts';
import type { Caller } from './caller.ts';
import { CallFailed, type FailedCall } from './failures.ts';
import { hazardJson } from './json/json.ts';
import type { Shell } from './shell.ts';
import { groupText } from './words/groups.ts';

type InOurWords<T = SyscallResult> = (result: T) => string | undefined;

export interface Calls extends Caller {
  /**
   * The return value of a call that must work.
   *
   * @param inOurWords why it failed, where the command knows better than what goes for all calls
   * @throws CallFailed, which the transaction survives
   */
  must(what: string, call: Syscall, inOurWords?: InOurWords): number;
  /**
   * The same of something that may make several calls.
   *
   * @returns its outcome, which is no failure
   * @throws CallFailed, which the transaction survives
   */
  did<T extends SyscallResult>(what: string, act: (caller: Caller) => T, inOurWords?: InOurWords<T>): T;
}

/** Who a task is, where that decided: it is the other half of "mode 0660, group 44". */
export function whoNotes(kernel: Kernel, task: string, errno: string | undefined): readonly string[] {
  const view = errno === 'EACCES' ? kernel.task(task) : undefined;
  // User 0 is refused by no mode.
  if (view === undefined || view.uid === 0) return [];
  const groups = [view.gid, ...view.groups.filter((gid) => gid !== view.gid)].map(groupText).join(', ');
  return [`the task ${task} is user ${view.uid}, in ${groups.includes(',') ? 'groups' : 'group'} ${groups}`];
}

/** What is told of a call that failed. @param mark the number of the first log line that it may have caused */
export function failedCall(
  { kernel, task }: Caller,
  what: string,
  { errno, why }: SyscallResult,
  mark: number,
): FailedCall {
  // A mode explains a refusal, and nothing else that may be wrong with a path.
  const telling = why?.kind === 'path' && (errno !== 'EACCES' || why.mode === undefined) ? undefined : why;
  return {
    what,
    errno: errno ?? 'EIO',
    ...(telling && { why: telling }),
    notes: why?.kind === 'path' ? whoNotes(kernel, task, errno) : [],
    log: [...kernel.printk.since(mark)],
  };
}

/** Runs the body as the command's task. @throws CallFailed after what was done is kept */
export async function makeCalls<T>(shell: Shell, session: Session, body: (calls: Calls) => T): Promise<T> {
  const outcome = shell.transact(
    session,
    (caller): { readonly value: T } | { readonly failed: CallFailed } => {
      const did: Calls['did'] = (what, act, inOurWords) => {
        const mark = caller.kernel.printk.nextSeq;
        const result = act(caller);
        if (result.ret >= 0) return result;
        const { why, ...failed } = failedCall(caller, what, result, mark);
        const note = inOurWords?.(result);
        throw new CallFailed([
          note === undefined ? { ...failed, ...(why && { why }) } : { ...failed, notes: [note] },
        ]);
      };
      const must: Calls['must'] = (what, call, inOurWords) =>
        did(what, () => caller.call(call), inOurWords).ret;
      try {
        return { value: body({ ...caller, must, did }) };
      } catch (error) {
        if (error instanceof CallFailed) return { failed: error };
        throw error;
      }
    },
  );
  if ('value' in outcome) return outcome.value;
  throw await withReports(shell, outcome.failed);
}

/** Tells what went wrong with shared memory before the failure; as JSON beside the error. */
export async function withReports(shell: Shell, failed: CallFailed): Promise<CallFailed> {
  if (shell.options.json !== true) {
    await shell.tellReports();
    return failed;
  }
  const hazards = shell.takeReports().map(hazardJson);
  const [first, ...more] = failed.calls;
  if (hazards.length === 0 || first === undefined) return failed;
  return new CallFailed([{ ...first, done: { ...first.done, hazards } }, ...more]);
}
