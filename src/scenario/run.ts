/**
 * Runs a scenario: boots its board in memory and makes its steps, in slices, so that whoever waits can look at a
 * clock or be interrupted in between. Nothing but the scenario decides what happens.
 */
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { NotModelled } from '../dma-buf/not-modelled.ts';
import { boot, SHELL_TASK } from '../kernel/boot.ts';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import { nextRandom } from '../kernel/random.ts';
import { ROOT } from '../kernel/task.ts';
import { InMemoryPhysMemory } from '../mm/phys-memory.ts';
import { type LogLine, Printk } from '../printk.ts';
import { MemoryRecords } from '../records.ts';
import { ending } from './expectation.ts';
import type { Machine, Moment } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { diagnosticOf, type PreparedScenario } from './prepare.ts';
import { BadValue } from './problem.ts';
import type { Leaf, Node } from './program.ts';
import type { EndReport, LiveBuffer, Mismatch, RunReport, StepPlace, StepReport } from './report.ts';
import { stepText, varsRecord } from './step-text.ts';
import type { Vars } from './template.ts';

export interface RunOptions {
  /** Goes on after a step that failed. */
  readonly keepGoing?: boolean;
  /** Told of every step that had an expectation or failed, as it ends. */
  readonly onStep?: (report: StepReport) => void;
}

/** Whose steps run, with which variables. */
interface Frame {
  readonly task: string;
  readonly vars: Vars | undefined;
}

/** A step that ran: enough to tell of it when the run is over. */
interface Ran {
  readonly leaf: Leaf;
  readonly number: number;
  readonly frame: Frame;
  readonly outcome: Outcome;
  readonly mismatches: readonly Mismatch[];
  readonly unmade: readonly string[];
  /** Of one that failed: what the calls left. */
  readonly failed?: Pick<StepReport, 'log' | 'hazards' | 'alive'>;
}

/** The task that ages a heap, where the step names none. */
const AGE_TASK = 'age';
const NONE: readonly never[] = [];

export class ScenarioRun {
  readonly #prepared: PreparedScenario;
  readonly #options: RunOptions;
  readonly #machine: Machine | undefined;
  readonly #panic: { readonly message: string; readonly log: readonly LogLine[] } | undefined;
  readonly #steps: Iterator<void>;
  readonly #ran: Ran[] = [];
  /** Of every step that ran, the number of its first call: who made a buffer. */
  readonly #firstCalls: number[] = [];
  readonly #leaves: Leaf[] = [];
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
    const records = new MemoryRecords();
    const { panic } = boot(prepared.board, prepared.params, records);
    if (panic !== undefined) {
      this.#panic = { message: panic, log: [...new Printk(records).since()] };
    } else {
      const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
      kernel.onSyscall = () => {
        this.#calls++;
      };
      this.#machine = { kernel, names: new Map(), unmade: [], tree: prepared.board.tree };
    }
    this.#steps = this.#block(prepared.steps, { task: SHELL_TASK, vars: undefined });
  }

  /** Steps that ran so far. */
  get done(): number {
    return this.#number;
  }

  /** Runs so many steps more. @returns whether it is over @throws InvalidInput for a value that is known only now */
  advance(steps: number): boolean {
    try {
      if (this.#machine === undefined) this.#finish();
      for (let i = 0; i < steps && !this.#finished; i++) {
        if (this.#steps.next().done === true) this.#finish();
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
      profile: kernel?.info().banner ?? '',
      board: board.source,
      seed,
      steps: this.#number,
      reports: this.#ran.map((ran) => this.#stepReport(ran)),
      ...(this.#end && { end: this.#end }),
      ...(this.#panic && { panic: this.#panic }),
      calls: this.#calls,
      time: kernel?.info().time ?? 0,
    };
  }

  *#block(nodes: readonly Node[], frame: Frame): Generator<void> {
    for (const node of nodes) {
      if (node.kind === 'leaf') {
        this.#leaf(node, frame);
        yield;
        if (this.#failed && this.#options.keepGoing !== true) return;
      } else {
        yield* this.#control(node, frame);
        if (this.#failed && this.#options.keepGoing !== true) return;
      }
    }
  }

  *#control(node: Exclude<Node, Leaf>, outer: Frame): Generator<void> {
    const machine = this.#booted();
    const at = { machine, task: outer.task, vars: outer.vars };
    const frame: Frame = node.task === undefined ? outer : { ...outer, task: node.task(at) };
    const { vars } = frame;
    switch (node.kind) {
      case 'repeat': {
        const times = node.times(at);
        for (let i = 0; i < times && !this.#over(); i++) {
          yield* this.#block(node.body, { ...frame, vars: { name: 'i', value: String(i), outer: vars } });
        }
        return;
      }
      case 'for':
        for (const value of node.list) {
          if (this.#over()) return;
          const inner = { name: node.variable, value: value(at), outer: vars };
          yield* this.#block(node.body, { ...frame, vars: inner });
        }
        return;
      case 'choose': {
        const weights = node.branches.map(({ weight }) => weight(at));
        let left = this.#below(weights.reduce((sum, weight) => sum + weight, 0));
        for (const [i, { body }] of node.branches.entries()) {
          left -= weights[i] ?? 0;
          if (left < 0) return yield* this.#block(body, frame);
        }
        return;
      }
      case 'parallel': {
        const branches = node.branches.map(({ task, body }) => this.#block(body, { task: task(at), vars }));
        yield* this.#interleave(branches, node.seeded);
      }
    }
  }

  /** One step of each branch in turn, or of one by chance. */
  *#interleave(branches: Generator<void>[], seeded: boolean): Generator<void> {
    const live = [...branches];
    for (let turn = 0; live.length > 0 && !this.#over(); ) {
      if (seeded) turn = this.#below(live.length);
      else if (turn >= live.length) turn = 0;
      const branch = live[turn];
      if (branch === undefined) return;
      if (branch.next().done === true) {
        live.splice(turn, 1);
        continue;
      }
      yield;
      turn++;
    }
  }

  #over(): boolean {
    return this.#failed && this.#options.keepGoing !== true;
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

  #leaf(leaf: Leaf, frame: Frame): void {
    const machine = this.#booted();
    const { kernel, unmade } = machine;
    let { task } = frame;
    if (leaf.task !== undefined) task = leaf.task({ machine, task, vars: frame.vars });
    else if (leaf.action === 'age') task = AGE_TASK;
    const at: Moment = { machine, task, vars: frame.vars };
    this.#firstCalls.push(this.#calls);
    this.#leaves.push(leaf);
    const number = ++this.#number;
    // A task that ages a heap is started with room for more descriptors.
    if (task !== AGE_TASK && !kernel.hasTask(task)) {
      kernel.syscall(task, { call: 'task_add', name: task, credentials: ROOT, nofile: 1024 });
    }
    const logMark = kernel.printk.nextSeq;
    const hazardMark = kernel.hazards.nextSeq;
    if (unmade.length > 0) unmade.length = 0;
    const outcome = this.#act(leaf, at);
    if (leaf.as !== undefined) bind(machine.names, leaf.as(at), outcome);

    const log = () => [...kernel.printk.since(logMark)];
    const hazards = () => [...kernel.hazards.since(hazardMark)];
    const mismatches = this.#mismatches(leaf, at, outcome, log, hazards);
    if (leaf.check === undefined && leaf.end === undefined && mismatches.length === 0) return;
    const ran: Ran = {
      leaf,
      number,
      frame: task === frame.task ? frame : { task, vars: frame.vars },
      outcome: withoutBytes(outcome),
      mismatches,
      unmade: unmade.length > 0 ? [...unmade] : NONE,
      ...(mismatches.length > 0 && {
        failed: { log: log(), hazards: hazards(), ...this.#aliveIf(mismatches) },
      }),
    };
    this.#ran.push(ran);
    if (mismatches.length > 0) this.#failed = true;
    this.#options.onStep?.(this.#stepReport(ran));
  }

  #act(leaf: Leaf, at: Moment): Outcome {
    try {
      return leaf.act(at);
    } catch (error) {
      if (error instanceof NotModelled) return { ret: -38, notModelled: error.message };
      throw error;
    }
  }

  #mismatches(
    leaf: Leaf,
    at: Moment,
    outcome: Outcome,
    log: () => readonly LogLine[],
    hazards: () => StepReport['hazards'],
  ): readonly Mismatch[] {
    if (leaf.end !== undefined) return leaf.end(at);
    if (leaf.check !== undefined) return leaf.check({ at, outcome, log, hazards });
    const { errno, fault, notModelled } = outcome;
    if (errno === undefined && fault === undefined && notModelled === undefined) return NONE;
    return [{ what: fault === undefined ? 'errno' : 'fault', expected: 'success', got: ending(outcome) }];
  }

  #aliveIf(mismatches: readonly Mismatch[]): { alive?: readonly LiveBuffer[] } {
    if (!mismatches.some(({ what }) => what === 'leaks' || what === 'buffers')) return {};
    return {
      alive: this.#booted()
        .kernel.buffers()
        .map((buffer) => ({ buffer, ...this.#madeBy(buffer.call) })),
    };
  }

  /** The step that made a call: the last one that began before it. */
  #madeBy(call: number): { madeBy?: StepPlace } {
    let low = 0;
    let high = this.#firstCalls.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#firstCalls[middle] ?? 0) <= call) low = middle + 1;
      else high = middle;
    }
    const leaf = this.#leaves[low - 1];
    return leaf === undefined ? {} : { madeBy: this.#place(leaf, low) };
  }

  #place({ path }: Leaf, number: number): StepPlace {
    const position = this.#prepared.source.position?.(path);
    return { number, path, ...(position && { position }) };
  }

  #stepReport({ leaf, number, frame, outcome, mismatches, unmade, failed }: Ran): StepReport {
    const { step, action } = leaf;
    const { ret, errno, why, fault } = outcome;
    return {
      ...this.#place(leaf, number),
      verdict: mismatches.length === 0 ? 'passed' : 'failed',
      task: frame.task,
      action,
      text: stepText(step, action, frame.vars),
      vars: varsRecord(frame.vars),
      mismatches,
      ...(step.note !== undefined && { note: step.note }),
      ret,
      ...(errno !== undefined && { errno }),
      ...(why !== undefined && { why }),
      ...(fault !== undefined && { fault }),
      unmade,
      log: failed?.log ?? NONE,
      hazards: failed?.hazards ?? NONE,
      ...(failed?.alive && { alive: failed.alive }),
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

/** An outcome that is kept: what was read may be large. */
function withoutBytes(outcome: Outcome): Outcome {
  if (outcome.bytes === undefined && outcome.text === undefined) return outcome;
  const { ret, errno, why, fault } = outcome;
  return { ret, ...(errno && { errno }), ...(why && { why }), ...(fault && { fault }) };
}

/** Runs a scenario to its end. @throws InvalidInput for a value that is known only then */
export function runScenario(prepared: PreparedScenario, options: RunOptions = {}): RunReport {
  const run = new ScenarioRun(prepared, options);
  while (!run.advance(10_000)) {
    // On to the next slice.
  }
  return run.report();
}
