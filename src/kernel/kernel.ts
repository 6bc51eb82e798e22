/**
 * A running kernel: one entrance for everything that tasks do, and views for those who look.
 */

import { type DmaBufFile, FileTable, type HeapFile, type OpenFile } from '../dma-buf/dma-buf.ts';
import { dmaBufIoctl, NotModelled } from '../dma-buf/dma-buf-ioctl.ts';
import { dmaHeapIoctl, dmaHeapOps, dmaHeaps, findDmaHeap } from '../dma-buf/dma-heap.ts';
import type { Failure } from '../dma-buf/failure.ts';
import type { HeapContext } from '../dma-buf/heap-ops.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import { Printk } from '../printk.ts';
import type { Records } from '../records.ts';
import { type Errno, errnoNumber } from '../uapi/errno.ts';
import {
  F_GETFD,
  F_GETFL,
  F_SETFD,
  FD_CLOEXEC,
  MAP_PRIVATE,
  MAP_TYPE,
  O_CLOEXEC,
  SEEK_END,
  SEEK_SET,
} from '../uapi/fcntl.ts';
import type { PfnRange, PhysRange } from '../units.ts';
import { pageAlign } from '../units.ts';
import { bootRecord } from './boot-record.ts';
import { freeRunsOf, heapViews } from './heap-view.ts';
import { checkMmap, MappedRange, type Mapping, MappingTable } from './mapping.ts';
import type { Syscall, SyscallResult } from './syscall.ts';
import { DescriptorTable, NR_OPEN, taskNames } from './task.ts';
import type { BufferView, FdView, HeapView, KernelView, RegionView } from './views.ts';

const HEAP_DIR = '/dev/dma_heap/';

/** Where the booted board has memory, for whoever makes the arena. */
export const layoutOf = (records: Records): readonly PhysRange[] => bootRecord(records).layout;

const fail = (errno: Errno, why?: Failure): SyscallResult => ({
  ret: -errnoNumber(errno),
  errno,
  ...(why && { why }),
});

const ok = (ret: number): SyscallResult => ({ ret });

export class Kernel {
  readonly printk: Printk;
  /** Called after every system call: journals and traces hook in here. */
  onSyscall?: (task: string, call: Syscall, result: SyscallResult) => void;
  readonly #records: Records;
  readonly #memory: PhysMemory;
  readonly #files: FileTable;
  readonly #mappings: MappingTable;

  /**
   * Wakes the kernel that `boot` left in the records; loads nothing until asked.
   *
   * @param memory the arena over `layoutOf(records)`
   */
  constructor(records: Records, memory: PhysMemory) {
    this.#records = records;
    this.#memory = memory;
    this.printk = new Printk(records);
    this.#files = new FileTable(records);
    this.#mappings = new MappingTable(records);
  }

  /**
   * The one entrance: a system call of a task.
   *
   * @returns the value or the negative errno, with the reason in numbers
   */
  syscall(task: string, call: Syscall): SyscallResult {
    const result = this.#dispatch(new DescriptorTable(this.#records, task), task, call);
    this.onSyscall?.(task, call, result);
    return result;
  }

  /** The bytes behind a mapping that mmap returned. @throws Error when there is no such mapping */
  mapping(id: number): Mapping {
    const record = this.#mappings.get(id);
    const file = record && this.#files.get(record.file);
    if (record === undefined || file?.kind !== 'dma_buf') throw new Error(`no mapping ${id}`);
    return new MappedRange(id, record, file.sgTable, this.#memory, this.#mappings);
  }

  #dispatch(table: DescriptorTable, task: string, call: Syscall): SyscallResult {
    switch (call.call) {
      case 'open':
        return this.#open(table, call.path, call.flags);
      case 'close':
        return this.#close(table, call.fd);
      case 'setrlimit':
        if (call.soft > NR_OPEN) return fail('EPERM');
        table.nofile = call.soft;
        return ok(0);
      case 'munmap':
        return this.#munmap(task, call.mapping);
      default:
        return this.#onFile(table, task, call);
    }
  }

  /** The calls that begin with a descriptor. */
  #onFile(
    table: DescriptorTable,
    task: string,
    call: Extract<Syscall, { call: 'ioctl' | 'dup' | 'fcntl' | 'lseek' | 'mmap' }>,
  ): SyscallResult {
    const descriptor = table.get(call.fd);
    const file = descriptor && this.#files.get(descriptor.file);
    if (descriptor === undefined || file === undefined) {
      return fail('EBADF', { kind: 'bad-descriptor', fd: call.fd });
    }
    switch (call.call) {
      case 'ioctl':
        return this.#ioctl(table, descriptor.file, file, call.request, call.arg);
      case 'dup': {
        const fd = this.#install(table, descriptor.file, 0);
        if (typeof fd === 'number') this.#files.ref(descriptor.file);
        return typeof fd === 'number' ? ok(fd) : fail('EMFILE', { kind: 'descriptor-limit', ...fd });
      }
      case 'fcntl':
        if (call.cmd === F_GETFD) return ok(descriptor.cloexec ? FD_CLOEXEC : 0);
        if (call.cmd === F_GETFL) return ok(file.flags);
        if (call.cmd === F_SETFD) {
          table.setCloexec(call.fd, (call.arg & FD_CLOEXEC) !== 0);
          return ok(0);
        }
        return fail('EINVAL', { kind: 'bad-argument', argument: 'request', value: BigInt(call.cmd) });
      case 'lseek':
        return lseek(file, call.offset, call.whence);
      case 'mmap': {
        const refused = checkMmap(file, call);
        if (refused !== undefined) return fail(refused.errno, refused.why);
        this.#files.ref(descriptor.file);
        const { offset, prot } = call;
        const length = pageAlign(call.length);
        const shared = (call.flags & MAP_TYPE) !== MAP_PRIVATE;
        return ok(this.#mappings.add({ task, file: descriptor.file, offset, length, prot, shared }));
      }
    }
  }

  #open(table: DescriptorTable, path: string, flags: number): SyscallResult {
    // The descriptor is taken before the path is looked up.
    if (!table.hasRoom()) return fail('EMFILE', { kind: 'descriptor-limit', limit: table.nofile });
    const name = path.startsWith(HEAP_DIR) ? path.slice(HEAP_DIR.length) : '';
    if (findDmaHeap(this.#records, name) === undefined) {
      const known = dmaHeaps(this.#records).map((heap) => heap.name);
      return fail('ENOENT', { kind: 'no-such-heap', name, known });
    }
    const file: HeapFile = { kind: 'dma_heap', heap: name, flags: flags & ~O_CLOEXEC, count: 1 };
    const fd = this.#install(table, this.#files.add(file), flags);
    if (typeof fd !== 'number') throw new Error('there was room for a descriptor');
    return ok(fd);
  }

  #close(table: DescriptorTable, fd: number): SyscallResult {
    const file = table.remove(fd);
    if (file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
    this.#put(file);
    return ok(0);
  }

  #munmap(task: string, mapping: number): SyscallResult {
    const record = this.#mappings.get(mapping);
    if (record === undefined || record.task !== task) return fail('EINVAL');
    this.#mappings.remove(mapping);
    this.#put(record.file);
    return ok(0);
  }

  /** Drops a reference; the last one gives the pages back: dma_buf_release(). */
  #put(id: number): void {
    const file = this.#files.unref(id);
    if (file?.kind === 'dma_buf') dmaHeapOps(file.backing).release(this.#context(), file.sgTable);
  }

  #ioctl(
    table: DescriptorTable,
    id: number,
    file: OpenFile,
    request: number,
    arg: Uint8Array | null,
  ): SyscallResult {
    if (file.kind === 'dma_buf') {
      const result = dmaBufIoctl(file, request, arg);
      if ('errno' in result) return fail(result.errno, result.why);
      this.#files.put(id, file);
      return ok(0);
    }
    if (file.kind === 'stream') throw new NotModelled('an ioctl on a standard stream');
    const heap = findDmaHeap(this.#records, file.heap);
    if (heap === undefined) throw new Error(`heap ${file.heap} has gone`);
    const install = (newFile: number, flags: number) => this.#install(table, newFile, flags);
    const result = dmaHeapIoctl(this.#context(), this.#files, heap, request, arg, install);
    return 'errno' in result ? fail(result.errno, result.why) : ok(0);
  }

  #install(table: DescriptorTable, file: number, flags: number): number | { readonly limit: number } {
    return table.install(file, (flags & O_CLOEXEC) !== 0) ?? { limit: table.nofile };
  }

  #context(): HeapContext {
    const { profile } = bootRecord(this.#records);
    return { records: this.#records, memory: this.#memory, printk: this.printk, profile };
  }

  /** The nodes of /dev/dma_heap, by minor. */
  heaps(): HeapView[] {
    return heapViews(this.#records, this.#files);
  }

  /** The free runs of a heap's area or pool, ascending; none for the system heap. */
  freeRuns(heap: string): readonly PfnRange[] {
    return freeRunsOf(this.#records, heap);
  }

  /** Every child of /reserved-memory in tree order, then the default CMA area that has no node. */
  regions(): readonly RegionView[] {
    return bootRecord(this.#records).regions;
  }

  /** The live dma-bufs, oldest first. */
  buffers(): BufferView[] {
    const fds = new Map<number, FdView[]>();
    for (const task of taskNames(this.#records)) {
      for (const [fd, { file, cloexec }] of new DescriptorTable(this.#records, task).entries()) {
        const list = fds.get(file) ?? [];
        list.push({ task, fd, cloexec });
        fds.set(file, list);
      }
    }
    return [...this.#files.dmaBufs()].map(([id, file]) => bufferView(file, fds.get(id) ?? []));
  }

  /** The dma-buf behind a task's descriptor, or `undefined` when it is no dma-buf. */
  buffer(task: string, fd: number): BufferView | undefined {
    const descriptor = new DescriptorTable(this.#records, task).get(fd);
    const file = descriptor && this.#files.get(descriptor.file);
    if (file?.kind !== 'dma_buf') return undefined;
    // Where nobody else refers to it, the other descriptors need no look.
    if (file.count === 1) return bufferView(file, [{ task, fd, cloexec: descriptor?.cloexec ?? false }]);
    return this.buffers().find((buffer) => buffer.ino === file.ino);
  }

  /** The kernel's identity. */
  info(): KernelView {
    const { banner, cmdline, layout } = bootRecord(this.#records);
    return { banner, cmdline, layout, time: this.printk.time };
  }
}

/** dma_buf_llseek(); heap nodes and terminals cannot seek. */
function lseek(file: OpenFile, offset: bigint, whence: number): SyscallResult {
  if (file.kind !== 'dma_buf') return fail('ESPIPE');
  const why: Failure = { kind: 'bad-argument', argument: 'offset', value: offset };
  if (offset !== 0n || (whence !== SEEK_SET && whence !== SEEK_END)) return fail('EINVAL', why);
  return ok(whence === SEEK_END ? Number(file.size) : 0);
}

function bufferView(file: DmaBufFile, fds: readonly FdView[]): BufferView {
  const { ino, expName, size, flags, count, sgTable, name } = file;
  return {
    ino,
    heap: expName,
    expName,
    size,
    flags,
    count,
    fds,
    sgTable,
    ...(name !== undefined && { name }),
  };
}
