/** dup-numbers.c: which number an allocation gets, dup2(), dup3(), close_range(). */

import type { SyscallResult } from '../../../src/kernel/syscall.ts';
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { failed, PAGE, type Program, RDWR } from './libc.ts';

export function dupNumbers(the: Program): void {
  const h = the.heap;
  const got = (name: string, result: SyscallResult): number => {
    the.res(name, result);
    return result.ret;
  };
  const flag = (name: string, fd: number): void => the.res(name, the.control(fd, fcntl.F_GETFD));
  const size = (name: string, fd: number): void => the.res(name, the.lseek(fd, 0n, fcntl.SEEK_END));
  /** dup2() and dup3() look at the new number before the kernel's table is asked. */
  const dup2 = (fd: number, at: number, flags?: number): SyscallResult => {
    if (flags !== undefined && ((flags & ~fcntl.O_CLOEXEC) !== 0 || fd === at)) return failed('EINVAL');
    if (at < 0 || at >= 1024) return failed('EBADF');
    return the.sys({ call: 'dup', fd, at, ...(flags !== undefined && { cloexec: flags !== 0 }) });
  };
  the.tell('heap', String(h));
  let a = got('first', the.get(h, PAGE, RDWR));
  let b = got('second', the.get(h, 2n * PAGE, fcntl.O_RDWR));
  let c = got('third', the.get(h, 3n * PAGE, RDWR));
  the.res('close second', the.close(b));
  b = got('the hole is filled', the.get(h, 2n * PAGE, fcntl.O_RDWR));
  the.close(a);
  the.close(c);
  a = got('lowest first', the.get(h, PAGE, RDWR));
  c = got('then the next', the.get(h, 3n * PAGE, RDWR));
  the.res('failed allocation', the.get(h, 0n, fcntl.O_RDWR));
  let d = got('number after a failed one', the.get(h, PAGE, fcntl.O_RDWR));
  the.close(d);
  the.close(0);
  d = got('with 0 closed', the.get(h, PAGE, fcntl.O_RDWR));
  the.close(d);
  // In the place of /dev/null.
  got('0 again', the.open('/proc/self/status', fcntl.O_RDONLY));
  flag('first F_GETFD', a);
  flag('second F_GETFD', b);
  d = got('dup first', the.dup(a));
  flag('its F_GETFD', d);
  size('its size', d);
  the.alive('alive: a dup is no buffer');
  the.res('close first', the.close(a));
  size("first's size", a);
  size("the dup's size", d);
  const m = the.made('map the dup', the.mmap(d, { length: PAGE }));
  the.store('write', m, 0x64);
  a = got('dup back', dup2(d, a));
  const n = the.made('map that', the.mmap(a, { length: PAGE, prot: fcntl.PROT_READ }));
  the.load('same bytes', n);
  the.munmap(m, PAGE);
  the.munmap(n, PAGE);
  the.res('dup2 onto itself', dup2(d, d));
  the.res('dup2 of a closed one', dup2(90, d));
  size('it still stands', d);
  the.res('dup2 to 40', dup2(d, 40));
  flag('40 F_GETFD', 40);
  the.res('dup3 to 41, close-on-exec', dup2(d, 41, fcntl.O_CLOEXEC));
  flag('41 F_GETFD', 41);
  the.res('dup3 onto itself', dup2(d, d, 0));
  the.res('dup3, O_RDWR', dup2(d, 42, fcntl.O_RDWR));
  the.res('dup2 over the third closes it', dup2(d, c));
  the.alive('alive after the dup went over the third');
  size('size of what stands there', c);
  the.res('dup2 of the heap over a buffer', dup2(h, b));
  the.alive('alive after the heap went over the second');
  the.res('alloc through it', the.get(b, 5n * PAGE, fcntl.O_RDWR));
  size('size', 6);
  the.res('dup2 too high', dup2(d, 1 << 20));
  the.res('dup2 negative', dup2(d, -1));
  the.res('F_DUPFD from 50', the.control(d, fcntl.F_DUPFD, 50));
  the.res('F_DUPFD from -1', the.control(d, fcntl.F_DUPFD, -1));
  the.res('F_DUPFD_CLOEXEC from 50', the.control(d, fcntl.F_DUPFD_CLOEXEC, 50));
  flag('51 F_GETFD', 51);
  const range = (name: string, first: number, last: number, flags = 0): void =>
    the.res(name, the.sys({ call: 'close_range', first, last, flags }));
  range('close_range 40-45 close-on-exec', 40, 45, 4);
  flag('40 F_GETFD then', 40);
  size('40 is still open', 40);
  range('close_range 40-41', 40, 41);
  flag('40 then', 40);
  flag('41', 41);
  flag('50', 50);
  range('close_range backwards', 41, 40);
  range('close_range, unknown flag', 60, 61, 64);
  the.alive('alive before the last close_range');
  range('close_range from 3 up', 3, 0xffffffff);
  the.alive('alive after it');
  flag('heap after it', h);
  const again = got('heap again', the.open(the.path, fcntl.O_RDONLY));
  the.res('first of a read-only heap descriptor', the.get(again, PAGE, RDWR));
  the.res('close', the.close(4));
  the.res('close again', the.close(4));
  the.alive('alive at the end');
}
