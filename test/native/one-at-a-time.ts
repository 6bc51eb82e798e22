/** Recorded programs that make files of fixed names in /tmp: two at once would meet each other's. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const LOCK = join(tmpdir(), 'dmaheap-named-in-tmp');
const PAUSE = 20;

function isTaken(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** One that was killed leaves its lock. */
function removeLeft(): void {
  try {
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(LOCK, { force: true });
  }
}

/** Runs a program's test, alone among all test files where its source names a file in /tmp. */
export async function oneAtATime<T>(source: string, body: () => Promise<T>): Promise<T> {
  if (!readFileSync(source, 'utf8').includes('"/tmp/')) return body();
  while (!isTaken()) {
    removeLeft();
    await setTimeout(PAUSE);
  }
  try {
    return await body();
  } finally {
    rmSync(LOCK, { force: true });
  }
}
