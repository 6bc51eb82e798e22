/** Runs command lines in this process, which takes milliseconds: for tests that need many. */
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import { type Command, CommanderError } from 'commander';
import { exitCode } from '../../src/cli/exit-code.ts';
import { createProgram, usageError } from '../../src/cli/program.ts';
import { errorText } from '../../src/cli/report.ts';

// V8's flags are those of the whole process: a command that compiles source changes one, and other tests ask for it.
v8.setFlagsFromString = () => undefined;
syncBuiltinESMExports();

export interface RanHere {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param words absolute paths in them: the directory is that of the tests */
export async function runHere(words: readonly string[], cwd = '/nowhere'): Promise<RanHere> {
  let out = '';
  let err = '';
  const text = (data: string | Uint8Array) =>
    typeof data === 'string' ? data : Buffer.from(data).toString();
  const streams = {
    out: (data: string | Uint8Array) => {
      out += text(data);
    },
    err: (data: string) => {
      err += data;
    },
    outIsTerminal: false,
    errIsTerminal: false,
  };
  let thrown: unknown;
  try {
    await createProgram({ streams, env: {}, cwd }).parseAsync(words, { from: 'user' });
  } catch (error) {
    thrown = error instanceof CommanderError ? usageError(error) : error;
  }
  return { code: exitCode(thrown), out, err: err + (thrown === undefined ? '' : errorText(thrown)) };
}

/** Every command that does something, with the words that call it. */
export function commandsOf(): readonly { readonly words: readonly string[]; readonly command: Command }[] {
  const streams = { out: () => {}, err: () => {}, outIsTerminal: false, errIsTerminal: false };
  const walk = (command: Command, words: readonly string[]): ReturnType<typeof commandsOf> => [
    ...(words.length > 0 ? [{ words, command }] : []),
    ...command.commands.flatMap((inner) => walk(inner, [...words, inner.name()])),
  ];
  return walk(createProgram({ streams, env: {}, cwd: '/' }), []);
}
