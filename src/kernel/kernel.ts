/**
 * A running kernel: one entrance for everything that tasks do, and views for those who look.
 */

import { dmaBufIoctl } from '../dma-buf/dma-buf-ioctl.ts';
import { dmaHeapIoctl, dmaHeaps, findDmaHeap } from '../dma-buf/dma-heap.ts';
import { NotModelled } from '../dma-buf/not-modelled.ts';
import { type PinnedPages, pinnedPages } from '../mm/alloc/pinned-pages.ts';
import type { Device } from '../mm/dma/device.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Printk } from '../printk.ts';
import type { Profile } from '../profile/profile.ts';
import { profileIn } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { MAP_PRIVATE, MAP_TYPE } from '../uapi/fcntl.ts';
import type { PfnRange, PhysAddr, PhysRange } from '../units.ts';
import { type Access, type AccessPlace, watched } from './access.ts';
import { bootRecord } from './boot/boot-record.ts';
import { waitingModules } from './boot/modules.ts';
import * as files from './calls/file-calls.ts';
import { cpuAccess, deviceCall, importerCall } from './calls/importer-calls.ts';
import { breakingCall } from './calls/machine-calls.ts';
import type { Opened } from './calls/opened.ts';
import { sendDescriptor, taskAdd, taskCall } from './calls/process-calls.ts';
import { fail, ok } from './calls/results.ts';
import { vfsIoctl } from './calls/vfs-ioctl.ts';
import { getdents, openPath } from './calls/virtual-calls.ts';
import { type DeviceMapping, type DmaView, deviceMapping, dmaView } from './coherency/dma.ts';
import type { HazardLog } from './coherency/hazard-log.ts';
import { devicesOf, findDevice } from './device-table.ts';
import type { FaultView, Struck } from './faults/faults.ts';
import { checkMmap, checkMmapOffset, MappedRange, type Mapping } from './mapping.ts';
import { KernelState } from './state.ts';
import type { FileCall, MachineCall, Syscall, SyscallResult } from './syscall.ts';
import { DescriptorTable, findDescriptor, findTask, ROOT, SHELL_TASK, taskNames } from './task.ts';
import {
  attachmentOf,
  attachmentsOfDevice,
  bufferOfDescriptor,
  bufferViews,
  heldBuffers,
  mappingOf,
} from './views/buffer-view.ts';
import { freeRunsOf, heapViews, largestRequest } from './views/heap-view.ts';
import { type Occupant, occupants } from './views/occupant.ts';
import { taskViewOf, taskViews } from './views/task-view.ts';
import type {
  BufferView,
  DeviceAttachment,
  HeapView,
  HeldBuffer,
  KernelView,
  MappingView,
  RegionView,
  TaskView,
} from './views/views.ts';
import { type Lookup, lookup } from './virtual-files/lookup.ts';

/** Where the booted board has memory, for whoever makes the arena. */
export const layoutOf = (records: Records): readonly PhysRange[] => bootRecord(records).layout;

/** How many calls were made since boot: the number of the next one. */
const CALLS = 'calls';

/** The calls that a task makes. */
type TaskSyscall = Exclude<Syscall, MachineCall>;

export class Kernel {
  readonly printk: Printk;
  /** Stale reads, lost writes and stray DMA. */
  readonly hazards: HazardLog;
  /** Called before every system call, when what its pointers lead to is still the caller's. */
  beforeSyscall?: (task: string, call: Syscall) => void;
  /** Called after every system call: journals and traces hook in here. */
  onSyscall?: (task: string, call: Syscall, result: SyscallResult) => void;
  /** Called after every load, store and DMA access, which no system call makes. */
  onAccess?: (access: Access) => void;
  readonly #state: KernelState;

  /**
   * Wakes the kernel that `boot` left in the records; loads nothing until asked.
   *
   * @param memory the arena over `layoutOf(records)`
   */
  constructor(records: Records, memory: PhysMemory) {
    this.#state = new KernelState(records, memory);
    this.printk = this.#state.printk;
    this.hazards = this.#state.coherency;
  }

  /** Which Linux it is: its pages, its architecture, its configuration. */
  get profile(): Profile {
    return profileIn(this.#state.records);
  }

  /**
   * The one entrance: a call of a task.
   *
   * @returns the value or the negative errno, with the reason in numbers
   */
  syscall(task: string, call: Syscall): SyscallResult {
    this.beforeSyscall?.(task, call);
    const { records } = this.#state;
    this.#state.call = records.get<number>(CALLS) ?? 0;
    const result = this.#dispatch(task, call);
    records.put(CALLS, this.#state.call + 1);
    this.onSyscall?.(task, call, result);
    return result;
  }

  /** The bytes behind a mapping that mmap returned. @throws Error when the task has no such mapping */
  mapping(id: number, task = SHELL_TASK): Mapping {
    const { mappings, files: table } = this.#state;
    const record = mappings.get(task, id);
    const file = record && table.get(record.file);
    if (record === undefined || file?.kind !== 'dma_buf') throw new Error(`no mapping ${id} in ${task}`);
    const memory = () => this.#state.cpuMemory(task);
    const range = new MappedRange(task, id, record, file.sgTable, memory, mappings, this.profile.geometry);
    const bytes = this.#watched(range, (offset) => ({ task, mapping: id, offset }));
    return { id, length: range.length, ...bytes };
  }

  /** Memory by physical address, as the CPU's accesses on behalf of a task see it. */
  physMemory(task = SHELL_TASK): Pick<PhysMemory, 'read' | 'write'> {
    const memory = this.#state.cpuMemory(task);
    return this.#watched(memory, (address) => ({ task, address }));
  }

  /** Memory by a device's own addresses. @throws Error when there is no such device */
  dma(device: string): DmaView {
    return this.#watched(dmaView(this.#state, device), (address) => ({ device, address }));
  }

  /** A buffer as the device sees it that has it mapped by this attachment; `undefined` when it is not mapped. */
  deviceMapping(attachment: number): DeviceMapping | undefined {
    const mapping = deviceMapping(this.#state, attachment);
    return mapping && { ...mapping, ...this.#watched(mapping, (offset) => ({ attachment, offset })) };
  }

  #watched(target: DmaView, placeOf: (at: bigint) => AccessPlace): DmaView {
    return watched(target, placeOf, (access) => this.onAccess?.(access));
  }

  #dispatch(task: string, call: Syscall): SyscallResult {
    const state = this.#state;
    switch (call.call) {
      case 'task_add':
        return taskAdd(state, call);
      case 'device_add':
      case 'device_del':
        return deviceCall(state, task, call);
      case 'sleep':
        this.printk.advance(call.nanoseconds);
        return ok(0);
      case 'fault_add':
      case 'fault_del':
      case 'pin':
      case 'unpin':
      case 'modprobe':
      case 'delete_module':
        return breakingCall(state.records, state.printk, call);
    }
    if (findTask(state.records, task) === undefined) {
      return fail('ESRCH', { kind: 'no-such-task', task, known: [...taskNames(state.records)] });
    }
    const struck = state.faults.atEntrance(task, state.call, call, (fd) => this.#kindOf(task, fd));
    return struck === undefined ? this.#answer(task, call) : this.#struck(task, call, struck);
  }

  /** What a descriptor of a task is. */
  #kindOf(task: string, fd: number): string | undefined {
    const descriptor = new DescriptorTable(this.#state.records, task).get(fd);
    return descriptor && this.#state.files.get(descriptor.file)?.kind;
  }

  /** A call that a fault rule struck. */
  #struck(task: string, call: TaskSyscall, struck: Struck): SyscallResult {
    const { rule } = struck;
    switch (struck.does) {
      case 'leak':
        return ok(0);
      case 'exit':
        taskCall(this.#state, task, { call: 'exit' });
        return fail('ESRCH', { kind: 'injected', rule, died: task });
      case 'errno': {
        // close(2) has given up the descriptor before it can fail: filp_close().
        const closed = call.call === 'close' && struck.errno !== 'EBADF' ? this.#answer(task, call) : ok(0);
        return closed.ret < 0 ? closed : fail(struck.errno, { kind: 'injected', rule });
      }
    }
  }

  #answer(task: string, call: TaskSyscall): SyscallResult {
    const state = this.#state;
    switch (call.call) {
      case 'open':
        return this.#open(task, call.path, call.flags);
      case 'close':
        return this.#close(task, call.fd);
      case 'poll':
        return files.poll(state, task, call.fds);
      case 'munmap':
      case 'setrlimit':
      case 'fork':
      case 'execve':
      case 'exit':
        return taskCall(state, task, call);
      case 'dma_buf_attach':
      case 'dma_buf_map_attachment':
      case 'dma_buf_unmap_attachment':
      case 'dma_buf_detach':
        return importerCall(state, task, call);
      default:
        return this.#onFile(task, call);
    }
  }

  /** The calls that begin with a descriptor. */
  #onFile(task: string, call: FileCall): SyscallResult {
    const state = this.#state;
    const { fd } = call;
    const early = call.call === 'mmap' ? checkMmapOffset(call, this.profile.geometry) : undefined;
    if (early !== undefined) return fail(early.errno, early.why);
    const table = new DescriptorTable(state.records, task);
    const descriptor = table.get(fd);
    const file = descriptor && state.files.get(descriptor.file);
    if (descriptor === undefined || file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
    const opened: Opened = { task, table, fd, descriptor, file };
    switch (call.call) {
      case 'ioctl':
        return this.#ioctl(opened, call.request >>> 0, call.arg);
      case 'read':
      case 'pread64':
        return files.read(state, opened, call);
      case 'write':
      case 'pwrite64':
        return files.write(state, opened, call);
      case 'lseek':
        return files.lseek(state, opened, call);
      case 'ftruncate':
        return files.ftruncate(opened, call);
      case 'fstat':
        return files.fstat(state, opened, call.buf);
      case 'getdents64':
        return getdents(state, opened, call);
      case 'dup':
        return files.dup(state, opened, 0, 0);
      case 'fcntl':
        return files.fcntl(state, opened, call);
      case 'sendmsg':
        return sendDescriptor(state, descriptor.file, call.to, call.cloexec === true);
      case 'mmap': {
        const refused = checkMmap(file, call, this.profile);
        if (refused !== undefined) return fail(refused.errno, refused.why);
        const { offset, prot } = call;
        const length = this.profile.geometry.pageAlign(call.length);
        const shared = (call.flags & MAP_TYPE) !== MAP_PRIVATE;
        const id = state.mappings.add(task, { file: descriptor.file, offset, length, prot, shared });
        if (id === undefined) return fail('ENOMEM');
        state.files.ref(descriptor.file);
        return ok(id);
      }
    }
  }

  #open(task: string, path: string, flags: number): SyscallResult {
    const state = this.#state;
    const table = new DescriptorTable(state.records, task);
    // The descriptor is taken before the path is looked up.
    if (!table.hasRoom()) return fail('EMFILE', { kind: 'descriptor-limit', limit: table.nofile });
    const file = openPath(state, task, path, flags);
    if ('refused' in file) return this.#explainMissingHeap(path, file.refused);
    const fd = state.install(table, state.files.add(file), flags);
    if (typeof fd !== 'number') throw new Error('there was room for a descriptor');
    return ok(fd);
  }

  /** Names the heaps that there are, when a path looks for one that is not. */
  #explainMissingHeap(path: string, refused: SyscallResult): SyscallResult {
    const name = /^\/dev\/dma_heap\/([^/]+)$/.exec(path)?.[1];
    if (refused.errno !== 'ENOENT' || name === undefined) return refused;
    const known = dmaHeaps(this.#state.records).map((heap) => heap.name);
    const notLoaded = this.waitingModules();
    return fail('ENOENT', { kind: 'no-such-heap', name, known, ...(notLoaded.length > 0 && { notLoaded }) });
  }

  #close(task: string, fd: number): SyscallResult {
    const file = new DescriptorTable(this.#state.records, task).remove(fd);
    if (file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
    this.#state.fput(file, task);
    return ok(0);
  }

  #ioctl(opened: Opened, request: number, arg: Uint8Array | null): SyscallResult {
    const state = this.#state;
    const { task, table, fd, descriptor, file } = opened;
    if (file.kind === 'stream') throw new NotModelled('an ioctl on a standard stream');
    const answered = vfsIoctl(table, fd, file, request, arg, this.profile.geometry);
    if (answered !== undefined) {
      state.files.put(descriptor.file, file);
      return answered;
    }
    const install = (newFile: number, flags: number) => state.install(table, newFile, flags);
    switch (file.kind) {
      case 'dma_buf': {
        const context = {
          files: state.files,
          install,
          isSyncFile: (other: number) => state.files.get(table.get(other)?.file ?? -1)?.kind === 'sync_file',
          cpuAccess: (access: 'begin' | 'end', direction: Parameters<typeof cpuAccess>[4]) =>
            cpuAccess(state, task, descriptor.file, access, direction),
        };
        const result = dmaBufIoctl(context, file, request, arg);
        if ('errno' in result) return fail(result.errno, result.why);
        state.files.put(descriptor.file, file);
        return ok(0);
      }
      case 'dma_heap': {
        const heap = findDmaHeap(state.records, file.heap);
        if (heap === undefined) throw new Error(`heap ${file.heap} has gone`);
        const result = dmaHeapIoctl(state.heapContext(task), state.files, heap, request, arg, install);
        return 'errno' in result ? fail(result.errno, result.why) : ok(0);
      }
      case 'sync_file':
        throw new NotModelled('a request on a sync_file');
      case 'virtual':
        return fail('ENOTTY');
    }
  }

  /** The nodes of /dev/dma_heap, by minor. */
  heaps(): HeapView[] {
    return heapViews(this.#state.records, this.#state.files);
  }

  /** The largest request that a heap can still answer, by what is free and how the heap aligns; 0 for none. */
  largestRequest(heap: string): bigint {
    return largestRequest(this.#state.records, heap);
  }

  /** The free runs of a heap's area or pool, ascending; none for the system heap. */
  freeRuns(heap: string): readonly PfnRange[] {
    return freeRunsOf(this.#state.records, heap);
  }

  /** Every child of /reserved-memory in tree order, then the default CMA area that has no node. */
  regions(): readonly RegionView[] {
    return bootRecord(this.#state.records).regions;
  }

  /** The fault rules by number. */
  faults(): readonly FaultView[] {
    return this.#state.faults.list();
  }

  /** The pinned runs of pages of CMA areas. */
  pinned(): readonly PinnedPages[] {
    return pinnedPages(this.#state.records);
  }

  /** The heap modules that are not loaded yet. */
  waitingModules(): readonly string[] {
    return waitingModules(this.#state.records);
  }

  /** The live dma-bufs, oldest first. */
  buffers(): BufferView[] {
    return bufferViews(this.#state);
  }

  /** How many dma-bufs are live: less work than `buffers`. */
  bufferCount(): number {
    return [...this.#state.files.dmaBufCounts().values()].reduce((sum, count) => sum + count, 0);
  }

  /** The dma-buf behind a task's descriptor, or `undefined` when it is no dma-buf. */
  buffer(task: string, fd: number): BufferView | undefined {
    return bufferOfDescriptor(this.#state, task, fd);
  }

  /** The dma-bufs that a task holds, oldest first. */
  heldBuffers(task: string): readonly HeldBuffer[] {
    return heldBuffers(this.#state, task);
  }

  /** A mapping of a task, without its bytes. */
  mappingOf(task: string, id: number): MappingView | undefined {
    return mappingOf(this.#state, task, id);
  }

  /** The attachment of that number. */
  attachment(id: number): DeviceAttachment | undefined {
    return attachmentOf(this.#state, id);
  }

  /** The attachments of a device, the oldest first. */
  attachmentsOf(device: string): readonly DeviceAttachment[] {
    return attachmentsOfDevice(this.#state, device);
  }

  /** Whether anybody refers to a file still: one that `heldBuffers` named. */
  hasFile(file: number): boolean {
    return this.#state.files.get(file) !== undefined;
  }

  /** Whether a descriptor of a task is open, whatever it is. */
  hasDescriptor(task: string, fd: number): boolean {
    return findDescriptor(this.#state.records, task, fd) !== undefined;
  }

  /** Where the first byte of a descriptor's dma-buf lies: less work than `buffer`. */
  physOf(task: string, fd: number): PhysAddr | undefined {
    const descriptor = findDescriptor(this.#state.records, task, fd);
    const file = descriptor && this.#state.files.get(descriptor.file);
    const pfn = file?.kind === 'dma_buf' ? file.sgTable[0]?.pfn : undefined;
    return pfn === undefined ? undefined : this.profile.geometry.pfnPhys(pfn);
  }

  hasTask(name: string): boolean {
    return findTask(this.#state.records, name) !== undefined;
  }

  /** The tasks by pid. */
  tasks(): TaskView[] {
    return taskViews(this.#state);
  }

  /** One task. */
  task(name: string): TaskView | undefined {
    return taskViewOf(this.#state, name);
  }

  /** The names of all tasks. */
  taskNames(): readonly string[] {
    return [...taskNames(this.#state.records)];
  }

  /** The devices by name. */
  devices(): readonly Device[] {
    return devicesOf(this.#state.records);
  }

  device(name: string): Device | undefined {
    return findDevice(this.#state.records, name);
  }

  /** Who has the bytes of a range of physical memory. */
  occupants(range: PhysRange): readonly Occupant[] {
    return occupants(this.#state.records, range);
  }

  /** What a path of /proc, /sys or /dev leads to for a child of a task; its descriptors do not matter. */
  lookup(path: string, task = SHELL_TASK): Lookup {
    const { records } = this.#state;
    const credentials = findTask(records, task)?.credentials ?? ROOT;
    return lookup({ ...this.#state.heapContext(task), task }, path, credentials);
  }

  /** The kernel's identity. */
  info(): KernelView {
    const { banner, cmdline, layout } = bootRecord(this.#state.records);
    return { banner, cmdline, layout, time: this.printk.time };
  }
}
