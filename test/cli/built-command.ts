/**
 * Runs command lines as a user does, in a directory of their own: the built command in a shell, or where a shell
 * would do no more than hand on words, the command of this process, which starts none.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { plainCommands } from './plain-commands.ts';

export const COMMAND = fileURLToPath(new URL('../../bin/dmaheap.cjs', import.meta.url));
export const BOARDS = fileURLToPath(new URL('../../fixtures/boards', import.meta.url));

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface Place {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /**
   * Runs one line, in this process where it can; texts that differ from machine to machine are replaced.
   * What is about the process, the bundle or the terminal takes `inShell`.
   */
  sh(line: string): Promise<Ran>;
  /** Runs lines one after another and writes down all that they did. */
  transcript(...lines: readonly string[]): Promise<string>;
  /** Runs one line of shell with the built command. */
  inShell(line: string): Ran;
}

/** What `jq .` does with valid JSON, where there is no jq. */
const JQ = `#!/usr/bin/env node
process.stdout.write(JSON.stringify(JSON.parse(require('node:fs').readFileSync(0, 'utf8')), null, 2) + '\\n');
`;

/**
 * A fresh directory with `dmaheap` on the PATH and `boards` in it; removed after the test.
 *
 * @param command `built`: every line is run by a shell, with the built command
 */
export function freshPlace(command: 'here' | 'built' = 'here'): Place {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'dmaheap-e2e-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(COMMAND, join(bin, 'dmaheap'));
  // Copies: what a scenario names lies below its own directory, links resolved.
  cpSync(BOARDS, join(dir, 'boards'), { recursive: true });
  if (spawnSync('jq', ['--version']).status !== 0) {
    writeFileSync(join(bin, 'jq'), JQ);
    chmodSync(join(bin, 'jq'), 0o755);
  }
  const { DMAHEAP_SESSION: _, NO_COLOR: __, ...rest } = process.env;
  const env = {
    ...rest,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    XDG_CACHE_HOME: join(bin, '.cache'),
    LC_ALL: 'C',
  };
  const stable = (text: string) =>
    text.replaceAll(dir, '$PLACE').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '$TIME');
  const inShell = (line: string): Ran => {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', line], { cwd: dir, env, encoding: 'utf8' });
    return { stdout: stable(stdout), stderr: stable(stderr), code: status };
  };
  const sh = async (line: string): Promise<Ran> => {
    const commands = command === 'built' ? undefined : plainCommands(line);
    if (commands === undefined) return inShell(line);
    const { dmaheap } = await import('./in-process.ts');
    const ran = { stdout: '', stderr: '', code: 0 };
    const before = process.cwd();
    process.chdir(dir);
    try {
      for (const { words, out, err, stops } of commands) {
        const { stdout, stderr, code } = await dmaheap(words, {}, { env, cwd: dir });
        if (out) ran.stdout += stable(stdout);
        if (err) ran.stderr += stable(stderr);
        ran.code = code;
        if (stops && code !== 0) break;
      }
      return ran;
    } finally {
      process.chdir(before);
    }
  };
  const transcript = async (...lines: readonly string[]) => {
    const parts: string[] = [];
    for (const line of lines) {
      const { stdout, stderr, code } = await sh(line);
      const mark = (text: string, sign: string) => text.replace(/^(?=.)/gm, sign);
      const end = code === 0 ? '' : `[exit ${code}]\n`;
      parts.push(`$ ${line}\n${mark(stdout, '  ')}${mark(stderr, '! ')}${end}`);
    }
    return parts.join('\n');
  };
  return { dir, env, sh, transcript, inShell };
}
