/** The dma-buf behind a descriptor, or why there is none: dma_buf_get(). */
import { fail } from '../kernel/calls/results.ts';
import type { BufferView } from '../kernel/views/views.ts';
import type { Caller } from './caller.ts';
import type { Outcome } from './outcome.ts';

/** EBADF of a descriptor that is closed, EINVAL of one that is open and no dma-buf. */
export function findBuffer(
  { kernel, task }: Caller,
  fd: number,
): { readonly buffer: BufferView } | (Outcome & { readonly buffer?: never }) {
  const buffer = kernel.buffer(task, fd);
  if (buffer !== undefined) return { buffer };
  return kernel.hasDescriptor(task, fd)
    ? fail('EINVAL', { kind: 'not-a-dma-buf', fd })
    : fail('EBADF', { kind: 'bad-descriptor', fd });
}
