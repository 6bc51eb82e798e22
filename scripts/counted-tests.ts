/** Runs vitest with a configuration of its own, and ends with a line of counts, which `.ci/run` adds up. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(process.argv[1] ?? '.', '../..');

/**
 * Runs the tests of a configuration with this script's own arguments (files, names), and sets the exit code.
 *
 * @param config the configuration's file, in the project's directory
 */
export function runCounted(config: string): void {
  const work = mkdtempSync(join(tmpdir(), 'dmaheap-test-'));
  const report = join(work, 'vitest.json');
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        ...['run', '--config', join(root, config)],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
        ...process.argv.slice(2),
      ],
      { cwd: root, stdio: 'inherit' },
    );
    const counts = JSON.parse(readFileSync(report, 'utf8')) as Readonly<Record<string, number>>;
    const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = counts;
    // A file that does not even load is a failure that has no test.
    const failed = status === 0 ? numFailedTests : Math.max(1, numFailedTests);
    console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
