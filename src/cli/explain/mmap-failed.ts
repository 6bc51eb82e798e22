/** Why mmap refused a descriptor, with the buffer's numbers: the call itself only says that something is bad. */
import type { SyscallResult } from '../../kernel/syscall.ts';
import { formatSize } from '../../units.ts';
import { CallFailed } from '../failures.ts';

export function mmapFailed(
  what: string,
  { errno = 'EINVAL', why }: SyscallResult,
  asked: {
    readonly offset: bigint;
    readonly length: bigint;
    readonly size: bigint | undefined;
    readonly page: bigint;
  },
): CallFailed {
  const { offset, length, size, page } = asked;
  const failed = (note: string) => new CallFailed([{ what, errno, notes: [note] }]);
  const argument = why?.kind === 'bad-argument' ? why.argument : undefined;
  if (argument === 'len' && length === 0n) return failed('a mapping has at least one byte');
  if (argument !== 'offset' && size !== undefined && offset + length > size) {
    return failed(
      `bytes ${offset} to ${offset + length} asked; the buffer has ${size} (${formatSize(size)})`,
    );
  }
  if (argument === 'offset') return failed(`offset ${offset} is no multiple of a page (${page})`);
  if (argument === 'flags') return failed('a buffer of a CMA heap has no private mappings (MAP_PRIVATE)');
  return new CallFailed([{ what, errno, ...(why && { why }) }]);
}
