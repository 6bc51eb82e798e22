/** A process has a descriptor that it did not get by a call of ours: from a message, over exec, from who started it. */
import type { OpenFile } from '../dma-buf/dma-buf.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import { O_CLOEXEC, O_RDWR } from '../uapi/fcntl.ts';
import type { BroughtDescriptor } from './hello.ts';
import type { Process } from './peer.ts';
import type { Surroundings } from './question.ts';

/**
 * Gives the process's task the descriptor, if it can have it: of what it has already, of a message that nobody received, or of
 * anything that it shows to have on the host, because anybody could say so.
 */
export function acquire(
  kernel: Kernel,
  { task, pid }: Process,
  { fd, cloexec, path }: BroughtDescriptor,
  around: Surroundings,
): void {
  const file = around.buffers.fileAt(kernel, path);
  const emulated = around.mirror.emulatedPath(path);
  const isIt = (sent: number): boolean =>
    file !== undefined ? sent === file : isAt(kernel.openFile(sent), emulated);
  const holders = file === undefined ? [] : kernel.descriptorsOf(file);
  const message = kernel.filesInFlight().find(([, sent]) => isIt(sent.file));
  if (message !== undefined) {
    kernel.syscall(task, { call: 'scm_receive', message: message[0], cloexec, at: fd });
    return;
  }
  const own = holders.find((holder) => holder.task === task);
  const holder = own ?? (around.hasOpen(pid, fd, path) ? holders[0] : undefined);
  if (holder !== undefined) {
    kernel.syscall(holder.task, { call: 'sendmsg', fd: holder.number, to: task, at: fd, cloexec });
  } else if (emulated !== undefined) {
    const flags = O_RDWR | (cloexec ? O_CLOEXEC : 0);
    kernel.syscall(task, { call: 'open', path: emulated, flags, at: fd });
  }
}

/** Whether a file is the node of that path. */
export const isAt = (open: Readonly<OpenFile> | undefined, path: string | undefined): boolean =>
  open !== undefined && path !== undefined && open.kind !== 'dma_buf' && linkTarget(open) === path;
