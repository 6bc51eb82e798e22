import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { isBusy } from '../../src/session/sqlite-error.ts';
import { DEFAULT_WAIT } from '../../src/session/sqlite-store.ts';
import { startChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { childTests } from './child-tests.ts';
import { runReaders } from './readers-writers.ts';

const tests = childTests('readers');
const { directory } = tests;

it('long views never make a transaction fail or wait too long, nor transactions a view', async () => {
  const options = { readers: 4, writers: 2, milliseconds: 2000, view: 300 };
  const { failures, writers, readers } = await runReaders(join(directory, 'session'), tests.bundle, options);
  expect(failures).toEqual([]);
  expect(writers.longestWait).toBeLessThan(DEFAULT_WAIT);
  // A view waits for a processor at most.
  expect(readers.longestWait).toBeLessThan(DEFAULT_WAIT / 10);
  // Far more transactions than views could let in between them.
  expect(readers.done).toBeGreaterThan(10);
  expect(writers.done).toBeGreaterThan(readers.done);
});

it('who waits for one that takes the lock again and again gets it', async () => {
  const dir = join(directory, 'greedy');
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const greedy = startChild(tests.bundle, ['transactions', dir, '60000', 'greedy', '10']);
  // To ask ten times a second, as SQLite does by itself, is to miss the moments between two of its transactions.
  const session = openSession(at(dir), { wait: 5000 });
  try {
    await vi.waitUntil(() => session.info().calls > 10, { timeout: 30_000 });
    for (let i = 0; i < 10; i++) {
      session.transact(() => {});
      await setTimeout(50);
    }
  } finally {
    greedy.kill('SIGKILL');
    session.close();
  }
});

it('a log that another process reads through is waited for, as a lock is', () => {
  const failed = (errcode: number): Error => Object.assign(new Error('database is locked'), { errcode });
  // SQLITE_BUSY, SQLITE_PROTOCOL, SQLITE_BUSY_RECOVERY; SQLITE_FULL.
  expect([5, 15, 261, 13].map((code) => isBusy(failed(code)))).toEqual([true, true, true, false]);
});
