/**
 * Words of system calls as strace prints them: flags of open(2), fcntl commands, whence, poll events, ioctl
 * requests. Each has one reader, for arguments, scenarios and libraries alike.
 */
import { U64_MASK } from '../units.ts';
import * as dmaBuf from './dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from './dma-heap.ts';
import * as drm from './drm.ts';
import * as fcntl from './fcntl.ts';
import * as fs from './fs.ts';
import * as poll from './poll.ts';

export type Names = Readonly<Record<string, number>>;

export const FCNTL_COMMANDS: Names = {
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

export const WHENCES: Names = {
  SEEK_SET: fcntl.SEEK_SET,
  SEEK_CUR: fcntl.SEEK_CUR,
  SEEK_END: fcntl.SEEK_END,
  SEEK_DATA: fcntl.SEEK_DATA,
  SEEK_HOLE: fcntl.SEEK_HOLE,
};

export const POLL_EVENTS: Names = {
  POLLIN: poll.POLLIN,
  POLLPRI: poll.POLLPRI,
  POLLOUT: poll.POLLOUT,
  POLLERR: poll.POLLERR,
  POLLHUP: poll.POLLHUP,
  POLLNVAL: poll.POLLNVAL,
  POLLRDNORM: poll.POLLRDNORM,
  POLLWRNORM: poll.POLLWRNORM,
};

export const IOCTL_REQUESTS: Names = {
  DMA_HEAP_IOCTL_ALLOC,
  DMA_BUF_IOCTL_SYNC: dmaBuf.DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME: dmaBuf.DMA_BUF_SET_NAME_B,
  DMA_BUF_SET_NAME_A: dmaBuf.DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B: dmaBuf.DMA_BUF_SET_NAME_B,
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE: dmaBuf.DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE: dmaBuf.DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  DRM_IOCTL_GEM_CLOSE: drm.DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD: drm.DRM_IOCTL_PRIME_HANDLE_TO_FD,
  DRM_IOCTL_PRIME_FD_TO_HANDLE: drm.DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_VERSION: drm.DRM_IOCTL_VERSION,
  DRM_IOCTL_MODE_CREATE_DUMB: drm.DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_VGEM_FENCE_ATTACH: drm.DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL: drm.DRM_IOCTL_VGEM_FENCE_SIGNAL,
  FIOCLEX: fs.FIOCLEX,
  FIONCLEX: fs.FIONCLEX,
  FIONBIO: fs.FIONBIO,
  FIOASYNC: fs.FIOASYNC,
  FIOQSIZE: fs.FIOQSIZE,
  FIGETBSZ: fs.FIGETBSZ,
};

/** The flags of open(2) by the numbers that an architecture gives them. */
const openFlags = (arch: fcntl.ArchOpenFlags | undefined): Names => ({
  O_RDONLY: fcntl.O_RDONLY,
  O_WRONLY: fcntl.O_WRONLY,
  O_RDWR: fcntl.O_RDWR,
  O_CREAT: fcntl.O_CREAT,
  O_EXCL: fcntl.O_EXCL,
  O_NOCTTY: fcntl.O_NOCTTY,
  O_TRUNC: fcntl.O_TRUNC,
  O_APPEND: fcntl.O_APPEND,
  O_NONBLOCK: fcntl.O_NONBLOCK,
  FASYNC: fcntl.FASYNC,
  ...(arch && {
    O_DIRECTORY: arch.O_DIRECTORY,
    O_NOFOLLOW: arch.O_NOFOLLOW,
    O_DIRECT: arch.O_DIRECT,
    O_LARGEFILE: arch.O_LARGEFILE,
  }),
  O_NOATIME: fcntl.O_NOATIME,
  O_CLOEXEC: fcntl.O_CLOEXEC,
});

const ACCESS = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const;

/** A number of 64 bits as C writes it: decimal, 0x or a leading 0 for octal, as flags are in <fcntl.h>. */
export function parseU64(text: string): bigint | undefined {
  if (!/^(0x[0-9a-f]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})$/i.test(text)) return undefined;
  const value = BigInt(text.replace(/^0(?=[0-7])/, '0o'));
  return value <= U64_MASK ? value : undefined;
}

/** The same of 32 bits. */
export function parseNumber(text: string): number | undefined {
  const value = parseU64(text);
  return value !== undefined && value <= 0xffffffffn ? Number(value) : undefined;
}

/** Flags of open(2): names joined by | or a number; `undefined` when it is neither. */
export function parseFlags(text: string, arch: fcntl.ArchOpenFlags): number | undefined {
  const number = parseNumber(text);
  if (number !== undefined) return number;
  const known = openFlags(arch);
  let flags = 0;
  for (const word of text.split(/[|,]/).map((part) => part.trim().toUpperCase())) {
    const value = Object.hasOwn(known, word) ? known[word] : undefined;
    if (value === undefined) return undefined;
    flags |= value;
  }
  return flags >>> 0;
}

/** The number of a word of such a table, in any case, or a number that need not be one of them. */
export function parseWord(names: Names, text: string): number | undefined {
  const word = text.toUpperCase();
  return Object.hasOwn(names, word) ? names[word] : parseNumber(text);
}

/** The name of a number in a table of words; one that has several: the first. */
export const wordOf = (names: Names, value: number): string | undefined =>
  Object.keys(names).find((name) => names[name] === value);

/** Events joined by |, or a number of 16 bits. */
export function parseEvents(text: string): number | undefined {
  const number = parseNumber(text);
  if (number !== undefined && number <= 0xffff) return number;
  let events = 0;
  for (const word of text.toUpperCase().split(/[|,]/)) {
    const bit = Object.hasOwn(POLL_EVENTS, word) ? POLL_EVENTS[word] : undefined;
    if (bit === undefined) return undefined;
    events |= bit;
  }
  return events;
}

/** The third argument of fcntl(2): a number, FD_CLOEXEC, or flags of open(2). */
export const parseFcntlArgument = (text: string, arch: fcntl.ArchOpenFlags): number | undefined =>
  text.toUpperCase() === 'FD_CLOEXEC' ? fcntl.FD_CLOEXEC : parseFlags(text, arch);

/** The names of what is set; unknown bits in hexadecimal. @param arch absent: those that architectures differ in are unknown */
export function flagNames(flags: number, arch?: fcntl.ArchOpenFlags): string[] {
  const names: string[] = [ACCESS[flags & fcntl.O_ACCMODE] ?? ''];
  let rest = (flags & ~fcntl.O_ACCMODE) >>> 0;
  for (const [name, bit] of Object.entries(openFlags(arch))) {
    if (bit <= fcntl.O_ACCMODE || (rest & bit) === 0) continue;
    names.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names;
}
