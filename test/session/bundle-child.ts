/** Bundles the child processes of session tests as the command is bundled. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { build } from 'esbuild';
import { ROOT } from './camera-board.ts';

/** @returns the path of the bundle, which lies where packages resolve */
export async function bundleChild(): Promise<string> {
  const directory = `${ROOT}/node_modules/.cache/session-tests`;
  mkdirSync(directory, { recursive: true });
  // Test files share a process: each has its own.
  const outfile = `${directory}/child-${randomUUID()}.cjs`;
  await build({
    entryPoints: [`${ROOT}/test/session/session-child.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { 'import.meta.url': '__filename' },
    logLevel: 'warning',
  });
  return outfile;
}

export function startChild(bundle: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [bundle, ...args], {
    env: { ...process.env, DMAHEAP_TEST_ROOT: ROOT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
