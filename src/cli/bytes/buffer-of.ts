/** The buffer that a command is about. */
import type { BufferView } from '../../kernel/views/views.ts';
import type { Caller } from '../../program/caller.ts';
import { findBuffer } from '../../program/find-buffer.ts';
import { CallFailed } from '../failures.ts';

/** @param what `show:`, to which the descriptor is added. @throws CallFailed when it is no dma-buf's */
export function bufferOf(caller: Caller, fd: number, what: string): BufferView {
  const found = findBuffer(caller, fd);
  if (found.buffer !== undefined) return found.buffer;
  const { errno = 'EBADF', why } = found;
  throw new CallFailed([{ what: `${what} ${fd}`, errno, ...(why && { why }) }]);
}
