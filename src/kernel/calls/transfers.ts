/** Bytes through a descriptor: the reading and writing families. Models fs/read_write.c (Linux 7.3). */
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { mayRead, mayWrite } from '../../uapi/fcntl.ts';
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, type SyscallResult, type UserPointer } from './results.ts';
import * as virtual from './virtual-calls.ts';

/** The caller's memory; of readv(2) and its like the parts, one behind the other. */
export interface Transfer {
  readonly buf: UserPointer;
}

export interface TransferAt extends Transfer {
  readonly offset: bigint;
}

export interface TransferWithFlags extends TransferAt {
  /** RWF_NOWAIT and its like. */
  readonly flags: number;
}

type Answer<A> = (state: KernelState, opened: Opened, call: A) => SyscallResult;

/** read(2) and readv(2): ksys_read(), do_readv(). */
export const read: Answer<Transfer> = (state, opened, { buf }) => vfsRead(state, opened, buf);

/** pread64(2) and preadv(2): ksys_pread64(), do_preadv(). */
export const pread64: Answer<TransferAt> = (state, opened, { buf, offset }) =>
  vfsRead(state, opened, buf, offset);

/** preadv2(2): offset -1 reads as readv(2) does. */
export const preadv2: Answer<TransferWithFlags> = (state, opened, call) =>
  vfsRead(state, opened, call.buf, placeOf(call), call.flags);

/** write(2) and writev(2): ksys_write(), do_writev(). */
export const write: Answer<Transfer> = (state, opened, { buf }) => vfsWrite(state, opened, buf);

/** pwrite64(2) and pwritev(2): ksys_pwrite64(), do_pwritev(). */
export const pwrite64: Answer<TransferAt> = (state, opened, { buf, offset }) =>
  vfsWrite(state, opened, buf, offset);

/** pwritev2(2): offset -1 writes as writev(2) does. */
export const pwritev2: Answer<TransferWithFlags> = (state, opened, call) =>
  vfsWrite(state, opened, call.buf, placeOf(call), call.flags);

/** What the calls with an offset refuse before they look at the descriptor. */
export const refuseNegative = (_state: KernelState, { offset }: TransferAt): SyscallResult | undefined =>
  offset < 0n ? badArgument('EINVAL', 'offset', offset) : undefined;

/** The same of those that take -1 for the file's position. */
export const refuseBelowPosition = (state: KernelState, call: TransferAt): SyscallResult | undefined =>
  placeOf(call) === undefined ? undefined : refuseNegative(state, call);

const placeOf = ({ offset }: TransferAt): bigint | undefined => (offset === -1n ? undefined : offset);

function vfsRead(
  state: KernelState,
  opened: Opened,
  buf: UserPointer,
  offset?: bigint,
  flags = 0,
): SyscallResult {
  const { file } = opened;
  if (file.kind === 'stream') throw new NotModelled('reading a standard stream');
  if (offset !== undefined && !hasOffsets(file)) return fail('ESPIPE');
  if (!mayRead(file.flags)) return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  if (file.kind === 'drm') throw new NotModelled('reading events of a DRM device');
  if (file.kind !== 'virtual') return fail('EINVAL');
  if (flags !== 0) throw new NotModelled('reading with flags');
  return virtual.read(state, opened, file, buf, offset);
}

function vfsWrite(
  state: KernelState,
  opened: Opened,
  buf: UserPointer,
  offset?: bigint,
  flags = 0,
): SyscallResult {
  const { file } = opened;
  if (file.kind === 'stream') throw new NotModelled('writing to a standard stream');
  if (offset !== undefined && !hasOffsets(file)) return fail('ESPIPE');
  if (!mayWrite(file.flags)) return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  if (file.kind !== 'virtual') return fail('EINVAL');
  if (flags !== 0) throw new NotModelled('writing with flags');
  return virtual.write(state, opened, file, buf, offset);
}

/** FMODE_PREAD, FMODE_PWRITE: heaps are opened without it (nonseekable_open()), and a dma-buf never had it. */
export const hasOffsets = (file: OpenFile): boolean => file.kind === 'virtual';
