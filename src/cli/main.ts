/** The command `dmaheap`: runs one command line, tells what went wrong, sets the exit code. */
import { CommanderError } from 'commander';
import { answerCompletion } from './commands/completion.ts';
import { exitCode } from './exit-code.ts';
import { AnsweredNo, Interrupted } from './failures.ts';
import { makeInk } from './ink.ts';
import { jsonText } from './json-text.ts';
import { createProgram, usageError } from './program.ts';
import { errorJson, errorText } from './report.ts';
import { ClosedPipe, processStreams } from './streams.ts';

/** Whether the words ask for JSON: asked of the words because they may be the mistake. */
const wantsJson = (words: readonly string[]): boolean => {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).includes('--json');
};

async function tell(thrown: unknown, words: readonly string[]): Promise<void> {
  const streams = processStreams;
  if (thrown instanceof ClosedPipe || thrown instanceof AnsweredNo || thrown instanceof Interrupted) return;
  if (wantsJson(words)) {
    streams.out(jsonText(errorJson(thrown)));
    return;
  }
  const ink = await makeInk({
    terminal: streams.errIsTerminal,
    refused: words.includes('--no-color'),
    env: process.env,
  });
  streams.err(errorText(thrown, ink));
}

async function main(words: readonly string[]): Promise<number> {
  let thrown: unknown;
  try {
    const surroundings = { streams: processStreams, env: process.env, cwd: process.cwd() };
    const program = createProgram(surroundings);
    if (words[0] === '__complete') await answerCompletion(program, surroundings, words.slice(1));
    else await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    thrown = error instanceof CommanderError ? usageError(error) : error;
  }
  if (thrown === undefined) return 0;
  try {
    await tell(thrown, words);
  } catch (error) {
    if (!(error instanceof ClosedPipe)) throw error;
  }
  return exitCode(thrown);
}

main(process.argv.slice(2)).then((code) => {
  // All output is written, and the store needs no closing: at an ordinary end SQLite would write its log
  // into the database, which costs more syncs than the commit did.
  process.exit(code);
});
