// The built command in a session of its own, and what can be seen of the session afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { checkSession } from '../../src/session/check-session.ts';
import { openSession } from '../../src/session/local-session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { at, ROOT } from '../../test/session/camera-board.ts';
import { observe } from '../../test/session/random-calls.ts';

export const BOARD = join(ROOT, 'fixtures/boards/camera-soc.dtb');
const COMMAND = join(ROOT, 'bin/dmaheap.cjs');

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** Runs the command below others, strace or a shell that sets limits say. */
export async function dmaheap(
  session: string,
  words: readonly string[],
  below: readonly string[] = [],
): Promise<Ended> {
  const [program = '', ...args] = [...below, process.execPath, COMMAND, ...words];
  const child = spawn(program, args, {
    env: { ...process.env, DMAHEAP_SESSION: session, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr?.on('data', (data) => {
    stderr += String(data);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stderr };
}

/** All that is seen of a session, `none` when there is none, or why it cannot be used. */
export function stateOf(path: string): string {
  try {
    const session = openSession(at(path));
    try {
      return JSON.stringify(session.view(observe), (_, value: unknown) =>
        typeof value === 'bigint' ? `${value}n` : value,
      );
    } finally {
      session.close();
    }
  } catch (error) {
    return isNone(error) ? 'none' : `unusable: ${String(error)}`;
  }
}

export function problemsOf(path: string): string[] {
  try {
    return checkSession(at(path));
  } catch (error) {
    return isNone(error) ? [] : [String(error)];
  }
}

const isNone = (error: unknown): boolean =>
  error instanceof SessionError && /^session-(missing|not-a-session)$/.test(error.code);

/** How a command ended, as a row of a table; `undefined` when no command may end so. */
export function outcome(ended: Ended, before: string, path: string, after: string): string | undefined {
  const { code, signal, stderr } = ended;
  const state = stateOf(path);
  if (signal !== null || (code !== 0 && code !== 4)) return undefined;
  if (problemsOf(path).length > 0 || (state !== before && state !== after)) return undefined;
  const isDone = state === after;
  if (code === 0 && before !== after) return isDone ? 'exit 0, done' : undefined;
  // Said by name, in one line; a stack or a warning of Node's would be no answer.
  if (code === 4 && (!/^error: .+\n/m.test(stderr) || /\n +at |bug in dmaheap/.test(stderr)))
    return undefined;
  if (before === after) return `exit ${code}, nothing changed`;
  const isOpen = /is not known/.test(stderr);
  if (isDone) return isOpen ? 'exit 4 "not known", done' : undefined;
  return isOpen ? 'exit 4 "not known", not done' : 'exit 4, not done';
}

/** Counts by what was done and how it ended, for a table. */
export class Counts {
  readonly #rows = new Map<string, Map<string, number>>();

  add(row: string, column: string): void {
    const columns = this.#rows.get(row) ?? new Map<string, number>();
    this.#rows.set(row, columns.set(column, (columns.get(column) ?? 0) + 1));
  }

  print(): void {
    for (const [row, columns] of this.#rows) {
      const all = [...columns.values()].reduce((sum, count) => sum + count, 0);
      const parts = [...columns].sort().map(([column, count]) => `${count} ${column}`);
      console.log(`${row}: ${all}: ${parts.join('; ')}`);
    }
  }
}
