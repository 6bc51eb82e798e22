/** What became of a session whose server was killed: its log, and its programs. */
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

/** A line for standard error: programs that ended together with their server. */
export function renderTasksEnded(tasks: readonly string[]): string {
  const [who, has] = tasks.length === 1 ? [tasks[0], 'has'] : [`${tasks.length} tasks`, 'have'];
  return `note: the session's server was killed: ${who} ${has} ended with it, and what nobody else holds is freed\n`;
}
