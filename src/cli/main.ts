/** Runs one command line, tells what went wrong, and says the exit code. Knows its surroundings only as given. */
import { type Command, CommanderError } from 'commander';
import { ProgramEnded } from './exec/program-ended.ts';
import { EXIT_DONE, EXIT_EXEC, exitCode } from './exit-code.ts';
import { errorJson, errorText } from './explain/report.ts';
import { AnsweredNo, CallFailed, Interrupted } from './failures.ts';
import { jsonText } from './json/json-text.ts';
import { createProgram, usageError } from './program.ts';
import type { Surroundings } from './shell.ts';
import { type Ink, makeInk } from './terminal/ink.ts';
import { Ledger } from './terminal/ledger.ts';
import { ClosedPipe, UnwritableOutput } from './terminal/streams.ts';
import { unwritableText } from './terminal/unwritable-output.ts';

/** Whether the words ask for JSON: asked of the words because they may be the mistake. */
const wantsJson = (words: readonly string[]): boolean => {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).includes('--json');
};

/** @returns what the command threw, `undefined` when it has done what it should; and the command's name */
async function thrownBy(words: readonly string[], surroundings: Surroundings, ledger: Ledger) {
  let program: Command | undefined;
  try {
    if (words[0] === '__complete') {
      const { answerCompletion } = await import('./commands/completion.ts');
      await answerCompletion(surroundings, words.slice(1), (named) => createProgram(surroundings, named));
    } else if (words[0] === '__boards' && (await (await import('./boards/worker.ts')).serveBoards())) {
      // A thread of `boards`, which has done its part.
    } else if (words[0] === '__serve') {
      const { serveProgram } = await import('./exec/serve-program.ts');
      await serveProgram(words[1] ?? '', surroundings.streams);
    } else {
      program = await createProgram(surroundings, words, ledger);
      await program.parseAsync(words, { from: 'user' });
    }
    return { thrown: undefined };
  } catch (error) {
    const command = program?.args[0];
    if (error instanceof CallFailed && program?.opts().verbose === true) {
      return { thrown: (await import('./explain/told-context.ts')).withRules(error), command };
    }
    if (error instanceof CommanderError) return { thrown: usageError(error, words), command };
    return { thrown: error ?? new Error('nothing was thrown'), command };
  }
}

/** Whether all is said already. */
const isTold = (thrown: unknown): boolean =>
  [ClosedPipe, AnsweredNo, Interrupted, ProgramEnded].some((one) => thrown instanceof one);

/** Tells why a command failed. @returns what else failed in telling: standard output is where JSON goes */
function tell(thrown: unknown, json: boolean, ink: Ink, { streams }: Surroundings, ledger: Ledger): unknown {
  if (isTold(thrown)) return thrown;
  if (thrown instanceof UnwritableOutput) {
    const failure = ledger.failure === undefined ? '' : errorText(ledger.failure, ink);
    streams.err(`${unwritableText(thrown, ledger, ink.bad('error:'))}${failure}`);
    return thrown;
  }
  if (!json) {
    streams.err(errorText(thrown, ink));
    return thrown;
  }
  const text = jsonText(errorJson(thrown));
  ledger.say(text);
  try {
    streams.out(text);
  } catch (unwritable) {
    if (!(unwritable instanceof UnwritableOutput)) return thrown;
    streams.err(`${unwritableText(unwritable, ledger, ink.bad('error:'))}${errorText(thrown, ink)}`);
    return unwritable;
  }
  return thrown;
}

/** The command `dmaheap` with these words after its name. Never rejects. @returns its exit code */
export async function main(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const ledger = new Ledger();
  const { thrown, command } = await thrownBy(words, surroundings, ledger);
  if (thrown === undefined) return EXIT_DONE;
  const { streams, env } = surroundings;
  const refused = words.includes('--no-color');
  const ink = await makeInk({ terminal: streams.errIsTerminal, refused, env });
  const told = tell(thrown, wantsJson(words), ink, surroundings, ledger);
  if (told instanceof ProgramEnded) return told.code;
  const isOwn = !(told instanceof Interrupted || told instanceof UnwritableOutput);
  return command === 'exec' && isOwn ? EXIT_EXEC : exitCode(told);
}
