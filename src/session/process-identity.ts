/** Which process this is, so that another one with its number is not taken for it. */
import { readFileSync } from 'node:fs';
import { systemCode } from './session-error.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the host's own unit; empty where the host does not tell. */
  readonly started: string;
}

export const processIdentity = (pid: number): ProcessIdentity => ({ pid, started: startOf(pid) ?? '' });

export const thisProcess = (): ProcessIdentity => processIdentity(process.pid);

/** Whether a process has that number: it runs, is stopped, or has ended and its parent does not know yet. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Whether that very process runs, or is stopped. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  if (!isAlive(pid)) return false;
  const now = startOf(pid);
  return now === undefined || now === started;
}

/** The start time of proc(5), the 22nd field of stat: the 20th after the name, which may hold anything. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, and only its parent does not know yet.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}
