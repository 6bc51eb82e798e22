/** Words of system calls as strace prints them: fcntl commands, whence, poll events, ioctl requests. */
import { InvalidArgumentError } from 'commander';
import * as dmaBuf from '../uapi/dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../uapi/dma-heap.ts';
import * as fcntl from '../uapi/fcntl.ts';
import * as fs from '../uapi/fs.ts';
import * as poll from '../uapi/poll.ts';
import { didYouMean } from './did-you-mean.ts';
import { flagNames, parseFlags, parseNumber } from './open-flags.ts';

type Names = Readonly<Record<string, number>>;

const FCNTL: Names = {
  F_DUPFD: fcntl.F_DUPFD,
  F_GETFD: fcntl.F_GETFD,
  F_SETFD: fcntl.F_SETFD,
  F_GETFL: fcntl.F_GETFL,
  F_SETFL: fcntl.F_SETFL,
  F_GETOWN: 9,
  F_GETSIG: 11,
  F_GETLEASE: 1025,
  F_DUPFD_CLOEXEC: fcntl.F_DUPFD_CLOEXEC,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
};

const WHENCE: Names = {
  SEEK_SET: fcntl.SEEK_SET,
  SEEK_CUR: fcntl.SEEK_CUR,
  SEEK_END: fcntl.SEEK_END,
  SEEK_DATA: fcntl.SEEK_DATA,
  SEEK_HOLE: fcntl.SEEK_HOLE,
};

const EVENTS: Names = {
  POLLIN: poll.POLLIN,
  POLLPRI: poll.POLLPRI,
  POLLOUT: poll.POLLOUT,
  POLLERR: poll.POLLERR,
  POLLHUP: poll.POLLHUP,
  POLLNVAL: poll.POLLNVAL,
  POLLRDNORM: poll.POLLRDNORM,
  POLLWRNORM: poll.POLLWRNORM,
};

export const REQUESTS: Names = {
  DMA_HEAP_IOCTL_ALLOC,
  DMA_BUF_IOCTL_SYNC: dmaBuf.DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME: dmaBuf.DMA_BUF_SET_NAME_B,
  DMA_BUF_SET_NAME_A: dmaBuf.DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B: dmaBuf.DMA_BUF_SET_NAME_B,
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE: dmaBuf.DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE: dmaBuf.DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  FIOCLEX: fs.FIOCLEX,
  FIONCLEX: fs.FIONCLEX,
  FIONBIO: fs.FIONBIO,
  FIOASYNC: fs.FIOASYNC,
  FIOQSIZE: fs.FIOQSIZE,
  FIGETBSZ: fs.FIGETBSZ,
};

/** Reads one of the names or a number, which need not be one of them. */
const reader =
  (names: Names) =>
  (text: string): number => {
    const word = text.toUpperCase();
    const value = Object.hasOwn(names, word) ? names[word] : parseNumber(text);
    if (value !== undefined) return value;
    const near = didYouMean(word, Object.keys(names));
    const hint = near === undefined ? `: ${Object.keys(names).join(', ')}` : `. Did you mean ${near}?`;
    throw new InvalidArgumentError(`Expected a number or a name${hint}`);
  };

export const readFcntlCommand = reader(FCNTL);
export const readWhence = reader(WHENCE);
export const readRequest = reader(REQUESTS);

const nameOf = (names: Names, value: number): string | undefined =>
  Object.keys(names).find((name) => names[name] === value);

export const fcntlName = (cmd: number): string => nameOf(FCNTL, cmd) ?? String(cmd);
export const whenceName = (whence: number): string => nameOf(WHENCE, whence) ?? String(whence);
export const requestName = (request: number): string =>
  nameOf(REQUESTS, request) ?? `0x${request.toString(16)}`;

/** The third argument of fcntl(2): a number, FD_CLOEXEC, or flags of open(2). */
export function readFcntlArgument(text: string): number {
  const value = text.toUpperCase() === 'FD_CLOEXEC' ? fcntl.FD_CLOEXEC : parseFlags(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a number, FD_CLOEXEC, or flags such as O_NONBLOCK.');
}

/** What fcntl(2) returned, in words where its number is flags. */
export function fcntlAnswer(cmd: number, ret: number): readonly string[] {
  if (cmd === fcntl.F_GETFL) return flagNames(ret);
  return cmd === fcntl.F_GETFD && (ret & fcntl.FD_CLOEXEC) !== 0 ? ['FD_CLOEXEC'] : [];
}

/** Events joined by |, or a number. */
export function readEvents(text: string): number {
  const number = parseNumber(text);
  if (number !== undefined && number <= 0xffff) return number;
  let events = 0;
  for (const word of text.toUpperCase().split(/[|,]/)) {
    const bit = Object.hasOwn(EVENTS, word) ? EVENTS[word] : undefined;
    if (bit === undefined) {
      throw new InvalidArgumentError(`Expected events joined by |: ${Object.keys(EVENTS).join(', ')}.`);
    }
    events |= bit;
  }
  return events;
}

/** The names of what is set. */
export const eventNames = (events: number): string[] =>
  Object.keys(EVENTS).filter((name) => (events & (EVENTS[name] ?? 0)) !== 0);

/** A signed 64-bit number. */
export function readOffset(text: string): bigint {
  const match = /^(-?)(0x[0-9a-f]+|[0-9]+)$/i.exec(text);
  const value = match === null ? undefined : BigInt(match[2] ?? '') * (match[1] === '-' ? -1n : 1n);
  if (value === undefined || BigInt.asIntN(64, value) !== value) {
    throw new InvalidArgumentError('Expected a 64-bit number, decimal or 0x hexadecimal.');
  }
  return value;
}
