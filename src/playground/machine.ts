/** The kernel of a page: it boots what was given, and makes the steps that are clicked. */
import { explainOutcome } from '../cli/explain/explain-failure.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { kernelWarnings } from '../kernel/boot/asked-profile.ts';
import { boot } from '../kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import { SHELL_TASK } from '../kernel/task.ts';
import type { BufferView } from '../kernel/views/views.ts';
import { InMemoryPhysMemory } from '../mm/phys-memory.ts';
import { type LogLine, Printk } from '../printk.ts';
import { allocate } from '../program/allocate.ts';
import { finish, type Outcome } from '../program/outcome.ts';
import { type Finding, rebuildState } from '../reconstruct/index.ts';
import { MemoryRecords } from '../records.ts';
import type { Errno } from '../uapi/errno.ts';
import { bytesOf, type PhysAddr } from '../units.ts';
import { type GivenBoard, givenBoard } from './given-board.ts';
import type { PageInputs, PageStep } from './page-inputs.ts';

/** A step that was made, and what came of it. */
export interface DoneStep {
  readonly step: PageStep;
  /** The descriptor of an allocation that worked. */
  readonly fd?: number;
  /** Where its first piece lies. */
  readonly phys?: PhysAddr;
  readonly errno?: Errno;
  /** Why it failed, a sentence each. */
  readonly reasons: readonly string[];
  /** What it left in the kernel log. */
  readonly log: readonly LogLine[];
}

export class Machine {
  readonly given: GivenBoard;
  /** What is odd about the board and the kernel for it. */
  readonly warnings: readonly Diagnostic[];
  /** Of a log: what was assumed, does not fit together, or is not told. */
  readonly findings: readonly Finding[];
  /** What the kernel died of; then there is no kernel. */
  readonly panic?: string;
  readonly kernel?: Kernel;
  readonly #records = new MemoryRecords();
  readonly #done: DoneStep[] = [];

  /**
   * Reads the board, boots it, and makes the steps of the inputs.
   *
   * @throws InvalidInput when the input is no board, or its boot is refused
   */
  constructor(inputs: PageInputs) {
    this.given = givenBoard(inputs);
    const { board, params, reconstructed } = this.given;
    const outcome = boot(board, params, this.#records);
    this.warnings = [...this.given.warnings, ...kernelWarnings(board, params), ...outcome.warnings];
    if (outcome.panic !== undefined) {
      this.panic = outcome.panic;
      this.findings = reconstructed?.findings ?? [];
      return;
    }
    const kernel = new Kernel(this.#records, new InMemoryPhysMemory(layoutOf(this.#records)));
    this.kernel = kernel;
    const state = reconstructed && rebuildState(kernel, reconstructed.facts);
    this.findings = [...(reconstructed?.findings ?? []), ...(state?.findings ?? [])];
    for (const step of inputs.steps) this.make(step);
  }

  /** What was done, in order. */
  get done(): readonly DoneStep[] {
    return this.#done;
  }

  /** The kernel log, without the lines that a rate limit dropped. */
  log(): readonly LogLine[] {
    return this.#linesSince(0);
  }

  /** The buffers that the shell can free: by descriptor. */
  buffers(): readonly BufferView[] {
    return this.kernel?.buffers() ?? [];
  }

  /** Makes a step. @throws Error when there is no kernel */
  make(step: PageStep): DoneStep {
    const { kernel } = this;
    if (kernel === undefined) throw new Error('a step of a kernel that died');
    const mark = new Printk(this.#records).nextSeq;
    const { outcome, fd } = step.do === 'alloc' ? this.#allocate(kernel, step) : this.#free(kernel, step.fd);
    const buffer = fd === undefined ? undefined : kernel.buffer(SHELL_TASK, fd);
    const [first] = buffer?.sgTable ?? [];
    const done: DoneStep = {
      step,
      ...(fd !== undefined && { fd }),
      ...(first !== undefined && buffer !== undefined && { phys: bytesOf(first, buffer.pageSize).base }),
      ...(outcome.errno !== undefined && { errno: outcome.errno }),
      reasons: outcome.errno === undefined ? [] : explainOutcome(outcome),
      log: this.#linesSince(mark),
    };
    this.#done.push(done);
    return done;
  }

  #allocate(
    kernel: Kernel,
    { heap, size, name }: PageStep & { do: 'alloc' },
  ): { readonly outcome: Outcome; readonly fd?: number } {
    const request = { heap, size, ...(name !== undefined && { name }) };
    const outcome = finish(allocate({ kernel, task: SHELL_TASK }, request));
    const [fd] = outcome.fds;
    return { outcome, ...(fd !== undefined && { fd }) };
  }

  #free(kernel: Kernel, fd: number): { readonly outcome: Outcome; readonly fd?: undefined } {
    return { outcome: kernel.syscall(SHELL_TASK, { call: 'close', fd }) };
  }

  #linesSince(seq: number): readonly LogLine[] {
    return [...new Printk(this.#records).since(seq)].filter(({ suppressed }) => suppressed !== true);
  }
}
