/** What is said where a session is owned by a server, and what is asked for does not go by a lease. */
import { runningOwner } from './exec-directory.ts';
import { SessionError } from './session-error.ts';
import { sleep } from './sleep.ts';

/** How often it is looked whether the owner has ended, milliseconds. */
const PAUSE = 20;

/**
 * Refuses what would take a session from the programs that run on it.
 *
 * @param dir the session's directory
 * @param what is refused, as in `cannot boot`
 * @param wait for so many milliseconds the owner may end; none: it is refused at once
 * @throws SessionError `session-served`
 */
export function refuseOwned(dir: string, what: string, wait = 0): void {
  const end = performance.now() + wait;
  for (let owner = runningOwner(dir); owner !== undefined; owner = runningOwner(dir)) {
    if (performance.now() >= end) {
      throw new SessionError(
        'session-served',
        `cannot ${what}: programs run on the session at ${dir}, which process ${owner.pid} serves`,
        'end the programs first, or wait for their end with --wait SECONDS',
      );
    }
    sleep(PAUSE);
  }
}
