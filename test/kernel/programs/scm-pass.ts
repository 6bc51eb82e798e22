/** scm-pass.c: buffers and heap nodes in messages. The two ends of the socket take the numbers 4 and 5. */
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { failed, PAGE, type Program, RDWR } from './libc.ts';

export function scmPass(the: Program): void {
  const h = the.heap;
  /** What is in the socket, message by message. */
  const socket: number[][] = [];
  const ends = [the.open('/proc/self/status', RDWR & ~2), the.open('/proc/self/status', RDWR & ~2)];
  if (ends.some(({ ret }) => ret < 0)) throw new Error('no sockets');
  const give = (...fds: readonly number[]) => {
    const sent = fds.map((fd) => the.sys({ call: 'scm_send', fd }));
    const bad = sent.find(({ ret }) => ret < 0);
    if (bad !== undefined) {
      for (const { ret } of sent) if (ret >= 0) the.sys({ call: 'scm_drop', message: ret });
      return bad;
    }
    socket.push(sent.map(({ ret }) => ret));
    return { ret: 1 };
  };
  let cut = false;
  const take = (room: number, given: { cloexec?: boolean; peek?: boolean } = {}): number[] => {
    const messages = (given.peek === true ? socket[0] : socket.shift()) ?? [];
    cut = messages.length > room;
    for (const message of messages.slice(room)) the.sys({ call: 'scm_drop', message });
    return messages.slice(0, room).map((message) => the.sys({ call: 'scm_receive', message, ...given }).ret);
  };
  const bool = (name: string, is: boolean): void => the.tell(name, is ? 'yes' : 'no');
  const fd = the.get(h, 4n * PAGE, RDWR).ret;
  let m = the.place(fd, { length: 4n * PAGE });
  the.fill(m, 1n, 0x73);
  the.tell("buffer's number", String(fd));
  the.res('send', give(fd));
  the.res("close the sender's", the.close(fd));
  the.munmap(m, 4n * PAGE);
  the.alive('alive in the socket alone');
  const got: number[] = take(1);
  the.tell('receive, descriptors', String(got.length));
  const [first = -1] = got;
  the.tell('its number', String(first));
  the.res('its F_GETFD', the.control(first, fcntl.F_GETFD));
  the.res('its size', the.lseek(first, 0n, fcntl.SEEK_END));
  m = the.made('map it', the.mmap(first, { length: 4n * PAGE }));
  the.load("the sender's byte", m);
  the.res('send again', give(first));
  const [second = -1] = take(1, { cloexec: true });
  the.res('receive close-on-exec, F_GETFD', the.control(second, fcntl.F_GETFD));
  the.tell('close-on-exec, its number', String(second));
  the.control(second, fcntl.F_SETFL, fcntl.O_NONBLOCK);
  bool('same open description', (the.control(first, fcntl.F_GETFL).ret & fcntl.O_NONBLOCK) !== 0);
  the.res('send three, one the heap', give(first, h, second));
  const two = take(2);
  the.tell('receive with room for two', String(two.length));
  bool('cut short', cut);
  the.tell('first number', String(two[0]));
  the.tell('second number', String(two[1]));
  the.res('alloc through the received heap', the.get(two[1] ?? -1, PAGE, RDWR));
  the.alive('alive');
  the.res('send and receive without room: sent', give(first));
  the.tell('receive without room', String(take(0).length));
  bool('without room, cut short', cut);
  the.res('send with a bad descriptor', give(first, 99));
  const path = the.open(the.path, fcntl.O_PATH | fcntl.O_CLOEXEC).ret;
  the.res('send O_PATH of the heap', give(path));
  the.res('O_PATH received, alloc', the.get(take(1)[0] ?? -1, PAGE, fcntl.O_RDWR));
  the.res('peek: sent', give(first));
  the.tell('peek, number', String(take(1, { peek: true })[0]));
  the.tell('then receive, number', String(take(1)[0]));
  the.fill({ ...m, at: 1n }, 1n, 0x31);
  let sent = failed('EAGAIN');
  the.child('other', () => {
    for (let i = 3; i < 64; i++) if (i !== 5) the.close(i);
    the.munmap(m, 4n * PAGE);
    the.as = 'shell';
    sent = give(first);
    the.as = 'other';
    const [number = -1] = take(1);
    the.tell('other process: number', String(number));
    const n = the.made('other process: map', the.mmap(number, { length: 4n * PAGE }));
    the.load('other process: byte', { ...n, at: 1n });
    the.store('other process: write', { ...n, at: 2n }, 0x32);
  });
  the.res('sent to the other process', sent);
  the.load('its write, seen here', { ...m, at: 2n });
  const ro = the.get(h, PAGE, fcntl.O_RDONLY | fcntl.O_CLOEXEC).ret;
  give(ro);
  the.made('received rdonly buffer: mmap rw', the.mmap(take(1)[0] ?? -1, { length: PAGE }));
  for (let i = 3; i < 64; i++) if (i !== h) the.close(i);
  the.alive('alive with the mapping left');
  the.munmap(m, 4n * PAGE);
  the.alive('alive at the end');
}
