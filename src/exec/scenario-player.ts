/**
 * `--with`: a scenario that is played on the session while a program runs, such as the work of a device. Its steps are made
 * between two calls of programs; one that waits for the program is asked again after each of them.
 *
 * ```
 *   program   alloc ── mmap ── START ── stores ── END ───────────── START ── loads
 *   scenario     └ attach, map                     └ read, write (a frame)
 * ```
 */
import { InvalidInput } from '../diagnostic.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { RunningMachine, RunningProgram, RunReport, ScenarioRun } from '../scenario/index.ts';
import { type CheckSync, syncOf } from './check-sync.ts';

/** Makes a scenario's run, on a machine that runs already. */
export type MakeRun = (on: RunningMachine) => ScenarioRun;

/** SYNCs of a buffer that are remembered until a step takes them. */
const MOST = 1024;

/** What a program has done, as steps wait for it. */
class Program implements RunningProgram {
  readonly taken = new Set<number>();
  isAwaited = false;
  /** Flags by file, the oldest first. */
  readonly #syncs = new Map<number, number[]>();

  made(file: number, flags: number): void {
    const known = this.#syncs.get(file);
    if (known === undefined) this.#syncs.set(file, [flags]);
    else if (known.push(flags) > MOST) known.shift();
  }

  takeSync(file: number, isWanted: (flags: number) => boolean): boolean {
    const known = this.#syncs.get(file) ?? [];
    const at = known.findIndex(isWanted);
    known.splice(0, at < 0 ? known.length : at + 1);
    return at >= 0;
  }
}

export class ScenarioPlayer {
  readonly #run: ScenarioRun;
  readonly #program = new Program();
  #kernel: Kernel | undefined;
  #isDone = false;
  /** What a value that was known only now has come to. */
  #problem: string | undefined;

  /** @param task the program's first task: it makes the calls of steps that name none */
  constructor(make: MakeRun, task: string) {
    this.#run = make({ kernel: () => this.#kernel as Kernel, task, program: this.#program });
  }

  /** A program has made a call. */
  called(kernel: Kernel, task: string, call: Syscall, { ret }: SyscallResult): void {
    if (ret < 0 || call.call !== 'ioctl') return;
    const sync = syncOf(kernel, task, call);
    if (sync !== undefined) this.#program.made(sync.file, sync.flags);
  }

  /**
   * Makes steps until one waits for the program.
   *
   * @param kernel of a transaction
   * @param check what compares buffers around accesses of devices
   */
  play(kernel: Kernel, check: CheckSync | undefined): void {
    this.#kernel = kernel;
    let hasLooked = false;
    try {
      while (!this.#isDone) {
        const wasAwaited = this.#program.isAwaited;
        this.#program.isAwaited = false;
        if (!wasAwaited && !hasLooked) {
          check?.look(kernel);
          hasLooked = true;
        }
        this.#isDone = this.#run.advance(1);
        if (this.#program.isAwaited) break;
      }
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      this.stop(error.message);
    } finally {
      if (hasLooked) check?.skip();
    }
  }

  /** Makes no steps any more. */
  stop(why: string): void {
    this.#isDone = true;
    this.#problem = why;
  }

  /** What it came to so far. @param kernel of a view */
  report(kernel: Kernel): { readonly report: RunReport; readonly problem?: string } {
    this.#kernel = kernel;
    const problem = this.#problem;
    return { report: this.#run.report(), ...(problem !== undefined && { problem }) };
  }
}
