/** What running a scenario came to, as data. */
import type { Diagnostic, SourcePosition } from '../diagnostic.ts';
import type { Report } from '../kernel/coherency/hazard-log.ts';
import type { BufferView } from '../kernel/views/views.ts';
import type { LogLine } from '../printk.ts';
import type { Outcome } from './outcome.ts';
import type { Path } from './problem.ts';

/** One thing that was expected, and what came instead. */
export interface Mismatch {
  /** The key under `expect`: `errno`, `phys`, `heaps.system.free`. */
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

/** A buffer that is alive, and the step that made it. */
export interface LiveBuffer {
  readonly buffer: BufferView;
  readonly madeBy?: StepPlace;
}

/** Where a step stands. */
export interface StepPlace {
  /** The Nth step that ran, from 1. */
  readonly number: number;
  /** In the scenario's data: `['steps', 3, 'repeat', 'do', 0]`. */
  readonly path: Path;
  readonly position?: SourcePosition;
}

/** What its call answered, and why it failed in numbers. */
type Answered = Pick<Outcome, 'ret' | 'errno' | 'why' | 'remarks' | 'fault'>;

export interface StepReport extends StepPlace, Answered {
  readonly verdict: 'passed' | 'failed';
  readonly task: string;
  readonly action: string;
  /** The step as one line of YAML, with variables as they were. */
  readonly text: string;
  /** The variables of the loops around it. */
  readonly vars: Readonly<Record<string, string>>;
  readonly mismatches: readonly Mismatch[];
  readonly note?: string;
  /** Of a step that failed: the number of an earlier one that failed, of which this is a consequence. */
  readonly follows?: number;
  /** Names that it used and that no step had made. */
  readonly unmade: readonly string[];
  /** Of a step that failed: the lines that it left in the kernel log, and what went wrong with shared memory. */
  readonly log: readonly LogLine[];
  readonly hazards: readonly Report[];
  /** Of an expectation about leaks that failed. */
  readonly alive?: readonly LiveBuffer[];
}

/** What was expected at the end. */
export interface EndReport {
  readonly verdict: 'passed' | 'failed';
  readonly position?: SourcePosition;
  readonly mismatches: readonly Mismatch[];
  readonly alive?: readonly LiveBuffer[];
  readonly hazards: readonly Report[];
}

/** A boot that dies, its log, and what it died of. */
export interface Panic {
  readonly message: string;
  readonly log: readonly LogLine[];
  readonly cause?: Diagnostic;
}

export interface RunReport {
  readonly file: string;
  readonly title?: string;
  /** `failed`: an expectation did not hold; `unfinished`: it was stopped from outside. */
  readonly verdict: 'passed' | 'failed' | 'unfinished';
  /** Which Linux was run. */
  readonly profile: string;
  /** The board's file, or the scenario's own when the board stands in it. */
  readonly board: string;
  readonly seed: number;
  /** Steps that ran. */
  readonly steps: number;
  /** How many of them had an expectation or failed. */
  readonly checked: number;
  /** How many of those held, and are left out of `reports`: what a run keeps is bounded. */
  readonly untold: number;
  /** Those that failed. */
  readonly failures: readonly StepReport[];
  /** Those that had an expectation or failed, in the order in which they ran: made when they are asked for. */
  reports(): readonly StepReport[];
  /** Absent when there was none, or a step failed before. */
  readonly end?: EndReport;
  /** What the boot died of. */
  readonly panic?: Panic;
  /** Where the booted Linux dies later or has several answers, and what steps had to tell, each once. */
  readonly warnings: readonly Diagnostic[];
  /** Calls of the kernel, and its logical time in nanoseconds at the end. */
  readonly calls: number;
  readonly time: number;
}
