/** What became of the log of a server that was killed. */
import type { Replayed } from '../../session/replay-log.ts';

/** A line for standard error. */
export function renderReplayed(what: Replayed): string {
  if ('ignored' in what) {
    return 'note: the log of a server that was killed belongs to another boot of the session: it was not used\n';
  }
  const { calls, torn } = what;
  const many = calls === 1 ? '1 call was' : `${calls} calls were`;
  const cut = torn > 0 ? '; the last one, which was not answered, was cut off' : '';
  return `note: the session's server was killed: ${many} replayed from its log${cut}\n`;
}
