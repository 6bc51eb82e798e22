/** What test files share that start child processes on sessions. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { bundleChild } from './bundle-child.ts';

/** A directory for sessions and the bundle of the child processes, from the first test to the last; the bundle is there in tests. */
export function childTests(name: string): { readonly directory: string; readonly bundle: string } {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), `dmaheap-${name}-`)));
  const tests = { directory, bundle: '' };
  beforeAll(async () => {
    tests.bundle = await bundleChild();
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
    rmSync(tests.bundle, { force: true });
  });
  return tests;
}
