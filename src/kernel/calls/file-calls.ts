/**
 * What a descriptor is, and where it stands. Models fs/fcntl.c and fs/read_write.c: ksys_lseek() (Linux 7.3).
 */
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_APPEND,
  O_CLOEXEC,
  O_NOATIME,
  O_NONBLOCK,
  SEEK_END,
  SEEK_MAX,
  SEEK_SET,
} from '../../uapi/fcntl.ts';
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';
import * as virtual from './virtual-calls.ts';

export interface Lseek {
  readonly offset: bigint;
  readonly whence: number;
}

/** ksys_lseek(), dma_buf_llseek(). */
export function lseek(state: KernelState, opened: Opened, call: Lseek): SyscallResult {
  const { file } = opened;
  const { offset, whence } = call;
  if (whence < 0 || whence > SEEK_MAX) return badArgument('EINVAL', 'whence', whence);
  if (file.kind === 'stream') throw new NotModelled('seeking on a standard stream');
  if (file.kind === 'virtual') return virtual.lseek(state, opened, file, call);
  // noop_llseek()
  if (file.kind === 'drm') return ok(0);
  if (file.kind !== 'dma_buf') return fail('ESPIPE');
  if (whence !== SEEK_SET && whence !== SEEK_END) return badArgument('EINVAL', 'whence', whence, 'dma-buf');
  if (offset !== 0n) return badArgument('EINVAL', 'offset', offset, 'dma-buf');
  return ok(whence === SEEK_END ? Number(file.size) : 0);
}

/** SETFL_MASK, less O_DIRECT, which none of these files can have. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_NOATIME;

export interface Fcntl {
  readonly cmd: number;
  readonly arg: number;
  /** The number that the caller's own table gave for a new descriptor; -1: none was left. */
  readonly at?: number;
}

/** What can be asked of what O_PATH opened. */
const OF_PATHS: ReadonlySet<number> = new Set([F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL]);

/** do_fcntl(), setfl(). A changed `file` is stored. */
export function fcntl(state: KernelState, opened: Opened, { cmd, arg, at }: Fcntl): SyscallResult {
  const { table, fd, descriptor, file } = opened;
  // check_fcntl_cmd()
  if (file.kind === 'path' && !OF_PATHS.has(cmd))
    return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      if (arg < 0 || arg >= table.nofile) return badArgument('EINVAL', 'dup-from', arg);
      return dupFrom(state, opened, cmd === F_DUPFD_CLOEXEC ? O_CLOEXEC : 0, at, arg);
    }
    case F_GETFD:
      return ok(descriptor.cloexec ? FD_CLOEXEC : 0);
    case F_SETFD:
      table.setCloexec(fd, (arg & FD_CLOEXEC) !== 0);
      return ok(0);
    case F_GETFL:
      return ok(file.flags);
    case F_SETFL:
      // None of these files can do direct I/O: FMODE_CAN_ODIRECT.
      if ((arg & profileIn(state.records).arch.openFlags.O_DIRECT) !== 0)
        return badArgument('EINVAL', 'flags', arg);
      file.flags = (arg & SETFL_MASK) | (file.flags & ~SETFL_MASK);
      state.files.put(descriptor.file, file);
      return ok(0);
    default:
      return otherFcntl(cmd);
  }
}

/** Commands about pipes, seals, leases and owners, which no file here has. */
function otherFcntl(cmd: number): SyscallResult {
  const answers: Readonly<Record<number, () => SyscallResult>> = {
    9: () => ok(0), // F_GETOWN
    11: () => ok(0), // F_GETSIG
    1025: () => ok(2), // F_GETLEASE: F_UNLCK
    1031: () => fail('EBADF'), // F_SETPIPE_SZ
    1032: () => fail('EBADF'), // F_GETPIPE_SZ
    1033: () => fail('EINVAL'), // F_ADD_SEALS
    1034: () => fail('EINVAL'), // F_GET_SEALS
  };
  const known = answers[cmd];
  if (known !== undefined) return known();
  const isKnown = (cmd >= 5 && cmd <= 17) || (cmd >= 36 && cmd <= 38) || (cmd >= 1024 && cmd <= 1040);
  if (isKnown) throw new NotModelled(`fcntl command ${cmd}`);
  return badArgument('EINVAL', 'cmd', cmd);
}

export interface Dup {
  /** The number that the caller's own table gave, or that dup2(2) asked for, where what is open is closed; -1: none was left. */
  readonly at?: number;
  /** As dup3(2) with O_CLOEXEC. */
  readonly cloexec?: boolean;
}

/** dup(2), dup2(2) and dup3(2). `ret` is the lowest free descriptor unless one is given. */
export const dup = (state: KernelState, opened: Opened, { at, cloexec = false }: Dup): SyscallResult =>
  dupFrom(state, opened, cloexec ? O_CLOEXEC : 0, at);

/** A second descriptor, given or the lowest from `from` on: f_dupfd(), do_dup2(). */
function dupFrom(
  state: KernelState,
  opened: Opened,
  flags: number,
  at: number | undefined,
  from = 0,
): SyscallResult {
  const { table, descriptor } = opened;
  if (at === opened.fd) return ok(at);
  const fd = state.install(table, descriptor.file, flags, at, from);
  if (typeof fd !== 'number') return fail('EMFILE', { kind: 'descriptor-limit', limit: fd.limit });
  state.files.ref(descriptor.file);
  return ok(fd);
}
