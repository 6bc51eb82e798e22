/** fork-share.c: a buffer over fork. Parent and children take turns as their pipes say. */
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { PAGE, type Program, RDWR } from './libc.ts';
import { pages } from './process.ts';

export function forkShare(the: Program): void {
  const h = the.heap;
  const all = 4n * PAGE;
  let fd = the.get(h, all, RDWR).ret;
  let m = the.place(fd, { length: all });
  the.fill(m, 1n, 0x70);
  // The ends of two pipes are 5 to 8; they stay open.
  for (let i = 0; i < 4; i++) the.open('/proc/self/status', fcntl.O_RDONLY);
  the.child('first', () => {
    the.load("child reads the parent's byte", m);
    the.store('child writes', pages(m, 1), 0x63);
    the.as = 'shell';
    the.load("parent sees the child's write", pages(m, 1));
    the.store('parent writes later', pages(m, 2), 0x71);
    the.as = 'first';
    the.load("child sees the parent's later write", pages(m, 2));
    the.res('child F_GETFD', the.control(fd, fcntl.F_GETFD));
    the.res('child munmap', the.munmap(m, all));
    the.load('child after munmap', m);
    const n = the.made('child maps again', the.mmap(fd, { length: all }));
    the.load("child's new mapping", pages(n, 2));
    the.store('child writes there', pages(n, 3), 0x64);
    the.res('child closes the buffer', the.close(fd));
    the.load('child after close', pages(n, 3));
    const own = the.get(h, 2n * PAGE, RDWR);
    the.res("child's own buffer", own);
    the.alive("alive with the child's");
    the.res('child closes its heap descriptor', the.close(h));
    the.store("child's own mapping", the.place(own.ret, { length: 2n * PAGE }), 1);
  });
  the.load("parent after the child's exit", m);
  the.load("the child's last write", pages(m, 3));
  the.res("parent's descriptor still open", the.control(fd, fcntl.F_GETFD));
  the.alive("alive after the child's exit");
  the.child('second', () => {
    the.as = 'shell';
    the.res('parent munmap', the.munmap(m, all));
    the.res('parent close', the.close(fd));
    the.as = 'second';
    the.load('second child, parent closed and unmapped', pages(m, 1));
    the.store('second child writes', pages(m, 1), 0x65);
    the.alive('alive in the second child');
    the.load("second child's new mapping", pages(the.place(fd, { length: all, prot: fcntl.PROT_READ }), 1));
  });
  the.alive('alive when both are gone');
  fd = the.get(h, all, RDWR).ret;
  m = the.place(fd, { length: all });
  the.child('third', () => {
    for (let i = 0; i < 3; i++) the.get(h, 8n * PAGE, fcntl.O_RDWR);
    the.fill(pages(m, 0, 5), 1n, 0x6b);
    the.alive('alive before the crash');
  });
  the.alive('alive after the crash');
  the.load('its write stays', pages(m, 0, 5));
  for (let i = 0; i < 4; i++) the.child(`own${i}`, () => the.fill(pages(m, i, 1), 1n, 0x30 + i));
  const bytes = Array.from({ length: 4 }, (_, i) => the.byte(pages(m, i, 1)));
  the.tell("four children's bytes", String.fromCharCode(...bytes));
  the.child('flags', () => {
    the.control(fd, fcntl.F_SETFL, fcntl.O_NONBLOCK);
    the.control(fd, fcntl.F_SETFD, 0);
  });
  const isOn = (the.control(fd, fcntl.F_GETFL).ret & fcntl.O_NONBLOCK) !== 0;
  the.tell('O_NONBLOCK set by a child', isOn ? 'seen' : 'not seen');
  the.res('close-on-exec cleared by a child', the.control(fd, fcntl.F_GETFD));
}
