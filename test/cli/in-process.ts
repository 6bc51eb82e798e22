/** Runs command lines in this process, over streams that a test makes. */
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import type { Command } from 'commander';
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
  return { stdout: out.text(), stderr: err.text(), code };
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
