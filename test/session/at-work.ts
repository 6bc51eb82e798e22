/** What readers and writers at work do in their processes, for a while; each tells how long it had to wait. */
import { deepStrictEqual } from 'node:assert/strict';
import type { Session } from '../../src/session/session.ts';
import type { Random } from '../fuzz/random.ts';
import { alloc } from './random-calls.ts';

export interface AtWork {
  readonly done: number;
  /** Milliseconds from asking for a transaction or a view until it began. */
  readonly longestWait: number;
  /** Milliseconds from asking for it until it had returned. */
  readonly longest: number;
}

function repeat(milliseconds: number, step: (began: () => void) => void): AtWork {
  const end = performance.now() + milliseconds;
  let done = 0;
  let [longestWait, longest] = [0, 0];
  for (; performance.now() < end; done++) {
    const asked = performance.now();
    step(() => {
      longestWait = Math.max(longestWait, performance.now() - asked);
    });
    longest = Math.max(longest, performance.now() - asked);
  }
  return { done, longestWait, longest };
}

const sleep = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

/**
 * Transactions, one after the other: a buffer is made, or the oldest of its own freed.
 * @param hold how long the lock is held besides, as by one that does more
 */
export function transactions(session: Session, milliseconds: number, task: string, hold = 0): AtWork {
  const mine: number[] = [];
  return repeat(milliseconds, (began) => {
    session.transact((kernel) => {
      began();
      if (mine.length < 8) mine.push(alloc(kernel, task, 'system', 4096));
      else deepStrictEqual(kernel.syscall(task, { call: 'close', fd: mine.shift() ?? -1 }).ret, 0);
      if (hold > 0) sleep(hold);
    });
  });
}

/** Views, one after the other, each up to `longest` milliseconds long: what it sees stays the same meanwhile. */
export function views(session: Session, milliseconds: number, longest: number, random: Random): AtWork {
  return repeat(milliseconds, (began) => {
    session.view((kernel) => {
      began();
      const buffers = kernel.buffers();
      sleep(random.below(longest + 1));
      deepStrictEqual(kernel.buffers(), buffers);
    });
  });
}
