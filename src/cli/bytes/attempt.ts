import type { Session } from '../../session/session.ts';
import type { Caller } from '../caller.ts';
import { EXIT_NO, exitCode } from '../exit-code.ts';
import type { Shell } from '../shell.ts';

/**
 * A transaction that is kept when the kernel or the hardware said no: an access that faults has done what came
 * before the fault, and its reports tell why.
 */
export function attempt<T>(sh: Shell, session: Session, body: (caller: Caller) => T): T {
  const outcome = sh.transact(session, (caller): { readonly value: T } | { readonly thrown: unknown } => {
    try {
      return { value: body(caller) };
    } catch (thrown) {
      if (exitCode(thrown) !== EXIT_NO) throw thrown;
      return { thrown };
    }
  });
  if ('thrown' in outcome) throw outcome.thrown;
  return outcome.value;
}
