/** Which handler answers which message of a process. One more is its function in the file of its group, and its line here. */
import { close, dup, fcntl, setfd } from './descriptors.ts';
import { call } from './files.ts';
import { hostFull, note, rlimit } from './host-reports.ts';
import { ioctl } from './ioctl.ts';
import { madvise, mmap, mprotect, mremap, munmap } from './memory.ts';
import { open } from './open.ts';
import { receive, send } from './passing.ts';
import { access, path, stat } from './paths.ts';
import { link, proc } from './proc.ts';
import { MESSAGE } from './protocol.ts';
import type { Handler } from './question.ts';
import { epoll, poll } from './ready.ts';

const HANDLERS: ReadonlyMap<number, Handler> = new Map([
  [MESSAGE.OPEN, open],
  [MESSAGE.IOCTL, ioctl],
  [MESSAGE.CLOSE, close],
  [MESSAGE.DUP, dup],
  [MESSAGE.SETFD, setfd],
  [MESSAGE.FCNTL, fcntl],
  [MESSAGE.MMAP, mmap],
  [MESSAGE.MUNMAP, munmap],
  [MESSAGE.MPROTECT, mprotect],
  [MESSAGE.MREMAP, mremap],
  [MESSAGE.MADVISE, madvise],
  [MESSAGE.STAT, stat],
  [MESSAGE.ACCESS, access],
  [MESSAGE.LINK, link],
  [MESSAGE.PATH, path],
  [MESSAGE.CALL, call],
  [MESSAGE.POLL, poll],
  [MESSAGE.EPOLL, epoll],
  [MESSAGE.SEND, send],
  [MESSAGE.RECEIVE, receive],
  [MESSAGE.RLIMIT, rlimit],
  [MESSAGE.HOST_FULL, hostFull],
  [MESSAGE.NOTE, note],
  [MESSAGE.PROC, proc],
]);

/** What answers messages of that type; `undefined` when no process sends them. */
export const handlerOf = (type: number): Handler | undefined => HANDLERS.get(type);
