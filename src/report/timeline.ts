/** Watches a kernel from step to step, and keeps what changed: for the pages that show every step. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { BufferView } from '../kernel/views/views.ts';
import {
  DMA_HEAP_ALLOCATION_DATA_SIZE,
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
} from '../uapi/dma-heap.ts';
import { HeapLevels } from './heap-levels.ts';
import { MemoryBases } from './memory-bases.ts';
import { memoryMap } from './memory-map.ts';
import type {
  ReportBuffer,
  ReportFinding,
  ReportLine,
  ReportPlace,
  ReportStep,
  TimelineData,
} from './report-data.ts';

/** A step as whoever ran it saw it. */
export interface SteppedOn {
  readonly text: string;
  readonly task: string;
  /** How it ended, where it did not simply succeed. */
  readonly ended?: string;
  readonly line?: number;
  readonly findings?: readonly Omit<ReportFinding, 'step'>[];
}

/** Lines of the log that are kept; what boot printed comes first. */
const MAX_LINES = 5000;
/** What a step may say of itself. */
const MAX_TEXT = 160;

type Growing = { -readonly [Key in keyof ReportBuffer]: ReportBuffer[Key] };

export class Timeline {
  readonly #kernel: Kernel;
  readonly #buffers: Growing[] = [];
  /** The buffers that live, by the number of their file. */
  readonly #alive = new Map<number, Growing>();
  /** Files that calls of the step at hand made. */
  #made: number[] = [];
  #hasNamed = false;
  readonly #tasks = new Map<string, number>();
  readonly #steps: ReportStep[] = [];
  readonly #log: ReportLine[] = [];
  #nextLine = 0;
  readonly #findings: ReportFinding[] = [];
  readonly #levels: HeapLevels;
  readonly #bases: MemoryBases;

  /** Begins with the kernel as it is, before any step. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const { onSyscall } = kernel;
    kernel.onSyscall = (task, call, result) => {
      onSyscall?.(task, call, result);
      this.#called(task, call, result);
    };
    this.#levels = new HeapLevels(kernel.heaps());
    this.#bases = new MemoryBases(memoryMap(kernel));
    this.#takeLines(0);
  }

  #called(task: string, call: Syscall, { ret }: SyscallResult): void {
    if (call.call !== 'ioctl' || ret < 0) return;
    if (call.request >>> 0 !== DMA_HEAP_IOCTL_ALLOC) {
      // DMA_BUF_SET_NAME is one of them.
      this.#hasNamed = true;
      return;
    }
    if (!(call.arg instanceof Uint8Array) || call.arg.length < DMA_HEAP_ALLOCATION_DATA_SIZE) return;
    const file = this.#kernel.descriptor(task, decodeDmaHeapAllocationData(call.arg).fd)?.file;
    if (file !== undefined) this.#made.push(file);
  }

  /** A step has ended. */
  stepped({ text, task, ended, line, findings = [] }: SteppedOn): void {
    const step = this.#steps.length + 1;
    const index = this.#tasks.get(task) ?? this.#tasks.size;
    this.#tasks.set(task, index);
    this.#steps.push({
      text: text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text,
      task: index,
      ...(ended !== undefined && { ended }),
      ...(line !== undefined && { line }),
    });
    for (const finding of findings) this.#findings.push({ ...finding, step });
    this.#takeLines(step);
    const moved = this.#takeBuffers(step);
    // What buffers do not explain was done by others: drivers, age, pinned pages.
    if (this.#levels.look(step, this.#kernel.heaps()) !== moved)
      this.#bases.look(step, memoryMap(this.#kernel));
  }

  #takeLines(step: number): void {
    for (const { text, time, suppressed } of this.#kernel.printk.since(this.#nextLine)) {
      if (suppressed !== true && this.#log.length < MAX_LINES) this.#log.push({ step, time, text });
    }
    this.#nextLine = this.#kernel.printk.nextSeq;
  }

  /** @returns bytes by which buffers made what is free change */
  #takeBuffers(step: number): number {
    let bytes = 0;
    for (const file of this.#made) {
      const view = this.#kernel.bufferOfFile(file);
      if (view === undefined) continue;
      const buffer: Growing = { ...bufferOf(view), born: step };
      this.#buffers.push(buffer);
      this.#alive.set(file, buffer);
      bytes -= bytesOf(view);
    }
    if (this.#hasNamed) this.#takeNames();
    this.#made = [];
    this.#hasNamed = false;
    if (this.#kernel.bufferCount() === this.#alive.size) return bytes;
    for (const [file, buffer] of this.#alive) {
      if (this.#kernel.hasFile(file)) continue;
      buffer.died = step;
      this.#alive.delete(file);
      bytes += pagesOf(buffer) * this.#bases.pageSize;
    }
    return bytes;
  }

  #takeNames(): void {
    for (const [file, buffer] of this.#alive) {
      const name = this.#kernel.bufferOfFile(file)?.name;
      if (name !== undefined) buffer.name = name;
    }
  }

  /** All that was seen. */
  data(): TimelineData {
    const last = memoryMap(this.#kernel);
    this.#bases.look(this.#steps.length, last);
    const { pageSize, banner, segments } = last;
    return {
      pageSize,
      banner,
      segments: segments.flatMap(({ pfn, pages }) => [pfn, pages]),
      places: last.places.map(placeOf),
      ...this.#bases.data(),
      buffers: this.#buffers,
      tasks: [...this.#tasks.keys()],
      steps: this.#steps,
      series: this.#levels.series(pageSize),
      log: this.#log,
      findings: this.#findings,
    };
  }
}

const bufferOf = ({ ino, name, heap, maker, size, sgTable }: BufferView): Omit<ReportBuffer, 'born'> => ({
  ino,
  name: name ?? `buffer ${ino}`,
  heap,
  task: maker,
  bytes: Number(size),
  runs: sgTable.flatMap(({ pfn, pages }) => [pfn, pages]),
});

const bytesOf = ({ sgTable, pageSize }: BufferView): number =>
  sgTable.reduce((sum, { pages }) => sum + pages, 0) * pageSize;

const pagesOf = ({ runs }: Pick<ReportBuffer, 'runs'>): number =>
  runs.reduce((sum, number, at) => (at % 2 === 1 ? sum + number : sum), 0);

const placeOf = ({
  name,
  pfn,
  pages,
  area,
  region,
  what,
}: ReturnType<typeof memoryMap>['places'][number]): ReportPlace => ({
  name,
  pfn,
  pages,
  heaps: area?.heaps ?? region?.heaps ?? [],
  what,
  ...(region?.why !== undefined && { why: region.why }),
});
