/**
 * What a descriptor answers: reading, seeking, polling and asking. Models fs/read_write.c, fs/select.c, fs/stat.c,
 * fs/fcntl.c and the file_operations of heaps and dma-bufs (Linux 7.3).
 */
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { DMA_HEAP_MAJOR, findDmaHeap } from '../../dma-buf/dma-heap.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { DRM_MAJOR } from '../../uapi/drm.ts';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  mayRead,
  mayWrite,
  O_APPEND,
  O_CLOEXEC,
  O_NOATIME,
  O_NONBLOCK,
  SEEK_END,
  SEEK_MAX,
  SEEK_SET,
} from '../../uapi/fcntl.ts';
import {
  decodePollfds,
  encodePollfds,
  POLLERR,
  POLLFD_SIZE,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from '../../uapi/poll.ts';
import { encodeStat, makedev, S_IFCHR, S_IFDIR, S_IFREG, type Stat } from '../../uapi/stat.ts';
import { drmNode } from '../drm-devices.ts';
import type { KernelState } from '../state.ts';
import { DescriptorTable } from '../task.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult, type UserPointer } from './results.ts';
import * as virtual from './virtual-calls.ts';

export interface Transfer {
  readonly buf: UserPointer;
}

export interface TransferAt extends Transfer {
  readonly offset: bigint;
}

/** read(2): ksys_read(). */
export function read(state: KernelState, opened: Opened, { buf }: Transfer): SyscallResult {
  return vfsRead(state, opened, buf);
}

/** pread64(2): ksys_pread64(). */
export function pread64(state: KernelState, opened: Opened, { buf, offset }: TransferAt): SyscallResult {
  return vfsRead(state, opened, buf, offset);
}

function vfsRead(state: KernelState, opened: Opened, buf: UserPointer, offset?: bigint): SyscallResult {
  const { file } = opened;
  if (file.kind === 'stream') throw new NotModelled('reading a standard stream');
  if (offset !== undefined) {
    if (offset < 0n) return badArgument('EINVAL', 'offset', offset);
    if (!canSeek(file)) return fail('ESPIPE');
  }
  if (!mayRead(file.flags)) return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  if (file.kind === 'drm') throw new NotModelled('reading events of a DRM device');
  if (file.kind !== 'virtual') return fail('EINVAL');
  return virtual.read(state, opened, file, buf, offset);
}

/** write(2): ksys_write(). */
export function write(state: KernelState, opened: Opened, { buf }: Transfer): SyscallResult {
  return vfsWrite(state, opened, buf);
}

/** pwrite64(2): ksys_pwrite64(). */
export function pwrite64(state: KernelState, opened: Opened, { buf, offset }: TransferAt): SyscallResult {
  return vfsWrite(state, opened, buf, offset);
}

function vfsWrite(state: KernelState, opened: Opened, buf: UserPointer, offset?: bigint): SyscallResult {
  const { file } = opened;
  if (file.kind === 'stream') throw new NotModelled('writing to a standard stream');
  if (offset !== undefined) {
    if (offset < 0n) return badArgument('EINVAL', 'offset', offset);
    if (!canSeek(file)) return fail('ESPIPE');
  }
  if (!mayWrite(file.flags)) return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  if (file.kind !== 'virtual') return fail('EINVAL');
  return virtual.write(state, opened, file, buf, offset);
}

/** FMODE_PREAD: heaps are opened without it (nonseekable_open()), and a dma-buf never had it. */
const canSeek = (file: OpenFile): boolean => file.kind === 'virtual';

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
  if (whence !== SEEK_SET && whence !== SEEK_END) return badArgument('EINVAL', 'whence', whence);
  if (offset !== 0n) return badArgument('EINVAL', 'offset', offset);
  return ok(whence === SEEK_END ? Number(file.size) : 0);
}

export interface Ftruncate {
  readonly length: bigint;
}

/** do_sys_ftruncate(): only regular files that are open for writing. */
export function ftruncate(_state: KernelState, opened: Opened, { length }: Ftruncate): SyscallResult {
  if (length < 0n) return badArgument('EINVAL', 'len', length);
  if (opened.file.kind === 'stream') throw new NotModelled('truncating a standard stream');
  return fail('EINVAL');
}

const DEFAULT_POLLMASK = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

/** What a file is ready for: its poll(), or DEFAULT_POLLMASK where it has none. */
function readyFor(file: OpenFile, requested: number): number {
  switch (file.kind) {
    case 'dma_buf':
      // dma_buf_poll(): no fence is ever pending.
      return requested & (POLLIN | POLLOUT);
    case 'sync_file':
      // Its fence has signalled: sync_file_poll().
      return requested & POLLIN;
    case 'drm':
      // drm_poll(): no event is ever pending.
      return 0;
    case 'dma_heap':
    case 'virtual':
      return requested & DEFAULT_POLLMASK;
    case 'stream':
      throw new NotModelled('polling a standard stream');
  }
}

export interface Poll {
  /** Holds struct pollfds. */
  readonly fds: UserPointer;
  readonly timeout: number;
}

/** do_sys_poll(). Nothing here becomes ready later, so that the timeout only lets time pass for nobody. */
export function poll(state: KernelState, task: string, { fds }: Poll): SyscallResult {
  if (fds === null || fds.length % POLLFD_SIZE !== 0) return fail('EFAULT');
  const table = new DescriptorTable(state.records, task);
  const entries = decodePollfds(fds);
  if (entries.length > table.nofile) return badArgument('EINVAL', 'len', entries.length);
  const answered = entries.map((entry) => {
    if (entry.fd < 0) return { ...entry, revents: 0 };
    const descriptor = table.get(entry.fd);
    const file = descriptor && state.files.get(descriptor.file);
    const revents = file === undefined ? POLLNVAL : readyFor(file, entry.events | POLLERR | POLLHUP);
    return { ...entry, revents };
  });
  fds.set(encodePollfds(answered));
  return ok(answered.filter(({ revents }) => revents !== 0).length);
}

const PLAIN: Omit<Stat, 'st_blksize'> = {
  st_dev: 0n,
  st_ino: 0n,
  st_mode: 0,
  st_nlink: 1,
  st_uid: 0,
  st_gid: 0,
  st_rdev: 0n,
  st_size: 0n,
  st_blocks: 0n,
};

export interface Fstat {
  /** Gets a struct stat: 128 bytes. */
  readonly buf: UserPointer;
}

/** vfs_fstat(). st_dev and the times are not modelled: 0. */
export function fstat(state: KernelState, opened: Opened, { buf }: Fstat): SyscallResult {
  const { arch, geometry } = profileIn(state.records);
  const stat = { ...statOf(state, opened), st_blksize: geometry.pageSize };
  if (buf === null || buf.length < arch.stat.size) return fail('EFAULT');
  buf.set(encodeStat(stat, arch.stat));
  return ok(0);
}

function statOf(state: KernelState, { file, task }: Opened): typeof PLAIN {
  switch (file.kind) {
    case 'dma_buf':
      // An anonymous inode: a mode without a type, and blocks as inode_set_bytes() counts them.
      return {
        ...PLAIN,
        st_ino: BigInt(file.ino),
        st_mode: 0o600,
        st_size: file.size,
        st_blocks: file.size / 512n,
      };
    case 'dma_heap': {
      const heap = findDmaHeap(state.records, file.heap);
      if (heap === undefined) throw new Error(`heap ${file.heap} has gone`);
      return {
        ...PLAIN,
        st_mode: S_IFCHR | heap.mode,
        st_gid: heap.gid,
        st_rdev: makedev(DMA_HEAP_MAJOR, heap.minor),
      };
    }
    case 'drm': {
      const { mode, minor } = drmNode(state.records, file.node) ?? { mode: 0, minor: 0 };
      return { ...PLAIN, st_mode: S_IFCHR | mode, st_rdev: makedev(DRM_MAJOR, minor) };
    }
    case 'sync_file':
      return { ...PLAIN, st_mode: 0o600 };
    case 'virtual': {
      const node = virtual.nodeOf(state, task, file);
      const { mode = 0, uid = 0, gid = 0, size = 0 } = node ?? {};
      const type = file.directory ? S_IFDIR : S_IFREG;
      return { ...PLAIN, st_mode: type | mode, st_uid: uid, st_gid: gid, st_size: BigInt(size) };
    }
    case 'stream':
      throw new NotModelled('fstat of a standard stream');
  }
}

/** SETFL_MASK, less O_DIRECT, which none of these files can have. */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_NOATIME;

export interface Fcntl {
  readonly cmd: number;
  readonly arg: number;
  /** The number that the caller's own table gave for a new descriptor; -1: none was left. */
  readonly at?: number;
}

/** do_fcntl(), setfl(). A changed `file` is stored. */
export function fcntl(state: KernelState, opened: Opened, { cmd, arg, at }: Fcntl): SyscallResult {
  const { table, fd, descriptor, file } = opened;
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
