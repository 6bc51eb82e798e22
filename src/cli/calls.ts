/**
 * Calls that a command makes one after another, as a program does. When one fails the command ends, and what was
 * done before it stays done: the kernel's log has the lines, the journal has the calls.
 */
import type { Syscall } from '../kernel/syscall.ts';
import type { Outcome } from '../program/outcome.ts';
import type { Session } from '../session/session.ts';
import type { Caller } from './caller.ts';
import { CallFailed, type FailedCall } from './failures.ts';
import { hazardJson } from './json/json.ts';
import type { Shell } from './shell.ts';

export interface Calls extends Caller {
  /** The return value of a call that must work. @throws CallFailed, which the transaction survives */
  must(what: string, call: Syscall): number;
  /**
   * The same of something that may make several calls.
   *
   * @returns its outcome, which is no failure
   * @throws CallFailed, which the transaction survives
   */
  did<T extends Outcome>(what: string, act: (caller: Caller) => T): T;
}

/** What is told of something that failed and made no call. */
export const refusedCall = (what: string, { errno = 'EIO', why, remarks }: Outcome): FailedCall => ({
  what,
  errno,
  ...(why && { why }),
  ...(remarks && { remarks }),
});

/** What is told of a call that failed. @param mark the number of the first log line that it may have caused */
export function failedCall(
  { kernel, tellContext }: Caller,
  what: string,
  outcome: Outcome,
  mark: number,
): FailedCall {
  const { why } = outcome;
  const context = why && tellContext?.(kernel, why);
  return { ...refusedCall(what, outcome), ...(context && { context }), log: [...kernel.printk.since(mark)] };
}

/** Runs the body as the command's task. @throws CallFailed after what was done is kept */
export async function makeCalls<T>(shell: Shell, session: Session, body: (calls: Calls) => T): Promise<T> {
  const outcome = shell.transact(
    session,
    (caller): { readonly value: T } | { readonly failed: CallFailed } => {
      const did: Calls['did'] = (what, act) => {
        const mark = caller.kernel.printk.nextSeq;
        const result = act(caller);
        if (result.ret >= 0) return result;
        throw new CallFailed([failedCall(caller, what, result, mark)]);
      };
      const must: Calls['must'] = (what, call) => did(what, () => caller.call(call)).ret;
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
