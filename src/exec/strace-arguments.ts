/** Arguments of calls as strace prints them, by what they are: descriptors, flags, paths, what was stored. */
import type { Kernel } from '../kernel/kernel.ts';
import type { SyscallResult } from '../kernel/syscall.ts';
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import { formatFlags } from '../profile/open-flag-words.ts';
import { POLL_EVENTS } from '../uapi/call-names.ts';
import * as fcntl from '../uapi/fcntl.ts';
import { decodePollfds } from '../uapi/poll.ts';
import { decodeStat, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../uapi/stat.ts';
import { bits, data, hex, named, path, REST } from './strace-words.ts';

/** Who calls, as far as a line needs it. */
export interface Caller {
  readonly kernel: Kernel;
  readonly task: string;
  readonly pid: number;
}

/** A word, or what makes one when the call has been made: it tells what the kernel has stored. */
export type Argument = string | ((result: SyscallResult) => string);

export const AT_FDCWD = 'AT_FDCWD';
const {
  PROT_READ,
  PROT_WRITE,
  PROT_EXEC,
  PROT_SEM,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  MAP_SHARED,
  MAP_PRIVATE,
  MAP_SHARED_VALIDATE,
  AT_SYMLINK_NOFOLLOW,
  AT_NO_AUTOMOUNT,
  AT_EMPTY_PATH,
} = fcntl;
export const AT_FLAGS = { AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH };
const MAP_FLAGS = {
  MAP_FIXED: fcntl.MAP_FIXED,
  MAP_ANONYMOUS: fcntl.MAP_ANONYMOUS,
  MAP_GROWSDOWN: fcntl.MAP_GROWSDOWN,
  MAP_DENYWRITE: 0x800,
  MAP_EXECUTABLE: 0x1000,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_POPULATE: 0x8000,
  MAP_NONBLOCK: 0x10000,
  MAP_STACK: 0x20000,
  MAP_HUGETLB: fcntl.MAP_HUGETLB,
  MAP_SYNC: 0x80000,
  MAP_FIXED_NOREPLACE: fcntl.MAP_FIXED_NOREPLACE,
};
const FILE_TYPES = { S_IFCHR, S_IFDIR, S_IFREG, S_IFLNK };

export const protection = (prot: number): string =>
  prot === 0
    ? 'PROT_NONE'
    : bits({ PROT_READ, PROT_WRITE, PROT_EXEC, PROT_SEM, PROT_GROWSDOWN, PROT_GROWSUP }, prot);

export function mapFlags(flags: number): string {
  const type = named({ MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE }, flags & fcntl.MAP_TYPE);
  const rest = flags & ~fcntl.MAP_TYPE;
  return rest === 0 ? type : `${type}|${bits(MAP_FLAGS, rest)}`;
}

export const octal = (mode: number): string =>
  mode === 0 ? '000' : `0${(mode & 0o7777).toString(8).padStart(3, '0')}`;

/** A descriptor with what it is of. */
export function descriptor({ kernel, task }: Caller, fd: number): string {
  const open = kernel.descriptor(task, fd)?.open;
  return open === undefined ? `${fd}` : `${fd}<${linkTarget(open)}>`;
}

export const openFlags = ({ kernel }: Caller, flags: number): string =>
  formatFlags(flags, kernel.profile.arch.openFlags);

/** A struct stat as it was stored. */
export const stored =
  ({ kernel }: Caller, buf: Uint8Array | null): Argument =>
  ({ ret }) => {
    if (ret < 0 || buf === null) return REST;
    const { st_mode, st_rdev, st_size } = decodeStat(buf, kernel.profile.arch.stat);
    const type = st_mode & S_IFMT;
    const mode = `${type === 0 ? '' : `${named(FILE_TYPES, type)}|`}${octal(st_mode)}`;
    const rdev = Number(st_rdev);
    const what =
      type === S_IFCHR
        ? `st_rdev=makedev(${hex((rdev >>> 8) & 0xfff)}, ${hex((rdev & 0xff) | ((rdev >>> 12) & 0xfff00))})`
        : `st_size=${st_size}`;
    return `{st_mode=${mode}, ${what}, ...}`;
  };

/** Bytes that were read. */
export const read =
  (buf: Uint8Array | null): Argument =>
  ({ ret }) =>
    ret > 0 && buf !== null ? data(buf.subarray(0, ret)) : REST;

export const reading = (call: { fd: number; buf: Uint8Array | null }, caller: Caller): Argument[] => [
  descriptor(caller, call.fd),
  read(call.buf),
  call.buf === null || call.buf.length === 0 ? REST : `${call.buf.length}`,
];
export const writing = (call: { fd: number; buf: Uint8Array | null }, caller: Caller): Argument[] => [
  descriptor(caller, call.fd),
  call.buf === null ? REST : data(call.buf),
  call.buf === null ? REST : `${call.buf.length}`,
];
export const at =
  (
    words: typeof reading,
  ): ((call: Parameters<typeof reading>[0] & { offset: bigint }, caller: Caller) => Argument[]) =>
  (call, caller) => [...words(call, caller), `${call.offset}`];
export const flagged =
  (
    words: typeof reading,
  ): ((
    call: Parameters<typeof reading>[0] & { offset: bigint; flags: number },
    caller: Caller,
  ) => Argument[]) =>
  (call, caller) => [...words(call, caller), `${call.offset}`, hex(call.flags)];

export const alone = ({ fd }: { fd: number }, caller: Caller): Argument[] => [descriptor(caller, fd)];
export const onPath = (call: { path: string }): Argument[] => [AT_FDCWD, path(call.path)];
export const twoPaths = (call: { path: string; to: string }): Argument[] => [
  AT_FDCWD,
  path(call.path),
  AT_FDCWD,
  path(call.to),
];
export const moving = (
  { fd, side, offset, len }: { fd: number; side: 'in' | 'out'; offset?: bigint; len: bigint },
  caller: Caller,
): Argument[] => {
  const own = [descriptor(caller, fd), offset === undefined ? 'NULL' : `[${offset}]`];
  return [...(side === 'in' ? [...own, REST] : [REST, ...own]), `${len}`];
};

export function addressOf({ kernel, task }: Caller, mapping: number, offset = 0n): string {
  return hex((kernel.mappingAddress(task, mapping) ?? 0n) + offset);
}

export const polled = ({ fds }: { fds: Uint8Array | null }, caller: Caller): readonly Argument[] => {
  const entries = fds === null ? [] : decodePollfds(fds);
  const shown = entries.map(
    ({ fd, events }) => `{fd=${descriptor(caller, fd)}, events=${bits(POLL_EVENTS, events)}}`,
  );
  return [`[${shown.join(', ')}]`, `${entries.length}`, REST];
};
