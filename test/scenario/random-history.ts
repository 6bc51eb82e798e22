/** Random work of several tasks and devices on a kernel: what programs do together, and single calls in any order. */
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Syscall } from '../../src/kernel/syscall.ts';
import { ROOT } from '../../src/kernel/task.ts';
import { ARM64 } from '../../src/profile/arm64.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B, encodeDmaBufSync } from '../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import {
  MAP_PRIVATE,
  MAP_SHARED,
  O_CLOEXEC,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  PROT_READ,
  PROT_WRITE,
} from '../../src/uapi/fcntl.ts';
import { encodePollfds } from '../../src/uapi/poll.ts';
import type { Random } from '../fuzz/random.ts';
import { device } from '../kernel/machine.ts';

const TASKS = ['shell', 'camera', 'display', 'gpu-test'];
const DEVICES = ['cam', 'npu'];
const DIRECTIONS = ['DMA_BIDIRECTIONAL', 'DMA_TO_DEVICE', 'DMA_FROM_DEVICE'] as const;

export class RandomWork {
  readonly #kernel: Kernel;
  readonly #random: Random;

  constructor(kernel: Kernel, random: Random) {
    this.#kernel = kernel;
    this.#random = random;
  }

  /** Something that somebody does. */
  step(): void {
    const kinds = [
      () => this.#alloc(),
      () => this.#alloc(),
      () => this.#alloc(),
      () => this.#bytes(),
      () => this.#bytes(),
      () => this.#bytes(),
      () => this.#bytes(),
      () => this.#single(),
      () => this.#single(),
      () => this.#single(),
      () => this.#tasks(),
      () => this.#devices(),
      () => this.#devices(),
      () => this.#machine(),
    ];
    this.#oneOf(kinds)();
  }

  #oneOf<T>(list: readonly T[]): T {
    const found = list[this.#random.below(list.length)];
    if (found === undefined) throw new Error('an empty list');
    return found;
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  /** A task, which is started when there is none, as commands do. */
  #task(): string {
    const task = this.#oneOf(TASKS);
    if (!this.#kernel.hasTask(task)) {
      this.#kernel.syscall(task, { call: 'task_add', name: task, credentials: ROOT, nofile: 1024 });
    }
    return task;
  }

  #call(task: string, call: Syscall): number {
    return this.#kernel.syscall(task, call).ret;
  }

  /** A descriptor that is perhaps open. */
  #fd(task: string): number {
    const fds = this.#kernel.tasks().find(({ name }) => name === task)?.fds ?? [];
    const own = fds.filter(({ fd }) => fd > 2);
    return own.length === 0 || this.#chance(10) ? 3 + this.#random.below(9) : this.#oneOf(own).fd;
  }

  #alloc(): void {
    const task = this.#task();
    const heap = this.#chance(5) ? 'nosuch' : this.#oneOf(this.#kernel.heaps()).name;
    const node = this.#call(task, { call: 'open', path: `/dev/dma_heap/${heap}`, flags: O_RDWR });
    if (node < 0) return;
    const count = this.#chance(20) ? 3 : 1;
    const len = BigInt(this.#random.below(2 ** (8 + this.#random.below(13))));
    const name = this.#chance(40) ? this.#oneOf(['frame', 'a b', 'buf', 'x'.repeat(40)]) : undefined;
    for (let i = 0; i < count; i++) {
      const fd_flags = this.#chance(90) ? O_RDWR | O_CLOEXEC : this.#oneOf([O_RDONLY, O_RDWR, 0o100]);
      const data = { len, fd: this.#chance(3) ? 7 : 0, fd_flags, heap_flags: this.#chance(3) ? 1n : 0n };
      const arg = encodeDmaHeapAllocationData(data);
      if (this.#call(task, { call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg }) < 0) break;
      if (name === undefined) continue;
      const { fd } = decodeDmaHeapAllocationData(arg);
      const bytes = new TextEncoder().encode(`${name}\0`);
      if (this.#call(task, { call: 'ioctl', fd, request: DMA_BUF_SET_NAME_B, arg: bytes }) >= 0) continue;
      this.#call(task, { call: 'close', fd });
      break;
    }
    // Some programs keep the node.
    if (this.#chance(90)) this.#call(task, { call: 'close', fd: node });
  }

  #content(): Uint8Array {
    const length = this.#oneOf([1, 5, 64, 200, 5000, 20_000]);
    if (this.#chance(40)) return new Uint8Array(length).fill(this.#random.below(256));
    if (this.#chance(20)) return new TextEncoder().encode('hello');
    return Uint8Array.from({ length }, () => this.#random.below(256));
  }

  /** An access of a kind, whatever comes of it. */
  #access(
    target: { read(at: bigint, into: Uint8Array): void; write(at: bigint, from: Uint8Array): void },
    at: bigint,
  ): void {
    try {
      if (this.#chance(50)) target.write(at, this.#content());
      else target.read(at, new Uint8Array(this.#oneOf([1, 40, 64, 65, 9000])));
    } catch (error) {
      if (!(error instanceof Error) || !/Fault|BusError/.test(error.name)) throw error;
    }
  }

  #bytes(): void {
    const kernel = this.#kernel;
    const task = this.#task();
    const buffer = kernel.buffer(task, this.#fd(task));
    if (this.#chance(10)) {
      const address = buffer?.sgTable[0] === undefined ? 0x10n : BigInt(buffer.sgTable[0].pfn) << 12n;
      this.#access(kernel.physMemory(task), address + BigInt(this.#random.below(300)));
      return;
    }
    const attachments = kernel.buffers().flatMap((one) => one.attachments);
    const mapped = attachments.filter(({ direction }) => direction !== undefined);
    if (mapped.length > 0 && this.#chance(40)) {
      const { id } = this.#oneOf(mapped);
      const mapping = kernel.deviceMapping(id);
      if (mapping !== undefined) this.#access(mapping, BigInt(this.#random.below(6000)));
      return;
    }
    const mappings = kernel
      .buffers()
      .flatMap((one) => one.mappings)
      .filter((one) => one.task === task);
    if (mappings.length > 0 && this.#chance(30)) {
      this.#access(kernel.mapping(this.#oneOf(mappings).id, task), BigInt(this.#random.below(5000)));
      return;
    }
    if (buffer === undefined) return;
    const fd = buffer.fds.find((one) => one.task === task)?.fd ?? 3;
    const bytes = this.#content();
    const offset = BigInt(this.#random.below(Math.max(1, Number(buffer.size) - bytes.length)));
    const start = offset - (offset % 4096n);
    const reads = this.#chance(50);
    const prot = reads ? PROT_READ : PROT_READ | PROT_WRITE;
    const length = offset - start + BigInt(bytes.length);
    const id = this.#call(task, { call: 'mmap', fd, length, prot, flags: MAP_SHARED, offset: start });
    if (id < 0) return;
    const mapping = kernel.mapping(id, task);
    if (reads) mapping.read(offset - start, bytes);
    else mapping.write(offset - start, bytes);
    this.#call(task, { call: 'munmap', mapping: id });
  }

  #single(): void {
    const task = this.#task();
    const fd = this.#fd(task);
    const calls: (() => Syscall)[] = [
      () => ({ call: 'close', fd }),
      () => ({ call: 'close', fd }),
      () => ({ call: 'dup', fd }),
      () => ({
        call: 'open',
        path: this.#oneOf(['/dev/dma_heap/system', '/proc/meminfo', '/nosuch', '/sys']),
        flags: this.#oneOf([O_RDONLY, O_RDWR | O_CLOEXEC, O_CLOEXEC]),
      }),
      () => ({
        call: 'fcntl',
        fd,
        cmd: this.#oneOf([0, 1, 2, 3, 4, 1030, 99]),
        arg: this.#oneOf([0, 1, 5, 2048]),
      }),
      () => ({ call: 'lseek', fd, offset: this.#oneOf([0n, 5n, -1n]), whence: this.#oneOf([0, 1, 2, 9]) }),
      () => ({
        call: 'poll',
        fds: encodePollfds([{ fd, events: this.#oneOf([1, 4, 5, 0x2000]), revents: 0 }]),
        timeout: 0,
      }),
      () => ({ call: 'fstat', fd, buf: new Uint8Array(ARM64.stat.size) }),
      () => ({
        call: 'ioctl',
        fd,
        request: DMA_BUF_IOCTL_SYNC,
        arg: encodeDmaBufSync(this.#random.below(9)),
      }),
      () => ({
        call: 'ioctl',
        fd,
        request: this.#oneOf([0x5451, 0x5450, 2, 0x1234, 0xc0104800]),
        arg: new Uint8Array(16),
      }),
      () => ({ call: 'ioctl', fd, request: DMA_HEAP_IOCTL_ALLOC, arg: null }),
      () => ({
        call: 'mmap',
        fd,
        length: this.#oneOf([4096n, 0n, 100n, 1n << 40n]),
        prot: this.#oneOf([0, 1, 2, 3]),
        flags: this.#oneOf([MAP_SHARED, MAP_SHARED, MAP_PRIVATE]),
        offset: this.#oneOf([0n, 4096n, 1n]),
      }),
      () => ({ call: 'munmap', mapping: 1 + this.#random.below(4) }),
      () => ({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: this.#oneOf([12, 1024, 2 ** 21]) }),
      () => ({ call: 'sleep', nanoseconds: this.#oneOf([1, 500_000_000, 6_000_000_000]) }),
    ];
    this.#call(task, this.#oneOf(calls)());
  }

  #tasks(): void {
    const task = this.#task();
    const other = this.#oneOf(TASKS);
    const calls: Syscall[] = [
      { call: 'fork', child: other },
      { call: 'execve' },
      {
        call: 'sendmsg',
        fd: this.#fd(task),
        to: this.#kernel.hasTask(other) ? other : task,
        cloexec: this.#chance(50),
      },
      { call: 'task_add', name: other, credentials: { uid: 1000, gid: 44, groups: [6] }, nofile: 64 },
      { call: 'exit' },
    ];
    const call = this.#oneOf(calls);
    if (call.call !== 'exit' || task !== 'shell') this.#call(task, call);
  }

  #devices(): void {
    const task = this.#task();
    const name = this.#oneOf([...DEVICES, ...this.#kernel.devices().map((one) => one.name)]);
    const attachments = this.#kernel.buffers().flatMap((one) => one.attachments);
    const attachment = attachments.length === 0 ? 1 : this.#oneOf(attachments).id;
    const added = device(name, {
      dmaCoherent: this.#chance(30),
      dmaMask: (1n << BigInt(this.#oneOf([30, 32, 40]))) - 1n,
      iommu: this.#chance(20),
    });
    const calls: Syscall[] = [
      { call: 'device_add', device: added },
      { call: 'dma_buf_attach', fd: this.#fd(task), device: name },
      { call: 'dma_buf_attach', fd: this.#fd(task), device: name },
      { call: 'dma_buf_map_attachment', attachment, direction: this.#oneOf(DIRECTIONS) },
      { call: 'dma_buf_map_attachment', attachment, direction: this.#oneOf(DIRECTIONS) },
      { call: 'dma_buf_unmap_attachment', attachment },
      { call: 'dma_buf_detach', attachment },
      ...(this.#chance(20) ? [{ call: 'device_del', device: name } as const] : []),
    ];
    this.#call(task, this.#oneOf(calls));
  }

  #machine(): void {
    const task = this.#task();
    if (this.#chance(50)) {
      const path = this.#oneOf([
        '/sys/kernel/debug/cma/video-cma@60000000/alloc',
        '/sys/kernel/debug/cma/video-cma@60000000/free',
        '/proc/meminfo',
      ]);
      const fd = this.#call(task, { call: 'open', path, flags: O_WRONLY });
      if (fd < 0) return;
      this.#call(task, { call: 'write', fd, buf: new TextEncoder().encode(this.#oneOf(['16', 'x', '0'])) });
      this.#call(task, { call: 'close', fd });
      return;
    }
    const range = { base: 0x60000000n + BigInt(this.#random.below(4)) * 0x100000n, size: 0x4000n };
    const calls: Syscall[] = [
      { call: 'pin', range },
      { call: 'unpin', range },
      { call: 'modprobe', module: 'cma_heap' },
      { call: 'fault_add', rule: { does: 'errno', errno: 'ENOMEM', call: 'alloc', every: 3 } },
      { call: 'fault_add', rule: { does: 'errno', errno: 'EINTR', call: 'mmap', chance: 0.2, seed: 5 } },
      { call: 'fault_add', rule: { does: 'leak', task: 'camera', every: 2 } },
      { call: 'fault_add', rule: { does: 'exit', task: 'display', nth: 6 } },
      { call: 'fault_del', id: 1 + this.#random.below(4) },
    ];
    this.#call(task, this.#oneOf(calls));
  }
}
