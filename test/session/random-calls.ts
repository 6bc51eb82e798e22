/**
 * Random work on a kernel, as data, so that a child process and its parent's model do the same.
 */
import type { Kernel } from '../../src/kernel/kernel.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import { MAP_SHARED, O_CLOEXEC, O_RDWR, PROT_READ, PROT_WRITE } from '../../src/uapi/fcntl.ts';
import type { Random } from '../fuzz/random.ts';

export type Operation =
  | { readonly kind: 'alloc'; readonly heap: string; readonly size: number }
  | { readonly kind: 'free'; readonly fd: number }
  | { readonly kind: 'dup'; readonly fd: number }
  | { readonly kind: 'boot' }
  | {
      readonly kind: 'write';
      readonly fd: number;
      readonly offset: number;
      readonly length: number;
      readonly byte: number;
    };

/** Picks something that may be done now; asks the kernel which descriptors there are. */
export function chooseOperation(kernel: Kernel, random: Random): Operation {
  const buffers = kernel.buffers();
  const buffer = buffers[random.below(buffers.length)];
  const fd = buffer?.fds[random.below(buffer.fds.length)]?.fd;
  const what = random.below(10);
  if (buffer === undefined || fd === undefined || (what < 4 && buffers.length < 40)) {
    const heaps = kernel.heaps();
    const heap = heaps[random.below(heaps.length)]?.name ?? 'system';
    return { kind: 'alloc', heap, size: 1 + random.below(2 ** (8 + random.below(11))) };
  }
  if (what < 7) {
    const length = 1 + random.below(Math.min(Number(buffer.size), 20_000));
    const offset = random.below(Number(buffer.size) - length + 1);
    return { kind: 'write', fd, offset, length, byte: 1 + random.below(255) };
  }
  return { kind: what < 8 ? 'dup' : 'free', fd };
}

/** Does it. @returns what the last call of it returned: a descriptor, 0 or a negative errno */
export function perform(
  kernel: Kernel,
  task: string,
  operation: Exclude<Operation, { kind: 'boot' }>,
): number {
  switch (operation.kind) {
    case 'alloc':
      return alloc(kernel, task, operation.heap, operation.size);
    case 'free':
      return kernel.syscall(task, { call: 'close', fd: operation.fd }).ret;
    case 'dup':
      return kernel.syscall(task, { call: 'dup', fd: operation.fd }).ret;
    case 'write': {
      const bytes = new Uint8Array(operation.length).fill(operation.byte);
      return withMapping(kernel, task, operation.fd, (mapping) =>
        mapping.write(BigInt(operation.offset), bytes),
      );
    }
  }
}

export function alloc(kernel: Kernel, task: string, heap: string, size: number): number {
  const fd = kernel.syscall(task, { call: 'open', path: `/dev/dma_heap/${heap}`, flags: O_RDWR }).ret;
  if (fd < 0) return fd;
  const data = { len: BigInt(size), fd: 0, fd_flags: O_RDWR | O_CLOEXEC, heap_flags: 0n };
  const arg = encodeDmaHeapAllocationData(data);
  const { ret } = kernel.syscall(task, { call: 'ioctl', fd, request: DMA_HEAP_IOCTL_ALLOC, arg });
  kernel.syscall(task, { call: 'close', fd });
  return ret < 0 ? ret : decodeDmaHeapAllocationData(arg).fd;
}

type Mapped = ReturnType<Kernel['mapping']>;

export function withMapping(
  kernel: Kernel,
  task: string,
  fd: number,
  use: (mapping: Mapped) => void,
): number {
  const length = kernel.buffer(task, fd)?.size ?? 0n;
  const prot = PROT_READ | PROT_WRITE;
  const { ret } = kernel.syscall(task, { call: 'mmap', fd, length, prot, flags: MAP_SHARED, offset: 0n });
  if (ret < 0) return ret;
  use(kernel.mapping(ret));
  return kernel.syscall(task, { call: 'munmap', mapping: ret }).ret;
}

/** Everything that can be seen of a kernel except bytes. */
export function observe(kernel: Kernel): unknown {
  return {
    heaps: kernel.heaps(),
    buffers: kernel.buffers(),
    log: [...kernel.printk.since()],
    info: kernel.info(),
  };
}
