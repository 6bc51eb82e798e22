/**
 * npm run soak -- readers [READERS [WRITERS [SECONDS]]]
 *
 * Readers in long views, and writers, on one session: who waits for whom, and for how long.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_WAIT } from '../../src/session/sqlite-store.ts';
import { bundleChild } from '../../test/session/bundle-child.ts';
import { runReaders } from '../../test/session/readers-writers.ts';
import { inDirectory } from './in-directory.ts';

/** A view is up to so many milliseconds long. */
const VIEW = 500;

export async function readers(words: readonly string[]): Promise<void> {
  const [readers = 8, writers = 4, seconds = 60] = words.map(Number);
  console.log(`${readers} readers, ${writers} writers, ${seconds} s, views of up to ${VIEW} ms`);
  const bundle = await bundleChild();
  try {
    const result = await inDirectory((directory) =>
      runReaders(join(directory, 'session'), bundle, {
        readers,
        writers,
        milliseconds: seconds * 1000,
        view: VIEW,
      }),
    );
    const round = Math.round;
    console.log(
      `${result.writers.done} transactions: the longest waited ${round(result.writers.longestWait)} ms and took ${round(result.writers.longest)} ms.`,
    );
    console.log(
      `${result.readers.done} views: the longest waited ${round(result.readers.longestWait)} ms and was ${round(result.readers.longest)} ms long.`,
    );
    console.log(`The log was up to ${round(result.log / 1024)} KiB long.`);
    console.log(`${result.failures.length} failures`);
    for (const failure of result.failures) console.log(`  ${failure}`);
    const waited = Math.max(result.writers.longestWait, result.readers.longestWait);
    if (result.failures.length > 0 || waited > DEFAULT_WAIT) process.exitCode = 1;
  } finally {
    rmSync(bundle, { force: true });
  }
}
