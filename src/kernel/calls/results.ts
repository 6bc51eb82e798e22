/** How calls say that they worked, or why not. */
import type { Failure } from '../../dma-buf/failure.ts';
import { type Errno, errnoNumber } from '../../uapi/errno.ts';
import type { SyscallResult } from '../syscall.ts';

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
): SyscallResult => fail(errno, { kind: 'bad-argument', argument, value: BigInt(value) });
