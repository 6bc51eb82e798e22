/** poll.c: poll, select and epoll. What the C library and the epoll set do is done here, as Linux does it. */
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { decodePollfds, encodePollfds } from '../../../src/uapi/poll.ts';
import { failed, PAGE, type Program, RDWR } from './libc.ts';

const BITS = [
  [1, 'IN'],
  [2, 'PRI'],
  [4, 'OUT'],
  [8, 'ERR'],
  [0x10, 'HUP'],
  [0x20, 'NVAL'],
  [0x40, 'RDNORM'],
  [0x80, 'RDBAND'],
  [0x100, 'WRNORM'],
  [0x200, 'WRBAND'],
  [0x400, 'MSG'],
  [0x2000, 'RDHUP'],
] as const;
const [IN, PRI, OUT, RDNORM, WRNORM] = [1, 2, 4, 0x40, 0x100];
const [ET, ONESHOT] = [2 ** 31, 2 ** 30];

const words = (events: number): string => {
  const set = BITS.filter(([bit]) => (events & bit) !== 0).map(([, name]) => name);
  return set.length === 0 ? 'none' : set.join(' ');
};

export function revents(the: Program, fd: number, events: number): { ret: number; events: number } {
  const fds = encodePollfds([{ fd, events, revents: 0 }]);
  const { ret } = the.sys({ call: 'poll', fds, timeout: 0 });
  return { ret, events: decodePollfds(fds)[0]?.revents ?? 0 };
}

function all(the: Program, who: string, fd: number): void {
  one(the, who, 'nothing', fd, 0);
  one(the, who, 'IN', fd, IN);
  one(the, who, 'OUT', fd, OUT);
  one(the, who, 'IN OUT', fd, IN | OUT);
  one(the, who, 'PRI', fd, PRI);
  one(the, who, 'RDNORM WRNORM', fd, RDNORM | WRNORM);
  one(the, who, 'every bit', fd, 0x7fff);
  // select(2) asks for all three sets at once: POLLIN_SET, POLLOUT_SET, POLLEX_SET.
  const { events } = revents(the, fd, 0x7fff);
  const [read, write, except] = [0x59, 0x30c, 2].map((set) => Number((events & set) !== 0)) as [
    number,
    number,
    number,
  ];
  the.tell(`${who}: select`, `${read + write + except}, read ${read}, write ${write}, except ${except}`);
  the.tell(`${who}: select for reading`, String(read));
}

function one(the: Program, who: string, what: string, fd: number, events: number): void {
  const { ret, events: got } = revents(the, fd, events);
  the.tell(`${who}: poll ${what} gives ${ret}`, words(got));
}

interface Watched {
  events: number;
  readonly tag: number;
  /** An edge that has not been told yet. */
  armed: boolean;
}

/** An epoll set: whether a file may be in it is the kernel's to say; the rest is fs/eventpoll.c. */
class Epoll {
  readonly #the: Program;
  readonly #watched = new Map<number, Watched>();

  constructor(the: Program) {
    this.#the = the;
  }

  ctl(name: string, op: 1 | 2 | 3, fd: number, events: number, tag: number): void {
    const asked = this.#the.sys({ call: 'epoll_ctl', fd, op });
    const known = this.#watched.get(fd);
    if (asked.ret < 0) this.#the.res(name, asked);
    else if (op === 1 && known !== undefined) this.#the.res(name, failed('EEXIST'));
    else if (op !== 1 && known === undefined) this.#the.res(name, failed('ENOENT'));
    else {
      if (op === 2) this.#watched.delete(fd);
      else this.#watched.set(fd, { events, tag, armed: true });
      this.#the.res(name, asked);
    }
  }

  wait(name: string, through: (fd: number) => number = (fd) => fd): void {
    const { the, ready } = { the: this.#the, ready: [] as { tag: number; events: number }[] };
    for (const [fd, watched] of this.#watched) {
      const asked = watched.events & 0xffff;
      const got = asked === 0 ? 0 : revents(the, through(fd), asked).events & asked;
      const isEdge = watched.events >= ET;
      if (got === 0 || (isEdge && !watched.armed)) continue;
      ready.push({ tag: watched.tag, events: got });
      // An edge is told once, unless looking at the file wakes the set again.
      watched.armed = the.kernel.profile.linux.epollEdgeRepeats;
      if ((watched.events & ONESHOT) !== 0) watched.events = 0;
    }
    the.tell(name, `${ready.length} ready`);
    for (const { tag, events } of ready) the.tell(`${name}, ready ${tag}`, words(events));
  }

  /** Every descriptor of the file is closed. */
  forget(fd: number): void {
    this.#watched.delete(fd);
  }
}

export function poll(the: Program): void {
  const h = the.heap;
  const b = the.get(h, PAGE, RDWR).ret;
  const ro = the.get(h, PAGE, fcntl.O_RDONLY | fcntl.O_CLOEXEC).ret;
  const d = the.dup(b).ret;
  all(the, 'buffer', b);
  all(the, 'rdonly buffer', ro);
  all(the, 'heap', h);
  const path = the.open(the.path, fcntl.O_PATH).ret;
  one(the, 'O_PATH of the heap', 'IN OUT', path, IN | OUT);
  one(the, 'closed descriptor', 'IN', 99, IN);
  one(the, 'descriptor -1', 'IN', -1, IN);
  const ep = new Epoll(the);
  ep.ctl('epoll add buffer IN OUT', 1, b, IN | OUT, 1);
  ep.ctl('epoll add buffer again', 1, b, IN, 1);
  ep.ctl('epoll add its dup IN', 1, d, IN, 2);
  ep.ctl('epoll add heap IN OUT', 1, h, IN | OUT, 3);
  ep.ctl('epoll add O_PATH', 1, path, IN, 4);
  ep.ctl('epoll modify what is not in', 3, ro, IN, 6);
  ep.wait('epoll level');
  ep.wait('epoll level again');
  ep.ctl('epoll delete heap', 2, h, 0, 0);
  ep.ctl('epoll modify dup to OUT', 3, d, OUT, 2);
  ep.ctl('epoll modify buffer to nothing', 3, b, 0, 1);
  ep.wait('epoll after modify');
  ep.ctl('epoll delete dup', 2, d, 0, 0);
  ep.ctl('epoll modify buffer to ET IN OUT', 3, b, IN + OUT + ET, 1);
  ep.wait('epoll edge');
  ep.wait('epoll edge again');
  ep.ctl('epoll modify buffer to ET again', 3, b, IN + ET, 1);
  ep.wait('epoll edge, armed again');
  ep.wait('epoll edge, armed again, again');
  ep.ctl('epoll modify buffer to ONESHOT', 3, b, IN + OUT + ONESHOT, 1);
  ep.wait('epoll oneshot');
  ep.wait('epoll oneshot again');
  ep.ctl('epoll modify buffer to ONESHOT OUT', 3, b, OUT + ONESHOT, 1);
  the.close(b);
  the.alive('alive after close, the dup stays');
  // The set holds the file, not the descriptor.
  ep.wait('epoll after close of the descriptor', () => d);
  the.close(d);
  ep.forget(b);
  ep.wait('epoll after close of the dup');
  the.alive('alive after close of the dup');
}
