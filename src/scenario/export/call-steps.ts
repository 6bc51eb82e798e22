/** One call as a step: under the name of its action, with what it answered as expectation. */

import { flagNames } from '../../profile/open-flag-words.ts';
import type { JournalCall } from '../../session/journal.ts';
import { FCNTL_COMMANDS, IOCTL_REQUESTS, POLL_EVENTS, WHENCES } from '../../uapi/call-names.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_VALID_FLAGS_MASK,
  DMA_BUF_SYNC_WRITE,
  decodeDmaBufSync,
} from '../../uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../uapi/dma-heap.ts';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  MAP_PRIVATE,
  MAP_SHARED,
  O_CLOEXEC,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
} from '../../uapi/fcntl.ts';
import { iocSize } from '../../uapi/ioctl.ts';
import { decodePollfds, POLLIN, POLLOUT } from '../../uapi/poll.ts';
import { decodeStat, type StatLayout } from '../../uapi/stat.ts';
import type { Expect, Flags, Step } from '../form.ts';
import type { Names } from './names.ts';
import { hexWord, isPlainText, sizeWord, wordOf } from './words.ts';

/** A call as a step, before the journal's log lines are added; `undefined`: no action says it. */
export interface Said {
  readonly action: Step;
  readonly as?: string;
  readonly expect?: Expect;
}

type Call<Name extends JournalCall['call']['call']> = Extract<JournalCall['call'], { call: Name }>;

/** Flags of open(2) as words, where the words mean the same number. */
export const flagsWord = (flags: number): Flags => {
  const names = flagNames(flags);
  return names.every((name) => /^[A-Z_]+$/.test(name) && name !== 'O_ACCMODE') ? names.join('|') : flags;
};

const PROTECTIONS = new Map<number, 'rw' | 'r' | 'w' | 'none'>([
  [PROT_READ | PROT_WRITE, 'rw'],
  [PROT_READ, 'r'],
  [PROT_WRITE, 'w'],
  [0, 'none'],
]);

/** What a request without a size gets: `ioctl` of a scenario gives it as much. */
const PLAIN_SIZE = 8;

const whole = (value: number): boolean => Number.isInteger(value) && value >= 0;

/**
 * Descriptor calls that make nothing of which a step could say less.
 *
 * @param layout the kernel's struct stat
 */
export function descriptorStep(entry: JournalCall, names: Names, layout: StatLayout): Said | undefined {
  const { task, call, result } = entry;
  const { ret } = result;
  switch (call.call) {
    case 'open':
      return openStep(entry, call, names);
    case 'close':
      return whole(call.fd) ? { action: { free: names.descriptor(task, call.fd) } } : undefined;
    case 'poll':
      return pollStep(entry, call, names);
    case 'fstat':
      if (!whole(call.fd) || call.buf?.length !== layout.size) return undefined;
      return {
        action: { stat: names.descriptor(task, call.fd) },
        ...(ret >= 0 && { expect: { value: statValue(call.buf, layout) } }),
      };
    case 'dup': {
      if (!whole(call.fd)) return undefined;
      const fd = names.descriptor(task, call.fd);
      return { action: { dup: fd }, ...madeDescriptor(task, ret, copyName(fd), names) };
    }
    case 'fcntl':
      return fcntlStep(entry, call, names);
    case 'lseek': {
      const whence = wordOf(WHENCES, call.whence) ?? (whole(call.whence) ? call.whence : undefined);
      if (!whole(call.fd) || whence === undefined) return undefined;
      const offset =
        call.offset === 0n ? {} : { offset: call.offset < 0n ? String(call.offset) : call.offset };
      const words = call.whence === 0 ? {} : { whence };
      return {
        action: { lseek: { fd: names.descriptor(task, call.fd), ...offset, ...words } },
        ...(ret >= 0 && { expect: { ret } }),
      };
    }
    case 'ioctl':
      return ioctlStep(entry, call, names);
    case 'mmap':
      return mmapStep(entry, call, names);
    case 'sendmsg': {
      if (!whole(call.fd) || result.why?.kind === 'no-such-task') return undefined;
      const fd = names.descriptor(task, call.fd);
      const cloexec = call.cloexec === true ? { cloexec: true } : {};
      return {
        action: { send: { fd, to: call.to, ...cloexec } },
        ...madeDescriptor(call.to, ret, copyName(fd), names),
      };
    }
    default:
      return undefined;
  }
}

/** The name of a copy: of a buffer without one a plain one. */
const copyName = (of: string | number | bigint): string =>
  typeof of === 'string' ? `${of.replace(/_copy\d*$/, '')}_copy` : 'copy';

function madeDescriptor(task: string, fd: number, wish: string, names: Names): Pick<Said, 'as' | 'expect'> {
  if (fd < 0) return {};
  const as = names.fresh(wish);
  names.bindDescriptor(task, fd, as);
  return { as, expect: { fd } };
}

const HEAPS = '/dev/dma_heap/';

function openStep(
  { task, result }: JournalCall,
  { path, flags }: Call<'open'>,
  names: Names,
): Said | undefined {
  if (!isPlainText(path) || path === '' || !path.startsWith('/') || !whole(flags)) return undefined;
  const isHeap = path.startsWith(HEAPS);
  const heap = path.slice(HEAPS.length);
  const short = isHeap && heap !== '' && !/^(heap:|\/)/.test(heap) ? heap : path;
  const standard = isHeap ? O_RDWR | O_CLOEXEC : O_CLOEXEC;
  const made = madeDescriptor(task, result.ret, isHeap ? 'heap' : 'file', names);
  if (flags === standard) return { action: { open: short }, ...made };
  return { action: { open: { path: short, flags: flagsWord(flags) } }, ...made };
}

function pollStep({ task, result }: JournalCall, { fds }: Call<'poll'>, names: Names): Said | undefined {
  const [one, ...more] = fds === null ? [] : decodePollfds(fds);
  if (one === undefined || more.length > 0 || fds?.length !== 8 || one.fd < 0) return undefined;
  const fd = names.descriptor(task, one.fd);
  const events = one.events === (POLLIN | POLLOUT) ? undefined : eventsWord(one.events);
  return {
    action: { poll: events === undefined ? fd : { fd, events } },
    ...(result.ret >= 0 && { expect: { revents: eventsWord(one.revents) } }),
  };
}

function eventsWord(events: number): Flags {
  const names = Object.entries(POLL_EVENTS).filter(([, bit]) => (events & bit) === bit);
  const known = names.reduce((bits, [, bit]) => bits | bit, 0);
  return events !== 0 && known === events ? names.map(([name]) => name).join('|') : events;
}

function statValue(buf: Uint8Array, layout: StatLayout): Readonly<Record<string, number | bigint>> {
  const { st_mode, st_size, st_ino, st_rdev } = decodeStat(buf, layout);
  const all = { st_mode, st_size, st_ino, st_rdev };
  return Object.fromEntries(Object.entries(all).filter(([key, value]) => key === 'st_mode' || value !== 0n));
}

function fcntlStep(
  { task, result }: JournalCall,
  { fd, cmd, arg }: Call<'fcntl'>,
  names: Names,
): Said | undefined {
  if (!whole(fd) || !whole(cmd) || !whole(arg) || arg > 0xffffffff) return undefined;
  const ref = names.descriptor(task, fd);
  const action: Step = {
    fcntl: { fd: ref, cmd: wordOf(FCNTL_COMMANDS, cmd) ?? cmd, ...(arg !== 0 && { arg }) },
  };
  if (cmd === F_DUPFD || cmd === F_DUPFD_CLOEXEC) {
    return { action, ...madeDescriptor(task, result.ret, copyName(ref), names) };
  }
  return { action, ...(result.ret >= 0 && { expect: { ret: result.ret } }) };
}

function ioctlStep(entry: JournalCall, call: Call<'ioctl'>, names: Names): Said | undefined {
  const { task, result, given = call.arg } = entry;
  if (!whole(call.fd)) return undefined;
  const fd = names.descriptor(task, call.fd);
  const request = call.request >>> 0;
  const succeeded = result.ret >= 0;
  if (given !== null) {
    const short = syncStep(request, given, fd) ?? nameStep(request, given, fd);
    if (short !== undefined) return { action: short };
  }
  const word = wordOf(IOCTL_REQUESTS, request) ?? BigInt(request);
  if (given === null) return { action: { ioctl: { fd, request: word, null: true } } };
  const least = iocSize(request) || PLAIN_SIZE;
  // A scenario gives a request as many bytes as it is long.
  if (given.length < least || call.arg === null) return undefined;
  if (request === DMA_HEAP_IOCTL_ALLOC && succeeded) {
    const data = decodeDmaHeapAllocationData(call.arg);
    const arg = hexWord(encodeDmaHeapAllocationData({ ...data, fd: 0 }));
    const made = madeDescriptor(task, data.fd, 'buf', names);
    const expect = { ...made.expect, ...(entry.phys !== undefined && { phys: entry.phys }) };
    return { action: { ioctl: { fd, request: word, arg } }, ...made, expect };
  }
  const isPlain = given.length === least && given.every((byte) => byte === 0);
  const changed = Buffer.compare(given, call.arg) !== 0;
  return {
    action: { ioctl: { fd, request: word, ...(!isPlain && { arg: hexWord(given) }) } },
    expect: {
      ...(succeeded && result.ret !== 0 && { ret: result.ret }),
      ...(succeeded && changed && { arg: hexWord(call.arg) }),
    },
  };
}

function syncStep(request: number, arg: Uint8Array, fd: string | number | bigint): Step | undefined {
  if (request !== DMA_BUF_IOCTL_SYNC || arg.length !== PLAIN_SIZE) return undefined;
  const flags = decodeDmaBufSync(arg);
  const bits = Number(flags & BigInt(DMA_BUF_SYNC_VALID_FLAGS_MASK));
  const [read, write] = [(bits & DMA_BUF_SYNC_READ) !== 0, (bits & DMA_BUF_SYNC_WRITE) !== 0];
  if (flags !== BigInt(bits) || (!read && !write)) return { sync: { fd, flags } };
  const side = (bits & DMA_BUF_SYNC_END) !== 0 ? { end: true } : { start: true };
  return { sync: { fd, ...side, ...(read && { read }), ...(write && { write }) } };
}

/** The text of a name as `name` and `alloc` write it, or `undefined` when the bytes are something else. */
export function nameText(arg: Uint8Array): string | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(arg.subarray(0, -1));
  if (arg.at(-1) !== 0 || text.includes('\0') || !isPlainText(text)) return undefined;
  return Buffer.compare(new TextEncoder().encode(`${text}\0`), arg) === 0 ? text : undefined;
}

function nameStep(request: number, arg: Uint8Array, fd: string | number | bigint): Step | undefined {
  const name = request === DMA_BUF_SET_NAME_B ? nameText(arg) : undefined;
  return name === undefined ? undefined : { name: { fd, name } };
}

function mmapStep({ task, result }: JournalCall, call: Call<'mmap'>, names: Names): Said | undefined {
  const prot = PROTECTIONS.get(call.prot);
  const isPrivate = call.flags === MAP_PRIVATE;
  if (!whole(call.fd) || prot === undefined || (!isPrivate && call.flags !== MAP_SHARED)) return undefined;
  const { ret } = result;
  if (call.offset < 0n) return undefined;
  const made = ret < 0 ? {} : { as: names.fresh('m', true), expect: { ret } };
  const action: Step = {
    mmap: {
      fd: names.descriptor(task, call.fd),
      length: sizeWord(call.length),
      ...(call.offset !== 0n && { offset: sizeWord(call.offset) }),
      ...(prot !== 'rw' && { prot }),
      ...(isPrivate && { private: true }),
    },
  };
  if ('as' in made) names.bindMapping(task, ret, made.as);
  return { action, ...made };
}
