/**
 * What a session takes after many calls of which nothing is alive: its size and the time to boot it again
 * must follow what is alive, not what was.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storePath } from '../../src/session/directory.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { at, bootInputs, cameraInputs } from '../../test/session/camera-board.ts';
import { alloc } from '../../test/session/random-calls.ts';

/** Allocations and frees of one transaction. */
const TOGETHER = 500;

/** @param words numbers of allocations, each freed again, one session each */
export function growth(words: readonly string[]): void {
  const rounds = words.length === 0 ? [10_000, 100_000, 350_000] : words.map(Number);
  const directory = mkdtempSync(join(tmpdir(), 'dmaheap-growth-'));
  const inputs = cameraInputs();
  try {
    for (const [index, pairs] of rounds.entries()) {
      const dir = join(directory, String(index));
      bootSession(at(dir), inputs, bootInputs(inputs));
      const session = openSession(at(dir));
      const begin = Date.now();
      for (let done = 0; done < pairs; done += TOGETHER) {
        session.transact((kernel) => {
          for (let i = 0; i < TOGETHER; i++) {
            const fd = alloc(kernel, 'shell', 'system', 4096);
            kernel.syscall('shell', { call: 'close', fd });
          }
        });
      }
      const took = Date.now() - begin;
      const { calls } = session.info();
      session.close();
      const store = storePath(dir);
      const size = readdirSync(store).reduce((sum, name) => sum + statSync(join(store, name)).size, 0);
      const boot = Date.now();
      bootSession(at(dir), inputs, bootInputs(inputs));
      console.log(
        `${calls} calls in ${took} ms: the store has ${Math.round(size / 1024)} KiB, booting again takes ${Date.now() - boot} ms, ` +
          `this process has ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
