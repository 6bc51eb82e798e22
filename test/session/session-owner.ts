/** A process that owns a session, for tests. */
import { setTimeout } from 'node:timers/promises';
import { serveSession } from '../../src/session/served-session.ts';
import { at } from './camera-board.ts';
import { alloc } from './random-calls.ts';

/**
 * Owns a session as a server does, and works on it until SIGTERM; says after how many calls, and at the end how it had to
 * wait. @param pause every so many milliseconds it does nothing for a while; 0: never
 */
export async function own(dir: string, task: string, pause: number): Promise<void> {
  let leases = 0;
  const onLease = (what: 'begins' | 'ends'): void => {
    if (what === 'begins') leases++;
  };
  const session = serveSession(at(dir), { onLease, logLimit: 1 << 20 });
  session.transact((kernel) => {
    // One that was killed has left it.
    if (kernel.hasTask(task)) kernel.syscall(task, { call: 'exit' });
    const credentials = { uid: 0, gid: 0, groups: [] };
    kernel.syscall(task, { call: 'task_add', name: task, credentials, nofile: 1024 });
  });
  let ends = false;
  process.on('SIGTERM', () => {
    ends = true;
  });
  const mine: number[] = [];
  let done = 0;
  let [longestWait, longest] = [0, 0];
  for (let rest = performance.now(); !ends; ) {
    for (let i = 0; i < 20; i++, done++) {
      const asked = performance.now();
      const fd = session.transact((kernel) => {
        longestWait = Math.max(longestWait, performance.now() - asked);
        if (mine.length < 8) return alloc(kernel, task, 'system', 8192);
        return kernel.syscall(task, { call: 'close', fd: mine.shift() ?? -1 }).ret;
      });
      if (fd < 0) throw new Error(`a call of the owner was answered ${fd}`);
      if (fd > 0) mine.push(fd);
      longest = Math.max(longest, performance.now() - asked);
    }
    console.log(`calls ${session.info().calls}`);
    const isTime = pause > 0 && performance.now() - rest > pause;
    await setTimeout(isTime ? 300 : 0);
    if (isTime) rest = performance.now();
  }
  for (const fd of mine) session.transact((kernel) => kernel.syscall(task, { call: 'close', fd }));
  session.close();
  console.log(`done ${JSON.stringify({ done, longestWait, longest, leases })}`);
}
