/**
 * What the steps of a scenario answer on two machines, and the first that answers otherwise. What is compared is what a
 * program sees; where the system heap's pages lie is nobody's to rely on.
 */
import type { SourcePosition } from '../diagnostic.ts';
import { bytesOf, formatHex } from '../units.ts';
import type { PreparedScenario } from './prepare.ts';
import type { Path } from './problem.ts';
import { ScenarioRun, type SeenStep } from './run.ts';
import { ending, type Seen } from './seen.ts';
import { stepText } from './step-text.ts';

/** What a step answered, by what is told of it. */
type Answer = Readonly<Record<string, string>>;

/** The first step that answers otherwise. */
export interface AnswerDifference {
  /** The Nth step that ran, from 1. */
  readonly number: number;
  readonly path: Path;
  readonly position?: SourcePosition;
  readonly task: string;
  readonly action: string;
  readonly text: string;
  readonly differences: readonly { readonly what: string; readonly before: string; readonly after: string }[];
}

/** Characters of an answer that are told, and bytes that are compared. */
const SHOWN = 200;
const COMPARED = 1 << 20;

const hex = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, SHOWN / 2)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** A number that differs where bytes do: FNV-1a. */
function sumOf(bytes: Uint8Array): string {
  let sum = 0x811c9dc5;
  for (const byte of bytes.subarray(0, COMPARED)) sum = Math.imul(sum ^ byte, 0x01000193);
  return formatHex(BigInt(sum >>> 0));
}

/** @param isPlaced whether addresses of a heap's buffers are anybody's to rely on */
function answerOf(seen: Seen, isPlaced: (heap: string) => boolean): Answer {
  const { outcome } = seen;
  const buffer = seen.buffer();
  const bytes =
    outcome.bytes ?? (outcome.text === undefined ? undefined : new TextEncoder().encode(outcome.text));
  const log = seen.log().filter(({ suppressed }) => suppressed !== true);
  const [run] = buffer === undefined || !isPlaced(buffer.heap) ? [] : buffer.sgTable;
  return {
    result: ending(outcome),
    ...(buffer !== undefined && { size: String(buffer.size), exp_name: buffer.expName }),
    ...(run !== undefined && { phys: formatHex(bytesOf(run, buffer?.pageSize ?? 0).base) }),
    ...(bytes !== undefined && {
      bytes: `${bytes.length} bytes, sum ${sumOf(bytes)}: ${hex(bytes)}`,
    }),
    ...(outcome.names !== undefined && { names: outcome.names.join(', ') }),
    ...(outcome.arg !== undefined && { arg: hex(outcome.arg) }),
    ...(outcome.revents !== undefined && { revents: String(outcome.revents) }),
    log: log.map(({ level, text }) => `<${level}>${text}`).join('\n'),
  };
}

/** What each step answered, as it ran. */
export class StepAnswers {
  readonly #run: ScenarioRun;
  readonly #answers: Answer[] = [];
  /** Whether heaps are behind a region, by their names. */
  readonly #placed = new Map<string, boolean>();
  readonly #before: StepAnswers | undefined;
  #difference: AnswerDifference | undefined;

  /** @param before the answers of another machine, which these are compared with @throws InvalidInput */
  constructor(prepared: PreparedScenario, before?: StepAnswers) {
    this.#before = before;
    this.#run = new ScenarioRun(prepared, {
      keepGoing: true,
      onSeen: (seen, step) => {
        const isPlaced = (name: string) => this.#isPlaced(name, seen);
        if (this.#difference === undefined) this.#take(answerOf(seen, isPlaced), step, prepared);
      },
    });
  }

  /** The first step that answers otherwise, so far. */
  get difference(): AnswerDifference | undefined {
    return this.#difference;
  }

  get done(): number {
    return this.#run.done;
  }

  /** @returns whether it is over: at the end, or at the first difference */
  advance(steps: number): boolean {
    return this.#run.advance(steps) || this.#difference !== undefined;
  }

  #isPlaced(name: string, { at }: Seen): boolean {
    const known = this.#placed.get(name);
    if (known !== undefined) return known;
    const isPlaced = at.machine.kernel
      .heaps()
      .some((heap) => heap.name === name && heap.region !== undefined);
    this.#placed.set(name, isPlaced);
    return isPlaced;
  }

  #take(answer: Answer, { leaf, number, task, vars }: SeenStep, { source }: PreparedScenario): void {
    if (this.#before === undefined) {
      this.#answers.push(answer);
      return;
    }
    const then = this.#before.#answers[number - 1];
    const differences = then === undefined ? [] : differencesOf(then, answer);
    if (differences.length === 0) return;
    const position = source.position?.(leaf.path);
    this.#difference = {
      number,
      path: leaf.path,
      ...(position && { position }),
      task,
      action: leaf.action,
      text: stepText(leaf.step, leaf.action, vars),
      differences,
    };
  }
}

/** Of a step: what it answered otherwise. */
function differencesOf(before: Answer, after: Answer): AnswerDifference['differences'] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((what) => {
    const [then, now] = [before[what] ?? 'none', after[what] ?? 'none'];
    return then === now ? [] : [{ what, before: then || 'none', after: now || 'none' }];
  });
}

/** Runs a scenario on two machines. @throws InvalidInput for a value that is known only then */
export function firstAnswerDifference(
  before: PreparedScenario,
  after: PreparedScenario,
): AnswerDifference | undefined {
  const first = new StepAnswers(before);
  while (!first.advance(10_000));
  const second = new StepAnswers(after, first);
  while (!second.advance(10_000));
  return second.difference;
}
