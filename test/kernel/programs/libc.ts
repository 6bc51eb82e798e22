/** The C library of the recorded programs that call more than mappings need: descriptors, paths, ioctls, processes. */
import type { Kernel } from '../../../src/kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../../../src/kernel/syscall.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B, encodeDmaBufSync } from '../../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../../src/uapi/dma-heap.ts';
import { type Errno, errnoNumber } from '../../../src/uapi/errno.ts';
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { decodeStat, type Stat } from '../../../src/uapi/stat.ts';
import { PAGE, Process } from './process.ts';

/** What the program has as it starts: the heap open under 3. */
export class Program extends Process {
  readonly heap: number;
  readonly path: string;

  constructor(kernel: Kernel, heap: string) {
    super(kernel, heap);
    this.path = `/dev/dma_heap/${heap}`;
    this.heap = this.open(this.path, fcntl.O_RDWR | fcntl.O_CLOEXEC).ret;
  }

  sys(call: Syscall): SyscallResult {
    return this.kernel.syscall(this.as, call);
  }

  open(path: string, flags: number): SyscallResult {
    return this.sys({ call: 'open', path, flags });
  }

  ioctl(fd: number, request: number, arg: Uint8Array | null, readOnly?: true): SyscallResult {
    return this.sys({ call: 'ioctl', fd, request, arg, ...(readOnly && { readOnly }) });
  }

  /** heap_get(): a buffer's descriptor, or the error. */
  get(heap: number, len: bigint, flags: number): SyscallResult {
    const arg = encodeDmaHeapAllocationData({ len, fd: 0, fd_flags: flags >>> 0, heap_flags: 0n });
    const result = this.ioctl(heap, DMA_HEAP_IOCTL_ALLOC, arg);
    return result.ret < 0 ? result : { ret: decodeDmaHeapAllocationData(arg).fd };
  }

  lseek(fd: number, offset: bigint, whence: number): SyscallResult {
    return this.sys({ call: 'lseek', fd, offset, whence });
  }

  /** fcntl(2). */
  control(fd: number, cmd: number, arg = 0): SyscallResult {
    return this.sys({ call: 'fcntl', fd, cmd, arg });
  }

  override close(fd: number): SyscallResult {
    return this.sys({ call: 'close', fd });
  }

  dup(fd: number): SyscallResult {
    return this.sys({ call: 'dup', fd });
  }

  sync(fd: number, flags: bigint): SyscallResult {
    const arg = encodeDmaBufSync(0);
    new DataView(arg.buffer).setBigUint64(0, flags, true);
    return this.ioctl(fd, DMA_BUF_IOCTL_SYNC, arg);
  }

  setName(fd: number, name: string): SyscallResult {
    return this.ioctl(fd, DMA_BUF_SET_NAME_B, new TextEncoder().encode(`${name}\0`));
  }

  fstat(fd: number): Stat | Errno {
    const buf = new Uint8Array(this.kernel.profile.arch.stat.size);
    const { errno } = this.sys({ call: 'fstat', fd, buf });
    return errno ?? decodeStat(buf, this.kernel.profile.arch.stat);
  }

  stat(path: string, flags = 0): Stat | Errno {
    const buf = new Uint8Array(this.kernel.profile.arch.stat.size);
    const { errno } = this.sys({ call: 'newfstatat', path, flags, buf });
    return errno ?? decodeStat(buf, this.kernel.profile.arch.stat);
  }

  /** Whether two descriptors or paths are of one inode. */
  same(a: Stat | Errno, b: Stat | Errno): string {
    if (typeof a === 'string' || typeof b === 'string') return String(typeof a === 'string' ? a : b);
    return a.st_ino === b.st_ino && a.st_dev === b.st_dev ? 'yes' : 'no';
  }

  /** What a child process does, from a fork to its end. */
  child(name: string, body: () => void): void {
    this.sys({ call: 'fork', child: name });
    const parent = this.as;
    this.as = name;
    body();
    if (this.kernel.hasTask(name)) this.sys({ call: 'exit' });
    this.as = parent;
  }
}

/** An errno of the C library's own making. */
export const failed = (errno: Errno): SyscallResult => ({ ret: -errnoNumber(errno), errno });

export const RDWR = fcntl.O_RDWR | fcntl.O_CLOEXEC;
export { PAGE };
