/** mmap(2) of a buffer, of as much as there is. */
import type { SyscallResult } from '../kernel/syscall.ts';
import { MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } from '../uapi/fcntl.ts';
import type { Caller } from './caller.ts';

export interface MapRequest {
  readonly fd: number;
  /** 0 unless given. */
  readonly offset?: bigint;
  /** To the end of the buffer unless given. */
  readonly length?: bigint;
  /** PROT_READ|PROT_WRITE unless given. */
  readonly prot?: number;
  /** MAP_PRIVATE. */
  readonly private?: boolean;
}

/**
 * Maps it. Where there is no buffer, or none of it left, a page is asked for: so the kernel says what is wrong
 * with the descriptor or the offset, and not that nothing is to be mapped.
 *
 * @returns the mapping's number as `ret`
 */
export function mapBuffer(
  { kernel, task }: Caller,
  { fd, offset = 0n, length, prot = PROT_READ | PROT_WRITE, private: isPrivate = false }: MapRequest,
): SyscallResult {
  const size = kernel.buffer(task, fd)?.size ?? 0n;
  const left = offset < 0n ? size : size - offset;
  const asked = length ?? (left > 0n ? left : kernel.profile.geometry.page);
  const flags = isPrivate ? MAP_PRIVATE : MAP_SHARED;
  return kernel.syscall(task, { call: 'mmap', fd, length: asked, prot, flags, offset });
}
