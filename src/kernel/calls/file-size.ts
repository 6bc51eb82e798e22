/**
 * What asks for a file's size, its room or its writing back, which these files have none of. Models fs/open.c, fs/sync.c,
 * mm/fadvise.c and mm/readahead.c (Linux 7.3).
 */
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { mayRead, mayWrite } from '../../uapi/fcntl.ts';
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

function refuseStream(file: OpenFile, what: string): void {
  if (file.kind === 'stream') throw new NotModelled(`${what} of a standard stream`);
}

export interface Ftruncate {
  readonly length: bigint;
}

/** ftruncate(2): only regular files that are open for writing. */
export function ftruncate(_state: KernelState, { file }: Opened, { length }: Ftruncate): SyscallResult {
  if (length < 0n) return badArgument('EINVAL', 'len', length);
  refuseStream(file, 'the size');
  return fail('EINVAL');
}

/** FALLOC_FL_ of include/uapi/linux/falloc.h, all that there are up to 6.x. */
const FALLOC_KNOWN = 0x7f;
const FALLOC_KEEP_SIZE = 1;
const FALLOC_PUNCH_HOLE = 2;

export interface Fallocate {
  readonly mode: number;
  readonly offset: bigint;
  readonly length: bigint;
}

/** fallocate(2): vfs_fallocate(). */
export function fallocate(_state: KernelState, { file }: Opened, call: Fallocate): SyscallResult {
  const { mode, offset, length } = call;
  if (offset < 0n) return badArgument('EINVAL', 'offset', offset);
  if (length <= 0n) return badArgument('EINVAL', 'len', length);
  const punches = (mode & FALLOC_PUNCH_HOLE) !== 0;
  if ((mode & ~FALLOC_KNOWN) !== 0 || (punches && (mode & FALLOC_KEEP_SIZE) === 0)) return fail('EOPNOTSUPP');
  refuseStream(file, 'the room');
  if (!mayWrite(file.flags)) return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  return fail(file.kind === 'virtual' ? 'EOPNOTSUPP' : 'ENODEV');
}

/** fsync(2), fdatasync(2): vfs_fsync_range(). A file of sysfs has nothing to write back, which is no error. */
export function fsync(_state: KernelState, { file }: Opened): SyscallResult {
  refuseStream(file, 'the writing back');
  if (file.kind !== 'virtual') return fail('EINVAL');
  if (file.directory) throw new NotModelled('fsync of a directory');
  return /^\/sys\/(?!kernel\/debug\/)/.test(file.path) ? ok(0) : fail('EINVAL');
}

/** SYNC_FILE_RANGE_WAIT_BEFORE, WRITE and WAIT_AFTER. */
const SYNC_FLAGS = 7;

export interface SyncFileRange {
  readonly offset: bigint;
  readonly length: bigint;
  readonly flags: number;
}

/** sync_file_range(2). */
export function syncFileRange(_state: KernelState, { file }: Opened, call: SyncFileRange): SyscallResult {
  const { offset, length, flags } = call;
  if ((flags & ~SYNC_FLAGS) !== 0) return badArgument('EINVAL', 'flags', flags >>> 0);
  if (offset < 0n) return badArgument('EINVAL', 'offset', offset);
  if (length < 0n) return badArgument('EINVAL', 'len', length);
  refuseStream(file, 'the writing back');
  return file.kind === 'virtual' ? ok(0) : fail('ESPIPE');
}

/** syncfs(2): there is nothing on any of these file systems to be written. */
export const syncfs = (): SyscallResult => ok(0);

/** POSIX_FADV_NORMAL to POSIX_FADV_NOREUSE. */
const LAST_ADVICE = 5;

export interface Fadvise64 {
  readonly offset: bigint;
  readonly length: bigint;
  readonly advice: number;
}

/** fadvise64(2): generic_fadvise(). Where nothing is written back, any advice that there is does nothing. */
export function fadvise64(_state: KernelState, { file }: Opened, call: Fadvise64): SyscallResult {
  refuseStream(file, 'advice');
  if (call.length < 0n) return badArgument('EINVAL', 'len', call.length);
  const known = call.advice >= 0 && call.advice <= LAST_ADVICE;
  return known ? ok(0) : badArgument('EINVAL', 'advice', call.advice >>> 0);
}

/** readahead(2): ksys_readahead() is for regular files that can be read so. */
export function readahead(_state: KernelState, { file }: Opened): SyscallResult {
  refuseStream(file, 'reading ahead');
  if (!mayRead(file.flags)) return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  return fail('EINVAL');
}
