import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_WAIT } from '../../src/session/sqlite-store.ts';
import { bundleChild } from './bundle-child.ts';
import { runReaders } from './readers-writers.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-readers-'));
let bundle = '';
beforeAll(async () => {
  bundle = await bundleChild();
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  rmSync(bundle, { force: true });
});

it('long views never make a transaction fail or wait too long, nor transactions a view', async () => {
  const options = { readers: 4, writers: 2, milliseconds: 2000, view: 300 };
  const { failures, writers, readers } = await runReaders(join(directory, 'session'), bundle, options);
  expect(failures).toEqual([]);
  expect(writers.longestWait).toBeLessThan(DEFAULT_WAIT);
  // A view waits for a processor at most.
  expect(readers.longestWait).toBeLessThan(DEFAULT_WAIT / 10);
  // Far more transactions than views could let in between them.
  expect(readers.done).toBeGreaterThan(10);
  expect(writers.done).toBeGreaterThan(readers.done);
});
