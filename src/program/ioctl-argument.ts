/** The third argument of ioctl(2) as memory of the caller: what goes in, and what a request of any size gave back. */
import type { SyscallResult } from '../kernel/syscall.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../uapi/dma-heap.ts';
import { IOC_READ, iocDir, iocNr, iocSize, iocType } from '../uapi/ioctl.ts';
import type { Caller } from './caller.ts';
import { parseHexBytes } from './hex-bytes.ts';

/** What a request without a size gets: an int or a pointer fits. */
const PLAIN_SIZE = 8;

/** No request asks for more: the size field has 14 bits. */
const MAX_BYTES = 1 << 14;

export const EXPECTED_ARGUMENT = `pairs of hexadecimal digits, as they lie in memory, at most ${MAX_BYTES} bytes`;

/** The bytes that somebody gives a request, in hexadecimal. */
export function parseIoctlBytes(text: string): Uint8Array | undefined {
  const bytes = parseHexBytes(text);
  return bytes !== undefined && bytes.length <= MAX_BYTES ? bytes : undefined;
}

/** The bytes, then zeros as far as the request reaches. */
export function ioctlArgument(request: number, bytes: Uint8Array): Uint8Array {
  const arg = new Uint8Array(Math.max(bytes.length, iocSize(request) || PLAIN_SIZE));
  arg.set(bytes);
  return arg;
}

/** ioctl(2). @param arg what the request may write to as well; `null` is a pointer to nothing */
export function ioctl(
  { kernel, task }: Caller,
  call: { readonly fd: number; readonly request: number; readonly arg: Uint8Array | null },
): SyscallResult {
  const result = kernel.syscall(task, { call: 'ioctl', ...call });
  const { why } = result;
  return why?.kind === 'bad-pointer' ? { ...result, why: { ...why, given: call.arg?.length ?? 0 } } : result;
}

/** Whether a request is DMA_HEAP_IOCTL_ALLOC, whatever size its struct has: dma_heap_ioctl() takes any. */
export const isAllocRequest = (request: number): boolean =>
  iocType(request) === iocType(DMA_HEAP_IOCTL_ALLOC) && iocNr(request) === iocNr(DMA_HEAP_IOCTL_ALLOC);

/** The descriptor that such a request gave; `undefined` when it gives none back. */
export function allocatedFd(request: number, arg: Uint8Array | null): number | undefined {
  if (arg === null || arg.length < 12 || !isAllocRequest(request)) return undefined;
  if ((iocDir(request) & IOC_READ) === 0) return undefined;
  return new DataView(arg.buffer, arg.byteOffset).getUint32(8, true);
}
