/** A process as the recorded C programs are: calls on pointers, and one fact a line. */
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { SegmentationFault } from '../../../src/kernel/mapping.ts';
import type { SyscallResult } from '../../../src/kernel/syscall.ts';
import { MAP_SHARED, O_CLOEXEC, O_RDWR, PROT_READ, PROT_WRITE } from '../../../src/uapi/fcntl.ts';
import { KiB } from '../../../src/units.ts';
import { Task } from '../machine.ts';

export const PAGE = 4n * KiB;
export const RW = PROT_READ | PROT_WRITE;

/** A pointer: so many bytes behind where a mapping was made. */
export interface Pointer {
  readonly mapping: number;
  readonly at: bigint;
}

interface Where {
  readonly length: bigint;
  readonly prot?: number;
  readonly flags?: number;
  readonly offset?: bigint;
  readonly to?: Pointer;
}

export class Process {
  readonly lines: string[] = [];
  readonly kernel: Kernel;
  /** The process that calls: the first one, or a child of it. */
  as = 'shell';
  readonly #heap: string;

  constructor(kernel: Kernel, heap: string) {
    this.kernel = kernel;
    this.#heap = heap;
  }

  get #task(): Task {
    return new Task(this.kernel, this.as);
  }

  buffer(pages: number, flags = O_RDWR | O_CLOEXEC): number {
    return this.#task.alloc(this.#heap, BigInt(pages) * PAGE, flags);
  }

  address({ mapping, at }: Pointer): bigint {
    const start = this.kernel.mappingAddress(this.as, mapping);
    if (start === undefined) throw new Error(`mapping ${mapping} has gone`);
    return start + at;
  }

  mmap(fd: number, { length, prot = RW, flags = MAP_SHARED, offset = 0n, to }: Where): SyscallResult {
    const addr = to === undefined ? 0n : this.address(to);
    return this.#task.call({ call: 'mmap', fd, length, prot, flags, offset, addr });
  }

  /** A mapping that must be made. */
  place(fd: number, where: Where): Pointer {
    const { ret, errno } = this.mmap(fd, where);
    if (errno !== undefined) throw new Error(errno);
    return { mapping: ret, at: 0n };
  }

  munmap({ mapping, at }: Pointer, length: bigint): SyscallResult {
    return this.#task.call({ call: 'munmap', mapping, offset: at, length });
  }

  mprotect({ mapping, at }: Pointer, length: bigint, prot: number): SyscallResult {
    return this.#task.call({ call: 'mprotect', mapping, offset: at, length, prot });
  }

  mremap({ mapping, at }: Pointer, old_len: bigint, new_len: bigint, flags: number, new_addr = 0n) {
    return this.#task.call({ call: 'mremap', mapping, offset: at, old_len, new_len, flags, new_addr });
  }

  close(fd: number): SyscallResult {
    return this.#task.call({ call: 'close', fd });
  }

  cat(path: string): string {
    return this.#task.cat(path);
  }

  tell(name: string, value: string): void {
    this.lines.push(`${name}: ${value}`);
  }

  /** Tells the number that a call returned, or its error. */
  res(name: string, { ret, errno }: SyscallResult): void {
    this.tell(name, errno ?? String(ret));
  }

  /** Tells whether a call was made. */
  made(name: string, { ret, errno }: SyscallResult): Pointer {
    this.tell(name, errno ?? 'ok');
    return { mapping: ret, at: 0n };
  }

  #touch(name: string, pointer: Pointer, access: (offset: bigint) => string): void {
    try {
      this.tell(name, access(pointer.at));
    } catch (error) {
      if (error instanceof SegmentationFault) this.tell(name, `SIGSEGV ${error.code}`);
      else if (error instanceof Error && error.name === 'BusError') this.tell(name, 'SIGBUS BUS_ADRERR');
      else throw error;
    }
  }

  load(name: string, pointer: Pointer): void {
    this.#touch(name, pointer, () => `0x${this.byte(pointer).toString(16).padStart(2, '0')}`);
  }

  /** The byte at a place. */
  byte(pointer: Pointer): number {
    const byte = new Uint8Array(1);
    this.#bytes(pointer, pointer.at).read(pointer.at, byte);
    return byte[0] ?? 0;
  }

  store(name: string, pointer: Pointer, byte: number): void {
    this.#touch(name, pointer, (offset) => {
      this.#bytes(pointer, offset).write(offset, Uint8Array.of(byte));
      return 'stored';
    });
  }

  fill(pointer: Pointer, length: bigint, byte: number): void {
    this.#bytes(pointer, pointer.at).write(pointer.at, new Uint8Array(Number(length)).fill(byte));
  }

  #bytes({ mapping }: Pointer, offset: bigint) {
    if (this.kernel.mappingOf(this.as, mapping) === undefined) {
      throw new SegmentationFault('read', offset, 'SEGV_MAPERR');
    }
    return this.kernel.mapping(mapping, this.as);
  }

  /** Tells how many buffers live. */
  alive(name: string): void {
    const buffers = this.kernel.buffers();
    const bytes = buffers.reduce((sum, { size }) => sum + size, 0n);
    this.tell(name, `${buffers.length} buffers, ${bytes} bytes`);
  }
}

/** A pointer so many pages on. */
export const pages = ({ mapping, at }: Pointer, count: number, bytes = 0): Pointer => ({
  mapping,
  at: at + BigInt(count) * PAGE + BigInt(bytes),
});
