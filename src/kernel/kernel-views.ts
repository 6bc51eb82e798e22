/** What those see who look at a kernel and change nothing. */
import type { Diagnostic } from '../diagnostic.ts';
import type { OpenFile } from '../dma-buf/dma-buf.ts';
import type { ExportedBuffer } from '../dma-buf/exported-buffers.ts';
import type { LargestRequest } from '../dma-buf/heap-ops.ts';
import { cmaAreas } from '../mm/alloc/cma.ts';
import { type PinnedPages, pinnedPages } from '../mm/alloc/pinned-pages.ts';
import type { Device } from '../mm/dma/device.ts';
import { deviceBuffer, deviceBuffers } from '../mm/dma/device-memory.ts';
import type { Profile } from '../profile/profile.ts';
import { geometryOf, profileIn } from '../profile/recorded-profile.ts';
import type { PfnRange, PhysAddr, PhysRange } from '../units.ts';
import type { AddressRange } from './address-space.ts';
import { bootRecord } from './boot/boot-record.ts';
import { waitingModules } from './boot/modules.ts';
import { vb2Queue } from './calls/media-calls.ts';
import { filesInFlight, type ScmFile } from './calls/scm-calls.ts';
import { devicesOf, findDevice } from './device-table.ts';
import type { FaultView } from './faults/faults.ts';
import type { Holder } from './file-holders.ts';
import { guessedPlaces } from './guessed-places.ts';
import { bootTree, liveTree, overlaysApplied } from './overlays.ts';
import type { KernelState } from './state.ts';
import { findDescriptor, findTask, ROOT, SHELL_TASK, taskNames } from './task.ts';
import {
  areasIn,
  attachmentOf,
  attachmentsOfDevice,
  bufferOfDescriptor,
  bufferOfFile,
  bufferViews,
  heldBuffers,
  mappingOf,
} from './views/buffer-view.ts';
import { type DescriptorView, descriptorsOf, descriptorView, mappingsOf } from './views/descriptor-view.ts';
import {
  type DeviceBindingView,
  type DeviceMemoryView,
  defaultAreaName,
  deviceBindingView,
  deviceMemoryView,
} from './views/device-memory-view.ts';
import { freeRunsOf, heapViews, largestRequest } from './views/heap-view.ts';
import { type MemoryView, memoryView } from './views/memory-view.ts';
import { type Occupant, occupants } from './views/occupant.ts';
import { taskViewOf, taskViews } from './views/task-view.ts';
import type {
  BufferView,
  DeviceAttachment,
  HeapView,
  HeldBuffer,
  KernelView,
  MappedArea,
  MappingView,
  RegionView,
  TaskView,
} from './views/views.ts';
import { type Lookup, lookup } from './virtual-files/lookup.ts';

export class KernelViews {
  readonly #state: KernelState;

  constructor(state: KernelState) {
    this.#state = state;
  }

  /** Which Linux it is: its pages, its architecture, its configuration. */
  get profile(): Profile {
    return profileIn(this.#state.records);
  }

  /** The nodes of /dev/dma_heap, by minor. */
  heaps(): HeapView[] {
    return heapViews(this.#state.records, this.#state.files);
  }

  /** The largest request that a heap can still answer, by what is free and how the heap aligns; 0 for none. */
  largestRequest(heap: string): bigint {
    const { records } = this.#state;
    return geometryOf(records).pagesToBytes(largestRequest(records, heap).pages);
  }

  /** The same in pages, and where they would lie. */
  largestBlock(heap: string): LargestRequest {
    return largestRequest(this.#state.records, heap);
  }

  /** The free runs of a heap's area or pool, ascending; none for the system heap. */
  freeRuns(heap: string): readonly PfnRange[] {
    return freeRunsOf(this.#state.records, heap);
  }

  /** Every CMA area in set-up order, also those without a heap: its frames, and which of them are free. */
  cmaAreas(): readonly (PfnRange & { readonly name: string; readonly free: readonly PfnRange[] })[] {
    const { records } = this.#state;
    return cmaAreas(records, bootRecord(records).cmaAreas).map((cma) => ({
      name: cma.name,
      pfn: cma.basePfn,
      pages: cma.count,
      free: cma.bitmap.freeFrames(cma.basePfn),
    }));
  }

  /** Every child of /reserved-memory in tree order, then the default CMA area that has no node. */
  regions(): readonly RegionView[] {
    return bootRecord(this.#state.records).regions;
  }

  /** What is odd about the board, and where Linux dies later or has several answers. */
  warnings(): readonly Diagnostic[] {
    return bootRecord(this.#state.records).warnings ?? [];
  }

  /** The fault rules by number. */
  faults(): readonly FaultView[] {
    return this.#state.faults.list();
  }

  /** The pinned runs of pages of CMA areas. */
  pinned(): readonly PinnedPages[] {
    return pinnedPages(this.#state.records);
  }

  /** The inode numbers of buffers whose place is a guess: they were rebuilt from what does not tell where they lie. */
  guessedPlaces(): readonly number[] {
    return guessedPlaces(this.#state.records);
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

  /** The address that a mapping was made at, which its number stands for; `undefined` when the task has none of it. */
  mappingAddress(task: string, id: number): bigint | undefined {
    return this.#state.mappings.get(task, id)?.start;
  }

  /** The areas of a task that lie in a range of addresses, by mapping. */
  areasIn(task: string, range: AddressRange): readonly MappedArea[] {
    return areasIn(this.#state, task, range);
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

  /** The number of the open file that a mapping is of; `undefined` when the task has no such mapping. */
  mappedFile(task: string, id: number): number | undefined {
    return this.#state.mappings.get(task, id)?.file;
  }

  /** Whether anybody refers to a file still: one that `heldBuffers` named. */
  hasFile(file: number): boolean {
    return this.#state.files.get(file) !== undefined;
  }

  /** The dma-buf of an open file, by its number. */
  bufferOfFile(file: number): BufferView | undefined {
    return bufferOfFile(this.#state, file);
  }

  /** The dma-bufs whose bytes lie in files of their own, with the numbers of their open files, oldest first. */
  exportedBuffers(): readonly (readonly [file: number, buffer: ExportedBuffer])[] {
    return [...this.#state.exported.all()];
  }

  /** The file that has a dma-buf's bytes, by the number of its open file; `undefined` where the arena has them. */
  exportedBuffer(file: number): ExportedBuffer | undefined {
    return this.#state.exported.get(file);
  }

  /** The files in messages that nobody has received, oldest first, by the numbers that `scm_send` gave. */
  filesInFlight(): readonly (readonly [id: number, sent: ScmFile])[] {
    return filesInFlight(this.#state.records);
  }

  /** The open file of that number. */
  openFile(file: number): Readonly<OpenFile> | undefined {
    return this.#state.files.get(file);
  }

  /** A descriptor of a task with the file behind it, whatever it is: less work than `task`. */
  descriptor(task: string, fd: number): DescriptorView | undefined {
    return descriptorView(this.#state, task, fd);
  }

  /** The descriptors of a file, by task and number. */
  descriptorsOf(file: number): readonly Holder[] {
    return descriptorsOf(this.#state, file);
  }

  /** The mappings of a file, by task and number. */
  mappingsOf(file: number): readonly Holder[] {
    return mappingsOf(this.#state, file);
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
  /** The device tree that the kernel was booted with, as a blob; `undefined` on a board without one. */
  bootTree(): Uint8Array | undefined {
    return bootTree(this.#state.records);
  }

  /** How many overlays went over it since. */
  overlaysApplied(): number {
    return overlaysApplied(this.#state.records);
  }

  /** The tree as overlays have left it. */
  liveTree(): Uint8Array | undefined {
    return liveTree(this.#state.records);
  }

  devices(): readonly Device[] {
    return devicesOf(this.#state.records);
  }

  device(name: string): Device | undefined {
    return findDevice(this.#state.records, name);
  }

  /** What a device has bound, and what its driver holds; `undefined` when there is no such device. */
  deviceMemory(name: string): DeviceBindingView | undefined {
    const device = this.device(name);
    return device && deviceBindingView(this.#state.records, device);
  }

  /** The name of the default CMA area, if there is one with pages. */
  defaultArea(): string | undefined {
    return defaultAreaName(this.#state.records);
  }

  /** What drivers hold, by number. */
  deviceBuffers(): readonly DeviceMemoryView[] {
    const { records } = this.#state;
    return deviceBuffers(records).map((buffer) => deviceMemoryView(records, buffer));
  }

  /** One of them. */
  deviceBuffer(id: number): DeviceMemoryView | undefined {
    const { records } = this.#state;
    const buffer = deviceBuffer(records, id);
    return buffer && deviceMemoryView(records, buffer);
  }

  /** The planes of the buffers of a device's V4L2 queue. */
  vb2Buffers(name: string): readonly (readonly DeviceMemoryView[])[] {
    const queue = vb2Queue(this.#state.records, name);
    return (queue?.buffers ?? []).map((planes) => planes.flatMap((id) => this.deviceBuffer(id) ?? []));
  }

  /** Who has which pages of physical memory. */
  memory(): MemoryView {
    return memoryView(this.#state.records);
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
    return { banner, cmdline, layout, time: this.#state.printk.time };
  }
}
