/**
 * Many processes that run the built command on one session at once, and what became of all that they
 * were told. Used by the suite for a few hundred commands and by `npm run soak -- mixed` for thousands.
 */
import { checkSession } from '../../src/session/check-session.ts';
import { openSession } from '../../src/session/local-session.ts';
import { Random } from '../fuzz/random.ts';
import { BOARD, BuiltCommand } from './built-command.ts';
import { at } from './camera-board.ts';
import { MixedModel } from './mixed-model.ts';
import { MixedOwner, type MixedOwnerOptions, OWNER } from './mixed-owner.ts';
import { MixedWorker } from './mixed-worker.ts';

export interface MixedOptions {
  readonly processes: number;
  /** Of each process. */
  readonly commands: number;
  readonly seed: number;
  /** The executable that runs the command; by default the one that runs this. */
  readonly node?: string;
  /** Another process owns the session meanwhile, and works on it as well. */
  readonly owner?: MixedOwnerOptions;
}

export interface MixedResult {
  /** Processes that were run. */
  commands: number;
  /** Allocations for which no memory was left. */
  refused: number;
  /** Commands that did not answer as they must, by exit code or signal. */
  readonly failures: Map<string, number>;
  /** The longest of them, in milliseconds. */
  longest: number;
  /** Descriptors that were open at the end. */
  open: number;
  /** Descriptors that were answered and are not there. */
  lost: number;
  /** Everything that is not as it must be, in words. */
  readonly problems: string[];
  /** What the owner did. */
  owner?: MixedOwner['work'];
}

/** Boots a session in `dir` and has everybody work on it. */
export async function runMixed(dir: string, options: MixedOptions): Promise<MixedResult> {
  const { processes, commands, seed, node } = options;
  const command = new BuiltCommand(dir, node);
  await command.must('boot', BOARD);
  const model = new MixedModel();
  const { problems } = model;
  const result: MixedResult = {
    commands: 0,
    refused: 0,
    failures: new Map(),
    longest: 0,
    open: 0,
    lost: 0,
    problems,
  };
  const owner = options.owner && new MixedOwner(dir, options.owner);
  const work = async (number: number): Promise<void> => {
    const random = new Random(seed * 1000 + number);
    const worker = new MixedWorker(number, command, model, random, (words, answer, isExpected) => {
      result.commands++;
      result.longest = Math.max(result.longest, answer.took);
      const end = String(answer.code ?? answer.signal);
      if (isExpected && answer.code !== 0) result.refused++;
      if (isExpected) return;
      result.failures.set(end, (result.failures.get(end) ?? 0) + 1);
      problems.push(`${words.join(' ')}: ${end}: ${answer.err.trim()}`);
    });
    for (let i = 0; i < commands; i++) await worker.step();
  };
  await Promise.all(Array.from({ length: processes }, (_, number) => work(number)));
  await owner?.end();
  problems.push(...(owner?.failures ?? []));

  const { lost, unknown } = model.compare(await command.must('buffers', '--json'));
  problems.push(...lost.map((name) => `${name} was answered and is not there`));
  problems.push(...unknown.map((name) => `${name} is there, and nobody was told`));
  const session = openSession(at(dir));
  // The owner's own task is not told of: it leaves nothing.
  model.compareJournal(session.journal(), OWNER);
  session.close();
  problems.push(...checkSession(at(dir)));
  await command.must('session', 'check');
  return Object.assign(result, { open: model.size, lost: lost.length, ...(owner && { owner: owner.work }) });
}
