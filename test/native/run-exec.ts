/** `dmaheap exec` as a user types it, with the built command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { projectPath } from '../small-board.ts';

const COMMAND = projectPath('bin/dmaheap.cjs');

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Longer than any run takes: milliseconds. */
const LIMIT = 60_000;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Told of each piece of its standard output, together with all that came before. */
  readonly whenSaid?: (stdout: string, child: ChildProcess) => void;
}

/** Runs one command line of dmaheap to its end. */
export function dmaheap(
  words: readonly string[],
  { cwd, env, input, whenSaid }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...words], {
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, DMAHEAP_SESSION: '', ...env },
      timeout: LIMIT,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      whenSaid?.(stdout, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ stdout, stderr, code }));
    child.stdin.end(input ?? '');
  });
}

/** A directory for one test. */
export function freshDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-native-'));
  // A server may still be putting a session away.
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return dir;
}

/** A session for one test. @param words what else `boot` is given */
export async function freshSession(board: string, ...words: readonly string[]): Promise<string> {
  const session = join(freshDirectory(), 'session');
  const { code, stderr } = await dmaheap(['--session', session, 'boot', board, ...words]);
  if (code !== 0) throw new Error(`boot: exit ${code}\n${stderr}`);
  return session;
}
