/** Runs the built command as a user does: in a shell, in a directory of its own. */
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
  /** Runs one line of shell; texts that differ from machine to machine are replaced. */
  sh(line: string): Ran;
  /** Runs lines one after another and writes down all that they did. */
  transcript(...lines: readonly string[]): string;
}

/** What `jq .` does with valid JSON, where there is no jq. */
const JQ = `#!/usr/bin/env node
process.stdout.write(JSON.stringify(JSON.parse(require('node:fs').readFileSync(0, 'utf8')), null, 2) + '\\n');
`;

/** A fresh directory with \`dmaheap\` on the PATH and \`boards\` in it; removed after the test. */
export function freshPlace(): Place {
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
    XDG_CACHE_HOME: join(dir, '.cache'),
    LC_ALL: 'C',
  };
  const stable = (text: string) =>
    text.replaceAll(dir, '$PLACE').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '$TIME');
  const sh = (line: string): Ran => {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', line], { cwd: dir, env, encoding: 'utf8' });
    return { stdout: stable(stdout), stderr: stable(stderr), code: status };
  };
  const transcript = (...lines: readonly string[]) =>
    lines
      .map((line) => {
        const { stdout, stderr, code } = sh(line);
        const mark = (text: string, sign: string) => text.replace(/^(?=.)/gm, sign);
        return `$ ${line}\n${mark(stdout, '  ')}${mark(stderr, '! ')}${code === 0 ? '' : `[exit ${code}]\n`}`;
      })
      .join('\n');
  return { dir, env, sh, transcript };
}
