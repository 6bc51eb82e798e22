/** Runs command lines in this process, over streams that a test makes. */
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import type { Command } from 'commander';
import { wrongWith } from '../../scripts/answer-forms/answers.ts';
import { main } from '../../src/cli/main.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Surroundings } from '../../src/cli/shell.ts';
import { type Sink, streamsTo } from '../../src/cli/terminal/streams.ts';

// V8's flags are those of the whole process: a command that compiles source changes one, and other tests ask for it.
v8.setFlagsFromString = () => undefined;
syncBuiltinESMExports();

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Takes everything, and tells it. */
export function collecting(): { readonly sink: Sink; readonly text: () => string } {
  const parts: Buffer[] = [];
  return {
    sink: (bytes, done) => {
      parts.push(Buffer.from(bytes.subarray(done)));
      return bytes.length - done;
    },
    text: () => Buffer.concat(parts).toString(),
  };
}

/** Fails as the system does. */
export const failing =
  (code: string, text: string): Sink =>
  () => {
    throw Object.assign(new Error(`${code}: ${text}, write`), { code, syscall: 'write' });
  };

/** These print text, whatever else is asked. */
const TEXTS = new Set(['__complete', 'help', '--help', '-h', '--version', '-V']);

/** What every answer as JSON is held to: one object of the form that it says it has. @throws when it is not */
function checkAnswer(words: readonly string[], { stdout, code }: Answer): void {
  const isJson = words.includes('--json') && !words.includes('--') && !words.some((word) => TEXTS.has(word));
  // What Ctrl-C ended may have ended within an answer; a closed pipe has none.
  if (!isJson || stdout === '' || code === 130) return;
  const wrong = wrongWith(JSON.parse(stdout));
  if (wrong !== undefined) throw new Error(`dmaheap ${words.join(' ')}: ${wrong}`);
}

/** @param streams what stands in for the streams, which are collected otherwise */
export async function dmaheap(
  words: readonly string[],
  streams: { readonly out?: Sink; readonly err?: Sink } = {},
  more: Partial<Surroundings> = {},
): Promise<Answer> {
  const [out, err] = [collecting(), collecting()];
  const surroundings = {
    streams: streamsTo(streams.out ?? out.sink, streams.err ?? err.sink),
    env: {},
    cwd: '/',
    ...more,
  };
  const code = await main(words, surroundings);
  const answer = { stdout: out.text(), stderr: err.text(), code };
  checkAnswer(words, answer);
  return answer;
}

export interface Called {
  readonly words: readonly string[];
  readonly command: Command;
}

/** Every command that does something, with the words that call it. */
export async function commandsOf(): Promise<readonly Called[]> {
  const streams = { out: () => {}, err: () => {}, outIsTerminal: false, errIsTerminal: false };
  const walk = (command: Command, words: readonly string[]): readonly Called[] => [
    ...(words.length > 0 ? [{ words, command }] : []),
    ...command.commands.flatMap((inner) => walk(inner, [...words, inner.name()])),
  ];
  return walk(await createProgram({ streams, env: {}, cwd: '/' }), []);
}
