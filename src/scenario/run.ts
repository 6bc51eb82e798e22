/**
 * Runs a scenario: boots its board in memory and makes its steps, in slices, so that whoever waits can look at a
 * clock or be interrupted in between. Nothing but the scenario decides what happens.
 */
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { KernelOops } from '../dma-buf/kernel-oops.ts';
import { NotModelled } from '../dma-buf/not-modelled.ts';
import { askedProfile } from '../kernel/boot/asked-profile.ts';
import { type BootOutcome, boot } from '../kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import { nextRandom } from '../kernel/random.ts';
import { SHELL_TASK } from '../kernel/task.ts';
import { ArenaFull, InMemoryPhysMemory } from '../mm/phys-memory.ts';
import { Printk } from '../printk.ts';
import { linuxBanner } from '../profile/profile.ts';
import { startTask } from '../program/caller.ts';
import { MemoryRecords, type Records } from '../records.ts';
import { refuseUnknownHeap } from './actions/fault.ts';
import { SELF_STARTED } from './compile-steps.ts';
import { Consequences } from './consequences.ts';
import {
  MAX_ALIVE_TOLD,
  MAX_FAILED,
  MAX_RECORDS,
  MAX_STEPS,
  MAX_TOLD,
  MAX_TOUCHED,
  MAX_WARNED,
} from './limits.ts';
import { inPieces, type Machine, type Moment, type Pieces, type RunningProgram } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { diagnosticOf, faultPath, type PreparedScenario } from './prepare.ts';
import { BadValue } from './problem.ts';
import type { Leaf } from './program.ts';
import type { EndReport, LiveBuffer, Mismatch, Panic, RunReport, StepPlace, StepReport } from './report.ts';
import { mustSucceed, Seen } from './seen.ts';
import { stepText, varsRecord } from './step-text.ts';
import { StepsByCall } from './steps-by-call.ts';
import type { Vars } from './template.ts';
import { type Frame, type StepMaker, Thread } from './thread.ts';

export interface RunOptions {
  /** Goes on after a step that failed. */
  readonly keepGoing?: boolean;
  /** It is the user's own: its machine may be as large as it is. */
  readonly isOwn?: boolean;
  /** Told of every step that had an expectation or failed, as it ends. */
  readonly onStep?: (report: StepReport) => void;
  /** Told of every step and of what it left, as it ends. */
  readonly onSeen?: (seen: Seen, step: SeenStep) => void;
  /** A machine that runs already; nothing is booted then. */
  readonly on?: RunningMachine;
  /** Told of the machine that was booted, before the first step: whoever records it hooks in here. */
  readonly onBoot?: (kernel: Kernel, records: Records) => void;
}

/** A machine on which a real program runs. */
export interface RunningMachine {
  /** Its kernel at the moment. */
  kernel(): Kernel;
  /** Who makes the calls of steps that name nobody; the program starts it. */
  readonly task: string;
  readonly program: RunningProgram;
}

/** A step that was made. */
export interface SeenStep {
  readonly leaf: Leaf;
  readonly number: number;
  readonly task: string;
  readonly vars: Vars | undefined;
}

/** A step that ran: enough to tell of it when the run is over. */
interface Ran {
  readonly leaf: Leaf;
  readonly number: number;
  readonly task: string;
  readonly vars: Vars | undefined;
  readonly ret: number;
  /** Where it did not simply succeed. */
  readonly ended: Pick<Outcome, 'errno' | 'why' | 'remarks' | 'fault'> | undefined;
  /** Of one that failed: what was wrong, and what the calls left. */
  readonly failed:
    | Pick<StepReport, 'mismatches' | 'follows' | 'unmade' | 'log' | 'hazards' | 'alive'>
    | undefined;
}

const NONE: readonly never[] = [];
/** What booting a machine that runs comes to. */
const RUNS: BootOutcome = { warnings: NONE };
const PASSED = { mismatches: NONE, unmade: NONE, log: NONE, hazards: NONE } as const;

/** Which Linux was to boot: a kernel that dies has no banner of its own. */
function askedBanner({ board, params }: PreparedScenario): string {
  const { profile } = askedProfile(board, params);
  return profile === undefined ? '' : linuxBanner(profile);
}

export class ScenarioRun {
  readonly #prepared: PreparedScenario;
  readonly #options: RunOptions;
  readonly #machine: Machine | undefined;
  readonly #panic: Panic | undefined;
  readonly #warnings: readonly Diagnostic[];
  /** What steps had to tell, by its text. */
  readonly #told = new Map<string, Diagnostic>();
  readonly #thread: Thread;
  /** The step at hand, when it takes long. */
  #lengthy: Generator<undefined, void> | undefined;
  readonly #ran: Ran[] = [];
  readonly #failures: Ran[] = [];
  /** Tasks that are known to be alive. */
  readonly #tasks = new Set<string>();
  readonly #steps = new StepsByCall();
  readonly #consequences = new Consequences();
  readonly #records = new MemoryRecords();
  /** Steps that were checked and held, and that nobody is told of. */
  #untold = 0;
  #aliveTold = 0;
  #calls = 0;
  #number = 0;
  #random: number;
  #failed = false;
  #finished = false;
  #end: EndReport | undefined;

  /** Boots. @throws InvalidInput when the board cannot */
  constructor(prepared: PreparedScenario, options: RunOptions = {}) {
    this.#prepared = prepared;
    this.#options = options;
    this.#random = prepared.seed;
    const records = this.#records;
    const { on } = options;
    const { panic, cause, warnings } =
      on === undefined ? boot(prepared.board, prepared.params, records) : RUNS;
    this.#warnings = [...(prepared.assumed ?? []), ...warnings];
    if (panic !== undefined) {
      this.#panic = { message: panic, log: [...new Printk(records).since()], ...(cause && { cause }) };
    } else if (on !== undefined) {
      this.#machine = {
        get kernel() {
          return on.kernel();
        },
        program: on.program,
        names: new Map(),
        used: [],
        unmade: [],
        isOther: true,
        tree: prepared.board.tree,
        matching: { spent: 0 },
      };
    } else {
      const kernel = new Kernel(
        records,
        new InMemoryPhysMemory(layoutOf(records), options.isOwn === true ? undefined : MAX_TOUCHED),
      );
      kernel.onSyscall = (task, call, { why }) => {
        this.#calls++;
        if (call.call === 'exit') this.#tasks.delete(task);
        if (why?.kind === 'injected' && why.died !== undefined) this.#tasks.delete(why.died);
      };
      this.#machine = {
        kernel,
        names: new Map(),
        used: [],
        unmade: [],
        isOther: prepared.isOther === true,
        tree: prepared.board.tree,
        matching: { spent: 0 },
      };
      this.#checkFaults(this.#machine);
      options.onBoot?.(kernel, records);
    }
    const maker: StepMaker = {
      make: (leaf, frame) => this.#goOn(this.#leaf(leaf, frame)),
      below: (end) => this.#below(end),
      moment: ({ task, vars }) => ({ machine: this.#booted(), task, vars }),
    };
    this.#thread = new Thread(maker, prepared.steps, {
      task: on?.task ?? SHELL_TASK,
      vars: undefined,
    });
  }

  /** Rules of the boot, once its heaps are known. @throws InvalidInput */
  #checkFaults(machine: Machine): void {
    const { params, source } = this.#prepared;
    try {
      for (const [i, rule] of (params.faults ?? []).entries()) {
        refuseUnknownHeap(rule, machine, faultPath(source.scenario.boot?.fault, i));
      }
    } catch (error) {
      throw error instanceof BadValue ? new InvalidInput([this.#diagnostic(error)]) : error;
    }
  }

  /** Steps that ran so far. */
  get done(): number {
    return this.#number;
  }

  /** Runs so many steps more; one that takes long counts as several. @returns whether it is over @throws InvalidInput for a value that is known only now */
  advance(steps: number): boolean {
    try {
      if (this.#machine === undefined) this.#finish();
      for (let i = 0; i < steps && !this.#finished; i++) {
        if (this.#lengthy !== undefined) this.#goOn(this.#lengthy);
        else if (this.#over() || !this.#thread.step()) this.#finish();
      }
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      throw new InvalidInput([this.#diagnostic(error)]);
    }
    return this.#finished;
  }

  #diagnostic(error: BadValue): Diagnostic {
    return diagnosticOf(error.problem, this.#prepared.source);
  }

  /** What it came to so far. */
  report(): RunReport {
    const { source, seed, board } = this.#prepared;
    const { title } = source.scenario;
    const kernel = this.#machine?.kernel;
    const verdict = this.#failed ? 'failed' : this.#finished ? 'passed' : 'unfinished';
    return {
      file: source.file,
      ...(title !== undefined && { title }),
      verdict,
      profile: kernel?.info().banner ?? askedBanner(this.#prepared),
      board: board.source,
      seed,
      steps: this.#number,
      checked: this.#ran.length + this.#untold,
      untold: this.#untold,
      failures: this.#failures.map((ran) => this.#stepReport(ran)),
      reports: () => this.#ran.map((ran) => this.#stepReport(ran)),
      ...(this.#end && { end: this.#end }),
      ...(this.#panic && { panic: this.#panic }),
      warnings: [...this.#warnings, ...this.#told.values()],
      calls: this.#calls,
      time: kernel?.info().time ?? 0,
    };
  }

  /** A step has failed, and that ends it. */
  #over(): boolean {
    if (!this.#failed) return false;
    const { keepGoing, isOwn } = this.#options;
    return keepGoing !== true || (this.#failures.length >= MAX_FAILED && isOwn !== true);
  }

  #below(end: number): number {
    const { value, state } = nextRandom(this.#random);
    this.#random = state;
    return Math.floor(value * end);
  }

  #booted(): Machine {
    if (this.#machine === undefined) throw new Error('a kernel that has died runs no steps');
    return this.#machine;
  }

  #goOn(step: Generator<undefined, void>): void {
    this.#lengthy = step.next().done === true ? undefined : step;
  }

  *#leaf(leaf: Leaf, frame: Frame): Generator<undefined, void> {
    const machine = this.#booted();
    const { kernel, unmade, used } = machine;
    const task = this.#taskOf(leaf, frame, machine);
    const at: Moment = { machine, task, vars: frame.vars };
    const number = ++this.#number;
    this.#checkLimits(leaf);
    this.#steps.add(this.#calls, number, leaf);
    this.#start(task, kernel);
    const logMark = kernel.printk.nextSeq;
    const hazardMark = kernel.hazards.nextSeq;
    if (unmade.length > 0) unmade.length = 0;
    if (used.length > 0) used.length = 0;
    machine.matching.spent = 0;
    const outcome = yield* this.#act(leaf, at);
    for (const warning of outcome.warnings ?? NONE) this.#warn(leaf, warning);
    const as = leaf.as?.(at);
    if (as !== undefined) bind(machine.names, as, outcome);
    const seen = new Seen(at, outcome, logMark, hazardMark);
    this.#options.onSeen?.(seen, { leaf, number, task, vars: frame.vars });
    const mismatches = leaf.end?.(at) ?? (leaf.check ?? mustSucceed)(seen);
    const succeeded = outcome.ret >= 0;
    const follows = this.#consequences.of({ number, task, as, succeeded, used, mismatches });
    if (mismatches.length === 0 && leaf.check === undefined && leaf.end === undefined) return;
    const failed =
      mismatches.length === 0
        ? undefined
        : {
            mismatches,
            ...(follows !== undefined && { follows }),
            unmade: [...unmade],
            log: seen.log(),
            hazards: seen.hazards(),
            ...this.#aliveIf(mismatches),
          };
    const ran: Ran = {
      leaf,
      number,
      task,
      vars: frame.vars,
      ret: outcome.ret,
      ended: endedOf(outcome),
      failed,
    };
    if (failed !== undefined || this.#ran.length < MAX_TOLD) this.#ran.push(ran);
    else this.#untold++;
    if (failed !== undefined) {
      this.#failed = true;
      this.#failures.push(ran);
    }
    this.#options.onStep?.(this.#stepReport(ran));
  }

  /** Keeps what a step has to tell, where it stands. */
  #warn({ path }: Leaf, warning: Diagnostic): void {
    if (this.#told.size >= MAX_WARNED || this.#told.has(warning.message)) return;
    const position = this.#prepared.source.position?.(path) ?? { file: this.#prepared.source.file };
    this.#told.set(warning.message, { ...warning, position });
  }

  /** @throws BadValue when the run has become larger than any may be */
  #checkLimits({ path }: Leaf): void {
    if (this.#steps.isFull) {
      this.#steps.keep(
        this.#booted()
          .kernel.buffers()
          .map(({ call }) => call),
      );
    }
    if (this.#number > MAX_STEPS) {
      throw new BadValue({
        code: 'scenario-too-many-steps',
        message: `more than ${MAX_STEPS} steps have run`,
        path,
      });
    }
    if (this.#records.size > MAX_RECORDS && this.#options.isOwn !== true) {
      throw new BadValue({
        code: 'scenario-too-large',
        message: `the machine remembers more than ${MAX_RECORDS} things: buffers, descriptors, tasks, lines of its log`,
        path,
      });
    }
  }

  #taskOf(leaf: Leaf, frame: Frame, machine: Machine): string {
    if (leaf.task !== undefined) return leaf.task({ machine, task: frame.task, vars: frame.vars });
    return leaf.own ?? frame.task;
  }

  /** Starts a task that there is none of, or none any more. Some actions do so themselves. */
  #start(task: string, kernel: Kernel): void {
    if (this.#tasks.has(task) || SELF_STARTED.has(task) || task === this.#options.on?.task) return;
    this.#tasks.add(task);
    startTask({ kernel, task });
  }

  *#act(leaf: Leaf, at: Moment): Pieces {
    try {
      const acted = leaf.act(at);
      return inPieces(acted) ? yield* acted : acted;
    } catch (error) {
      if (error instanceof NotModelled || error instanceof KernelOops)
        return { ret: -38, notModelled: error.message };
      if (error instanceof ArenaFull) {
        throw new BadValue({ code: 'scenario-memory', message: error.message, path: leaf.path });
      }
      throw error;
    }
  }

  #aliveIf(mismatches: readonly Mismatch[]): { alive?: readonly LiveBuffer[] } {
    if (!mismatches.some(({ what }) => what === 'leaks' || what === 'buffers')) return {};
    const alive = this.#booted()
      .kernel.buffers()
      .slice(0, MAX_ALIVE_TOLD - this.#aliveTold);
    this.#aliveTold += alive.length;
    return { alive: alive.map((buffer) => ({ buffer, ...this.#madeBy(buffer.call) })) };
  }

  #madeBy(call: number): { madeBy?: StepPlace } {
    const step = this.#steps.of(call);
    return step === undefined ? {} : { madeBy: this.#place(step.leaf, step.number) };
  }

  #place({ path }: Leaf, number: number): StepPlace {
    const position = this.#prepared.source.position?.(path);
    return { number, path, ...(position && { position }) };
  }

  #stepReport({ leaf, number, task, vars, ret, ended, failed = PASSED }: Ran): StepReport {
    const { step, action } = leaf;
    return {
      ...this.#place(leaf, number),
      verdict: failed === PASSED ? 'passed' : 'failed',
      task,
      action,
      text: stepText(step, action, vars),
      vars: varsRecord(vars),
      ...(step.note !== undefined && { note: step.note }),
      ret,
      ...ended,
      ...failed,
    };
  }

  /** What must hold at the end, unless a step has failed. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#over()) return;
    const { end, panic, source } = this.#prepared;
    if (end === undefined && this.#panic === undefined) return;
    const mismatches: Mismatch[] = [];
    if (this.#panic !== undefined || panic !== undefined) {
      const wanted = panic?.({ machine: undefined as never, task: SHELL_TASK, vars: undefined });
      const got = this.#panic?.message;
      const holds = got !== undefined && wanted?.is(got) === true;
      if (!holds)
        mismatches.push({
          what: 'panic',
          expected: wanted?.text ?? 'a boot that does not die',
          got: got ?? 'none',
        });
    }
    const machine = this.#machine;
    if (machine !== undefined && end !== undefined) {
      machine.matching.spent = 0;
      mismatches.push(...end({ machine, task: SHELL_TASK, vars: undefined }));
    }
    if (mismatches.length > 0) this.#failed = true;
    const position = source.position?.(['expect'], 'key');
    const isHazard = mismatches.some(({ what }) => what === 'hazards');
    this.#end = {
      verdict: mismatches.length === 0 ? 'passed' : 'failed',
      ...(position && { position }),
      mismatches,
      hazards: isHazard && machine !== undefined ? [...machine.kernel.hazards.since()] : NONE,
      ...this.#aliveIf(mismatches),
    };
  }
}

/** What `as` names: the number that the step made, or the negative errno as a program would have it. */
function bind(names: Map<string, number>, name: string, { made, ret }: Outcome): void {
  if (typeof made !== 'object') {
    names.set(name, made ?? ret);
    return;
  }
  for (const [i, one] of made.entries()) names.set(`${name}${i}`, one);
}

/** How a step ended that did not simply succeed; what it read is not kept, since that may be large. */
function endedOf({ errno, why, remarks, fault }: Outcome): Ran['ended'] {
  if (errno === undefined && fault === undefined) return undefined;
  return {
    ...(errno && { errno }),
    ...(why && { why }),
    ...(remarks && { remarks }),
    ...(fault && { fault }),
  };
}

/** Runs a scenario to its end. @throws InvalidInput for a value that is known only then */
export function runScenario(prepared: PreparedScenario, options: RunOptions = {}): RunReport {
  const run = new ScenarioRun(prepared, options);
  while (!run.advance(10_000)) {
    // On to the next slice.
  }
  return run.report();
}
