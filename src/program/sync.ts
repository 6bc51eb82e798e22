/** DMA_BUF_IOCTL_SYNC, and for whom it does something. `uapi/dma-buf.ts` reads its flags in words. */
import type { SyscallResult } from '../kernel/syscall.ts';
import { DMA_BUF_IOCTL_SYNC, encodeDmaBufSync } from '../uapi/dma-buf.ts';
import type { Caller } from './caller.ts';

/** @param flags as they are: wrong ones are the kernel's to refuse */
export function sync({ kernel, task }: Caller, fd: number, flags: bigint | number): SyscallResult {
  const arg = encodeDmaBufSync(flags);
  return kernel.syscall(task, { call: 'ioctl', fd, request: DMA_BUF_IOCTL_SYNC, arg });
}

/** The devices that have the buffer mapped: without one the call maintains nothing. */
export function syncedDevices({ kernel, task }: Caller, fd: number): readonly string[] {
  const attachments = kernel.buffer(task, fd)?.attachments ?? [];
  const mapped = attachments.filter(({ direction }) => direction !== undefined);
  return [...new Set(mapped.map(({ device }) => device))];
}
