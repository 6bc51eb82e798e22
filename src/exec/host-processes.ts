/** The host's processes, as /proc shows them. */
import { readFileSync, readlinkSync } from 'node:fs';
import { systemCode } from '../session/session-error.ts';
import type { HostProcesses } from './exchange.ts';

export const host: HostProcesses = {
  kill: (pid) => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has ended by itself.
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  },
  // One that only waits for its parent to notice has ended.
  isAlive: (pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    } catch {
      return false;
    }
  },
  hasOpen: (pid, fd, path) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
    } catch {
      return false;
    }
  },
};

/** Bytes of a page of the host, as the kernel has mapped this process. */
export function hostPageSize(): number {
  const smaps = readFileSync('/proc/self/smaps', 'latin1');
  return Number(/^KernelPageSize: +(\d+) kB$/m.exec(smaps)?.[1] ?? 4) * 1024;
}
