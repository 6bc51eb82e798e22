/** What a call works on and answers: that it worked, or why not. */
import type { Failure } from '../../dma-buf/failure.ts';
import { type Errno, errnoNumber } from '../../uapi/errno.ts';

/** A pointer argument: the caller's bytes, changed in place, or `null` for an unmapped address. */
export type UserPointer = Uint8Array | null;

export interface SyscallResult {
  /** The return value (a descriptor, a mapping's number, bytes, 0), or the negative errno. */
  readonly ret: number;
  /** Set exactly when `ret` is negative. */
  readonly errno?: Errno;
  /** Why it failed, in numbers. */
  readonly why?: Failure;
}

export const ok = (ret: number): SyscallResult => ({ ret });

export const fail = (errno: Errno, why?: Failure): SyscallResult => ({
  ret: -errnoNumber(errno),
  errno,
  ...(why && { why }),
});

/** An argument that the kernel refuses. */
export const badArgument = (
  errno: Errno,
  argument: Extract<Failure, { kind: 'bad-argument' }>['argument'],
  value: bigint | number,
  seeks?: Extract<Failure, { kind: 'bad-argument' }>['seeks'],
): SyscallResult =>
  fail(errno, { kind: 'bad-argument', argument, value: BigInt(value), ...(seeks && { seeks }) });
