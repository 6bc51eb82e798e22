/** Actions that are calls on descriptors: open(2) to ioctl(2), and the allocation that is several of them. */
import type { SyscallResult } from '../kernel/syscall.ts';
import { parseFcntlArgument } from '../profile/open-flag-words.ts';
import { FCNTL_COMMANDS, IOCTL_REQUESTS, parseEvents, parseU64, WHENCES } from '../uapi/call-names.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_START,
  DMA_BUF_SYNC_WRITE,
  encodeDmaBufSync,
} from '../uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
  heapNode,
  isHeapNode,
} from '../uapi/dma-heap.ts';
import { F_DUPFD, F_DUPFD_CLOEXEC, O_CLOEXEC, O_RDWR, SEEK_SET } from '../uapi/fcntl.ts';
import { IOC_READ, iocDir, iocNr, iocSize, iocType } from '../uapi/ioctl.ts';
import { decodePollfds, encodePollfds, POLLIN, POLLOUT } from '../uapi/poll.ts';
import { decodeStat } from '../uapi/stat.ts';
import type { ActionCompilers } from './action.ts';
import { bytesOfHex } from './hex.ts';
import { MAX_COUNT } from './limits.ts';
import type { Moment, Pieces } from './moment.ts';
import type { Outcome } from './outcome.ts';

const setName = (at: Moment, fd: number, name: string): SyscallResult => {
  const arg = new TextEncoder().encode(`${name}\0`);
  return at.machine.kernel.syscall(at.task, { call: 'ioctl', fd, request: DMA_BUF_SET_NAME_B, arg });
};

interface Allocation {
  /** The path of the heap's node. */
  readonly node: string;
  readonly len: bigint;
  readonly name: string | undefined;
  readonly fd: number;
  readonly fdFlags: number;
  readonly heapFlags: bigint;
}

/** One ioctl on the open node of a heap, and the name of what it gave. */
function allocate(at: Moment, node: number, { len, fd, fdFlags, heapFlags, name }: Allocation): Outcome {
  const { kernel } = at.machine;
  const arg = encodeDmaHeapAllocationData({ len, fd, fd_flags: fdFlags, heap_flags: heapFlags });
  const result = kernel.syscall(at.task, { call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
  if (result.ret < 0) return result;
  const made = decodeDmaHeapAllocationData(arg).fd;
  const named = name === undefined ? undefined : setName(at, made, name);
  if (named?.errno !== undefined) {
    kernel.syscall(at.task, { call: 'close', fd: made });
    return named;
  }
  return { ret: result.ret, fd: made, made };
}

/** Allocations between two looks of whoever waits. */
const AT_ONCE = 64;

/** As every program does it: the node is open during the ioctls, and closed after them. */
function* allocateAll(at: Moment, count: number, asked: Allocation): Pieces {
  const { kernel } = at.machine;
  const { task } = at;
  const node = kernel.syscall(task, { call: 'open', path: asked.node, flags: O_RDWR });
  if (node.ret < 0) return node;
  if (count === 1) {
    const outcome = allocate(at, node.ret, asked);
    kernel.syscall(task, { call: 'close', fd: node.ret });
    return outcome;
  }
  let outcome: Outcome | undefined;
  const made: number[] = [];
  for (let i = 0; i < count && outcome?.errno === undefined; i++) {
    outcome = allocate(at, node.ret, asked);
    if (outcome.fd !== undefined) made.push(outcome.fd);
    if (i % AT_ONCE === AT_ONCE - 1) yield;
  }
  kernel.syscall(task, { call: 'close', fd: node.ret });
  return { ...(outcome ?? node), made };
}

/** What a request without a size gets: an int or a pointer fits. */
const PLAIN_SIZE = 8;

const isAlloc = (request: number): boolean =>
  iocType(request) === iocType(DMA_HEAP_IOCTL_ALLOC) && iocNr(request) === iocNr(DMA_HEAP_IOCTL_ALLOC);

/** The descriptor that a request of any size gave, if it is an allocation. */
function allocatedFd(request: number, arg: Uint8Array | null): number | undefined {
  if (arg === null || arg.length < 12 || !isAlloc(request)) return undefined;
  if ((iocDir(request) & IOC_READ) === 0) return undefined;
  return new DataView(arg.buffer, arg.byteOffset).getUint32(8, true);
}

type Names =
  | 'open'
  | 'alloc'
  | 'free'
  | 'dup'
  | 'name'
  | 'fcntl'
  | 'lseek'
  | 'poll'
  | 'stat'
  | 'ioctl'
  | 'setrlimit'
  | 'sync';

export const FILE_ACTIONS: ActionCompilers<Names> = {
  open: (value, values, path) => {
    const given = typeof value === 'string' ? { path: value } : value;
    const name = values.text(given.path, [...path, 'path']);
    const flags = given.flags === undefined ? undefined : values.flags(given.flags, [...path, 'flags']);
    return (at) => {
      const word = name(at);
      const file = word.startsWith('/') ? word : heapNode(word);
      const standard = isHeapNode(file) ? O_RDWR | O_CLOEXEC : O_CLOEXEC;
      const call = { call: 'open', path: file, flags: flags?.(at) ?? standard } as const;
      const result = at.machine.kernel.syscall(at.task, call);
      return result.ret < 0 ? result : { ...result, fd: result.ret };
    };
  },
  alloc: (value, values, path) => {
    const inside = (key: string) => [...path, key];
    const node = values.read(value.heap, inside('heap'), heapNode, 'the name of a heap');
    const size = values.size(value.size, inside('size'));
    const name = value.name === undefined ? undefined : values.text(value.name, inside('name'));
    const fd = values.whole(value.fd ?? 0, inside('fd'));
    const fdFlags = values.flags(value['fd-flags'] ?? O_RDWR | O_CLOEXEC, inside('fd-flags'));
    const heapFlags = values.read(
      value['heap-flags'] ?? 0,
      inside('heap-flags'),
      parseU64,
      'a 64-bit number',
    );
    const count = values.count(value.count ?? 1, inside('count'), MAX_COUNT);
    return (at) =>
      allocateAll(at, count(at), {
        node: node(at),
        len: size(at),
        name: name?.(at),
        fd: fd(at),
        fdFlags: fdFlags(at),
        heapFlags: heapFlags(at),
      });
  },
  free: (value, values, path) => {
    const list = Array.isArray(value)
      ? value.map((one, i) => values.ref(one, [...path, i], 'descriptor'))
      : [];
    const one = Array.isArray(value) ? undefined : values.ref(value as string, path, 'descriptor');
    const close = (at: Moment, fd: number) => at.machine.kernel.syscall(at.task, { call: 'close', fd });
    if (one !== undefined) return (at) => close(at, one(at));
    return (at) => {
      const results = list.map((fd) => close(at, fd(at)));
      return results.find(({ ret }) => ret < 0) ?? results.at(-1) ?? { ret: 0 };
    };
  },
  dup: (value, values, path) => {
    const fd = values.ref(value, path, 'descriptor');
    return (at) => {
      const result = at.machine.kernel.syscall(at.task, { call: 'dup', fd: fd(at) });
      return result.ret < 0 ? result : { ...result, fd: result.ret };
    };
  },
  name: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const name = values.text(value.name, [...path, 'name']);
    return (at) => setName(at, fd(at), name(at));
  },
  fcntl: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const cmd = values.word(value.cmd, [...path, 'cmd'], FCNTL_COMMANDS);
    const arg = values.read(
      value.arg ?? 0,
      [...path, 'arg'],
      parseFcntlArgument,
      'a number, FD_CLOEXEC, or flags such as O_NONBLOCK',
    );
    return (at) => {
      const call = { call: 'fcntl', fd: fd(at), cmd: cmd(at), arg: arg(at) } as const;
      const result = at.machine.kernel.syscall(at.task, call);
      const dups = result.ret >= 0 && (call.cmd === F_DUPFD || call.cmd === F_DUPFD_CLOEXEC);
      return dups ? { ...result, fd: result.ret } : result;
    };
  },
  lseek: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const offset = values.signed(value.offset ?? 0, [...path, 'offset']);
    const whence = values.word(value.whence ?? SEEK_SET, [...path, 'whence'], WHENCES);
    return (at) =>
      at.machine.kernel.syscall(at.task, {
        call: 'lseek',
        fd: fd(at),
        offset: offset(at),
        whence: whence(at),
      });
  },
  poll: (value, values, path) => {
    const given = typeof value === 'object' ? value : { fd: value };
    const fd = values.ref(given.fd, typeof value === 'object' ? [...path, 'fd'] : path, 'descriptor');
    const asked = given.events ?? POLLIN | POLLOUT;
    const events = values.read(
      asked,
      [...path, 'events'],
      parseEvents,
      'events joined by |: POLLIN, POLLOUT',
    );
    return (at) => {
      const fds = encodePollfds([{ fd: fd(at), events: events(at), revents: 0 }]);
      const result = at.machine.kernel.syscall(at.task, { call: 'poll', fds, timeout: 0 });
      return { ...result, revents: decodePollfds(fds)[0]?.revents ?? 0 };
    };
  },
  stat: (value, values, path) => {
    const fd = values.ref(value, path, 'descriptor');
    return (at) => {
      const { kernel } = at.machine;
      const layout = kernel.profile.arch.stat;
      const buf = new Uint8Array(layout.size);
      const result = kernel.syscall(at.task, { call: 'fstat', fd: fd(at), buf });
      return result.ret < 0 ? result : { ...result, value: { ...decodeStat(buf, layout) } };
    };
  },
  ioctl: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const request = values.word(value.request, [...path, 'request'], IOCTL_REQUESTS);
    const given = values.read(
      value.arg ?? '',
      [...path, 'arg'],
      bytesOfHex,
      'pairs of hexadecimal digits, at most 16384 bytes',
    );
    const isNull = value.null === true || value.arg === null;
    if (value.null === true && typeof value.arg === 'string') {
      values.problem([...path, 'null'], 'scenario-exclusive', 'null: true has no bytes, and arg has some');
    }
    const memory = (number: number, bytes: Uint8Array): Uint8Array => {
      const arg = new Uint8Array(Math.max(bytes.length, iocSize(number) || PLAIN_SIZE));
      arg.set(bytes);
      return arg;
    };
    return (at) => {
      const number = request(at);
      const arg = isNull ? null : memory(number, given(at));
      const result = at.machine.kernel.syscall(at.task, { call: 'ioctl', fd: fd(at), request: number, arg });
      const made = result.ret < 0 ? undefined : allocatedFd(number, arg);
      return { ...result, ...(arg !== null && { arg }), ...(made !== undefined && { fd: made, made }) };
    };
  },
  setrlimit: (value, values, path) => {
    const soft = values.whole(value, path);
    return (at) =>
      at.machine.kernel.syscall(at.task, { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: soft(at) });
  },
  sync: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const { start = false, end = false, read = false, write = false } = value;
    const words = (read ? DMA_BUF_SYNC_READ : 0) | (write ? DMA_BUF_SYNC_WRITE : 0);
    const flags = values.size(value.flags ?? words | (end ? DMA_BUF_SYNC_END : DMA_BUF_SYNC_START), [
      ...path,
      'flags',
    ]);
    if (value.flags !== undefined && (start || end || read || write)) {
      values.problem(
        [...path, 'flags'],
        'scenario-exclusive',
        'flags stand alone, or start or end with read and write',
        undefined,
        true,
      );
    } else if (value.flags === undefined && start === end) {
      values.problem(
        path,
        'scenario-sync',
        'sync has one of start: true and end: true',
        'or the number: flags: 5',
      );
    } else if (value.flags === undefined && !read && !write) {
      values.problem(
        path,
        'scenario-sync',
        'sync has read: true, write: true, or both',
        'Linux refuses the call without (EINVAL); to see that: flags: 0',
      );
    }
    return (at) =>
      at.machine.kernel.syscall(at.task, {
        call: 'ioctl',
        fd: fd(at),
        request: DMA_BUF_IOCTL_SYNC,
        arg: encodeDmaBufSync(flags(at)),
      });
  },
};
