/**
 * The descriptors that a program came with: over exec, fork or posix_spawn some were closed or put elsewhere that nobody told of. What
 * the program has is what counts.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { DescriptorView } from '../kernel/views/descriptor-view.ts';
import { F_SETFD, FD_CLOEXEC } from '../uapi/fcntl.ts';
import { acquire, isAt } from './acquire.ts';
import type { BroughtDescriptor } from './hello.ts';
import type { Process } from './peer.ts';
import type { Surroundings } from './question.ts';

/** Brings the model's table of a task in step with the program's. */
export function adoptDescriptors(
  kernel: Kernel,
  process: Process,
  brought: readonly BroughtDescriptor[],
  around: Surroundings,
): void {
  const { task } = process;
  const there = new Map(brought.map((descriptor) => [descriptor.fd, descriptor]));
  for (const { fd, kind } of kernel.task(task)?.fds ?? []) {
    // Standard streams, and what lies nowhere on the host that a path could name: they stay as they were.
    if (kind === 'stream' || kind === 'virtual' || kind === 'sync_file' || there.has(fd)) continue;
    kernel.syscall(task, { call: 'close', fd });
  }
  for (const descriptor of brought) adopt(kernel, process, descriptor, around);
}

function adopt(kernel: Kernel, process: Process, descriptor: BroughtDescriptor, around: Surroundings): void {
  const { task } = process;
  const { fd, cloexec, path } = descriptor;
  const known = kernel.descriptor(task, fd);
  if (known === undefined || !isOf(kernel, known, path, around)) {
    acquire(kernel, process, descriptor, around);
  } else if (known.cloexec !== cloexec) {
    kernel.syscall(task, { call: 'fcntl', fd, cmd: F_SETFD, arg: cloexec ? FD_CLOEXEC : 0 });
  }
}

/** Whether the file of a descriptor is the one that lies at a host path. */
function isOf(
  kernel: Kernel,
  { file, open }: DescriptorView,
  path: string,
  { buffers, mirror }: Surroundings,
): boolean {
  if (open.kind === 'dma_buf') return buffers.fileAt(kernel, path) === file;
  return isAt(open, mirror.emulatedPath(path));
}
