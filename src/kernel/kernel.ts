/** A running kernel: one entrance for everything that tasks do; `kernel-views.ts` is for those who look. */
import { isCached } from '../dma-buf/backends.ts';
import { NotModelled } from '../dma-buf/not-modelled.ts';
import { NO_MEMORY, type PhysMemory } from '../mm/phys-memory.ts';
import type { Printk } from '../printk.ts';
import { type Records, RehearsalRecords } from '../records.ts';
import type { PhysRange } from '../units.ts';
import { type Access, type AccessPlace, watched } from './access.ts';
import { bootRecord } from './boot/boot-record.ts';
import { releaseDrm } from './calls/drm-calls.ts';
import type { FileHandler, TaskHandler } from './calls/handler.ts';
import { handlerOf } from './calls/index.ts';
import { exit } from './calls/process-calls.ts';
import { fail, ok } from './calls/results.ts';
import { notedMemory } from './coherency/cpu-memory.ts';
import { type DeviceMapping, type DmaView, deviceMapping, dmaView } from './coherency/dma.ts';
import type { HazardLog } from './coherency/hazard-log.ts';
import type { Struck } from './faults/faults.ts';
import { KernelViews } from './kernel-views.ts';
import { MappedRange, type Mapping } from './mapping.ts';
import { KernelState } from './state.ts';
import type { FileCall, Syscall, SyscallResult } from './syscall.ts';
import { DescriptorTable, findTask, SHELL_TASK, taskNames } from './task.ts';
import { writableParts } from './writable-parts.ts';

/** Where the booted board has memory, for whoever makes the arena. */
export const layoutOf = (records: Records): readonly PhysRange[] => bootRecord(records).layout;

/** How many calls were made since boot: the number of the next one. */
const CALLS = 'calls';

export class Kernel extends KernelViews {
  readonly printk: Printk;
  /** Stale reads, lost writes and stray DMA. */
  readonly hazards: HazardLog;
  /** Called before every system call, when what its pointers lead to is still the caller's. */
  beforeSyscall?: (task: string, call: Syscall) => void;
  /** Called after every system call: journals and traces hook in here. */
  onSyscall?: (task: string, call: Syscall, result: SyscallResult) => void;
  /** Called after every call for each task that the OOM killer ended in it: whom it picks is a guess. */
  onOomKill?: (victim: string) => void;
  /** Called after every load, store and DMA access, which no system call makes. */
  onAccess?: (access: Access) => void;
  readonly #state: KernelState;

  /**
   * Wakes the kernel that `boot` left in the records; loads nothing until asked.
   *
   * @param memory the arena over `layoutOf(records)`
   */
  constructor(records: Records, memory: PhysMemory) {
    const state = new KernelState(records, memory, { exit, releaseDrm });
    super(state);
    this.#state = state;
    this.printk = state.printk;
    this.hazards = state.coherency;
  }

  /**
   * The one entrance: a call of a task.
   *
   * @returns the value or the negative errno, with the reason in numbers
   * @throws NotModelled when the model does not know what Linux answers
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

  /**
   * Runs `body` on this kernel as it is now. What it changes there is forgotten, and no byte of memory is written: to
   * see what a call would answer.
   */
  rehearse<T>(body: (kernel: Kernel) => T): T {
    const { memory, records } = this.#state;
    const silent: PhysMemory = { ...NO_MEMORY, read: (address, into) => memory.read(address, into) };
    return body(new Kernel(new RehearsalRecords(records), silent));
  }

  /**
   * The bytes of a task's dma-buf lie in a file of its own from now on, which a real program can map; at the end of the
   * buffer they are moved into the arena.
   *
   * @param name the file, in the session's directory of buffers: there, as long as the buffer, all zeros
   * @throws Error when the descriptor is no dma-buf's, when it has a file already, or when nothing may be called so
   */
  exportBuffer(task: string, fd: number, name: string): void {
    const file = new DescriptorTable(this.#state.records, task).get(fd)?.file;
    if (file === undefined) throw new Error(`${task} has no descriptor ${fd}`);
    this.#state.exportBuffer(file, name);
  }

  /** The bytes behind a mapping that mmap returned. @throws Error when the task has no such mapping */
  mapping(id: number, task = SHELL_TASK): Mapping {
    const { mappings, files: table } = this.#state;
    const record = mappings.get(task, id);
    const file = record && table.get(record.file);
    if (record === undefined || file?.kind !== 'dma_buf') throw new Error(`no mapping ${id} in ${task}`);
    const memory = () => this.#state.cpuMemory(task, isCached(file.backing));
    const range = new MappedRange(task, id, record, file.sgTable, memory, mappings, this.profile);
    const bytes = this.#watched(range, (offset) => ({ task, mapping: id, offset }));
    return { id, length: range.length, ...bytes, holeIn: (at, size) => range.holeIn(at, size) };
  }

  /**
   * A real program has stored bytes, which was found afterwards: they are in memory, and caches and bounce buffers learn of
   * it. Nothing is noted of what the task cannot have written, for want of a mapping.
   *
   * @param file the number of the dma-buf's open file
   * @param offset in the buffer
   */
  noteStore(task: string, file: number, offset: bigint, bytes: Uint8Array): void {
    const open = this.#state.files.get(file);
    if (open?.kind !== 'dma_buf') return;
    const { mappings } = this.#state;
    const memory = notedMemory(this.#state, task, isCached(open.backing));
    for (const { mapping, record, at, from, to } of writableParts(
      mappings,
      task,
      file,
      offset,
      bytes.length,
    )) {
      const part = bytes.subarray(from, to);
      const range = new MappedRange(
        task,
        mapping,
        record,
        open.sgTable,
        () => memory,
        mappings,
        this.profile,
      );
      range.write(at, part);
      this.onAccess?.({ access: 'write', place: { task, mapping, offset: at }, bytes: part });
    }
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
    const handler = handlerOf(call.call);
    if (handler === undefined) throw new NotModelled(`the call ${call.call}`);
    if (handler.on === 'machine') return handler.answer(state, task, call);
    if (findTask(state.records, task) === undefined) {
      return fail('ESRCH', { kind: 'no-such-task', task, known: [...taskNames(state.records)] });
    }
    const struck = state.faults.atEntrance(task, state.call, call, (fd) => this.#kindOf(task, fd));
    const result =
      struck === undefined ? this.#answer(handler, task, call) : this.#struck(handler, task, call, struck);
    for (const victim of state.dying) exit(state, victim);
    state.dying.clear();
    for (const victim of state.oomKilled.splice(0)) this.onOomKill?.(victim);
    return result;
  }

  #answer(handler: TaskHandler | FileHandler, task: string, call: Syscall): SyscallResult {
    if (handler.on === 'task') return handler.answer(this.#state, task, call);
    return this.#onFile(handler, task, call as FileCall);
  }

  /** A call that begins with a descriptor. */
  #onFile(handler: FileHandler, task: string, call: FileCall): SyscallResult {
    const state = this.#state;
    const refused = handler.refuse(state, call);
    if (refused !== undefined) return refused;
    const { fd } = call;
    const table = new DescriptorTable(state.records, task);
    const descriptor = table.get(fd);
    const file = descriptor && state.files.get(descriptor.file);
    if (descriptor === undefined || file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
    if (file.kind === 'path' && !handler.takesPath)
      return fail('EBADF', { kind: 'access-mode', flags: file.flags });
    return handler.answer(state, { task, table, fd, descriptor, file }, call);
  }

  /** What a descriptor of a task is. */
  #kindOf(task: string, fd: number): string | undefined {
    const descriptor = new DescriptorTable(this.#state.records, task).get(fd);
    return descriptor && this.#state.files.get(descriptor.file)?.kind;
  }

  /** A call that a fault rule struck. */
  #struck(handler: TaskHandler | FileHandler, task: string, call: Syscall, struck: Struck): SyscallResult {
    const { rule } = struck;
    switch (struck.does) {
      case 'leak':
        return ok(0);
      case 'exit':
        exit(this.#state, task);
        return fail('ESRCH', { kind: 'injected', rule, died: task });
      case 'errno': {
        // close(2) has given up the descriptor before it can fail: filp_close().
        const closed =
          call.call === 'close' && struck.errno !== 'EBADF' ? this.#answer(handler, task, call) : ok(0);
        return closed.ret < 0 ? closed : fail(struck.errno, { kind: 'injected', rule });
      }
    }
  }
}
