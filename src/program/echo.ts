/** Writes to a file of /sys or /proc as `echo` does: open, one write(2), close. */
import { O_WRONLY } from '../uapi/fcntl.ts';
import type { Caller } from './caller.ts';
import { openFile } from './open-file.ts';
import type { Outcome } from './outcome.ts';

/** @param text without a line break of its own. @returns the bytes that were taken as `ret` */
export function echo(caller: Caller, path: string, text: string): Outcome {
  const { kernel, task } = caller;
  const opened = openFile(caller, { path, flags: O_WRONLY });
  if (opened.ret < 0) return opened;
  try {
    return kernel.syscall(task, { call: 'write', fd: opened.ret, buf: new TextEncoder().encode(text) });
  } finally {
    kernel.syscall(task, { call: 'close', fd: opened.ret });
  }
}
