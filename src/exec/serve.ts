/** The server's process: `dmaheap __serve DIR`, as docs/exec-protocol.md has it ("The run"). */
import { ExecFailure } from './exec-failure.ts';

/**
 * Serves a session until nobody is connected.
 *
 * @param session its directory
 * @throws SessionError, ExecFailure
 */
export function serve(session: string): Promise<void> {
  return Promise.reject(new ExecFailure('exec-server', `${session} cannot be served yet`));
}
