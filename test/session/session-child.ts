/**
 * A process that works on a session, started by tests. Each argument list is one way to work:
 *
 *     work DIR SEED ROUNDS            allocates, writes, checks and frees; prints what it kept
 *     calls DIR SEED [POINT HITS]     random calls until it is killed, each announced before and
 *                                     acknowledged after it; kills itself when POINT comes HITS times
 *     served DIR SEED [POINT HITS]    the same as the owner of the session; POINT `torn` is in the middle of
 *                                     a write to the log
 *     own DIR TASK [PAUSE]            owns the session, and works on it as TASK until SIGTERM; says after how many
 *                                     calls, and prints how it had to wait; every PAUSE ms it does nothing for a while
 *     hold DIR                        stays inside a transaction until it is killed
 *     look DIR                        stays inside a view until it is killed
 *     views DIR MS LONGEST SEED       views up to LONGEST ms long for so many ms; prints how it had to wait
 *     transactions DIR MS TASK [HOLD] transactions of a task for so many ms; prints how it had to wait
 *     boot DIR                        boots, whatever is there
 *     fill DIR                        transactions until one fails; says how many did not, and its code
 *     alloc DIR                       one transaction; prints the descriptor or the error's code
 *     stranger DIR                    opens the session as another user; prints the error's code
 */
import { writeSync } from 'node:fs';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { onHostCall } from '../../src/session/host-files.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { serveSession } from '../../src/session/served-session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { Random } from '../fuzz/random.ts';
import { transactions, views } from './at-work.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { alloc, chooseOperation, perform, withMapping } from './random-calls.ts';
import { own } from './session-owner.ts';

const TASK = 'shell';

const say = (word: string, value: unknown = null): void => {
  writeSync(1, `${word} ${JSON.stringify(value)}\n`);
};

function expectBytes(kernel: Kernel, fd: number, byte: number, why: string): void {
  withMapping(kernel, TASK, fd, (mapping) => {
    const bytes = new Uint8Array(Number(mapping.length));
    mapping.read(0n, bytes);
    const wrong = bytes.findIndex((value) => value !== byte);
    if (wrong >= 0)
      throw new Error(`${why}: byte ${wrong} of descriptor ${fd} is ${bytes[wrong]}, not ${byte}`);
  });
}

function work(dir: string, seed: number, rounds: number): void {
  const random = new Random(seed);
  const session = openSession(at(dir));
  const byte = 1 + (seed % 255);
  const mine: number[] = [];
  const all: number[] = [];
  let frees = 0;
  for (let round = 0; round < rounds; round++) {
    if (mine.length > 0 && random.below(10) < 4) {
      const [fd] = mine.splice(random.below(mine.length), 1);
      session.transact((kernel) => {
        expectBytes(kernel, fd ?? -1, byte, 'somebody else wrote');
        if (kernel.syscall(TASK, { call: 'close', fd: fd ?? -1 }).ret !== 0) throw new Error(`lost ${fd}`);
      });
      frees++;
      continue;
    }
    const fd = session.transact((kernel) => {
      const heaps = kernel.heaps();
      const fd = alloc(kernel, TASK, random.pick(heaps).name, 1 + random.below(100_000));
      if (fd < 0) return fd;
      expectBytes(kernel, fd, 0, 'a fresh buffer is not zero');
      withMapping(kernel, TASK, fd, (mapping) => {
        mapping.write(0n, new Uint8Array(Number(mapping.length)).fill(byte));
      });
      return fd;
    });
    if (fd < 0) continue;
    mine.push(fd);
    all.push(fd);
  }
  session.close();
  say('done', { mine, allocs: all.length, frees });
}

function calls(dir: string, seed: number, point: string | undefined, hits: number): void {
  let left = hits;
  const fault = (at: string): void => {
    if (at === point && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
  const random = new Random(seed);
  const inputs = cameraInputs();
  const session = openSession(at(dir), { fault });
  say('ready');
  for (;;) {
    const operation = random.oneIn(point === 'arena-made' ? 2 : 40)
      ? ({ kind: 'boot' } as const)
      : session.view((kernel) => chooseOperation(kernel, random));
    say('call', operation);
    if (operation.kind === 'boot') {
      bootSession(at(dir), inputs, bootInputs(inputs), { force: true, fault });
      say('answer', 0);
    } else {
      say(
        'answer',
        session.transact((kernel) => perform(kernel, TASK, operation)),
      );
    }
  }
}

/** Kills itself when half of a frame of the log is written. */
function tearLog(hits: number): void {
  let left = hits;
  onHostCall((call, path) => {
    if (!path.endsWith('/exec/log')) return undefined;
    if (call === 'write') return --left === 0 ? 200 : undefined;
    if (call === 'truncate' && left === 0) process.kill(process.pid, 'SIGKILL');
    return undefined;
  });
}

function served(dir: string, seed: number, point: string | undefined, hits: number): void {
  let left = hits;
  const fault = (at: string): void => {
    if (at === point && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
  const random = new Random(seed);
  const session = serveSession(at(dir), { fault, logLimit: 65_536 });
  if (point === 'torn') tearLog(hits);
  say('ready');
  for (;;) {
    const operation = session.view((kernel) => chooseOperation(kernel, random));
    if (operation.kind === 'boot') continue;
    say('call', operation);
    say(
      'answer',
      session.transact((kernel) => perform(kernel, TASK, operation)),
    );
  }
}

function stay(): never {
  say('here');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

const [mode, dir = '', ...rest] = process.argv.slice(2);
try {
  if (mode === 'work') work(dir, Number(rest[0]), Number(rest[1]));
  else if (mode === 'calls') calls(dir, Number(rest[0]), rest[1], Number(rest[2] ?? 0));
  else if (mode === 'served') served(dir, Number(rest[0]), rest[1], Number(rest[2] ?? 0));
  else if (mode === 'own') void own(dir, rest[0] ?? TASK, Number(rest[1] ?? 0));
  else if (mode === 'stranger') {
    // Root may read everything; nobody may not.
    if (process.getuid?.() === 0) process.seteuid?.(65534);
    openSession(at(dir)).close();
    say('opened');
  } else if (mode === 'hold') {
    openSession(at(dir)).transact((kernel) => {
      alloc(kernel, TASK, 'system', 4096);
      stay();
    });
  } else if (mode === 'look') {
    openSession(at(dir)).view((kernel) => {
      kernel.buffers();
      stay();
    });
  } else if (mode === 'views') {
    const [milliseconds = 0, longest = 0, seed = 0] = rest.map(Number);
    say('done', views(openSession(at(dir)), milliseconds, longest, new Random(seed)));
  } else if (mode === 'transactions') {
    const [milliseconds, task = TASK, hold] = rest;
    const session = openSession(at(dir));
    session.transact((kernel) => {
      const credentials = { uid: 0, gid: 0, groups: [] };
      kernel.syscall(task, { call: 'task_add', name: task, credentials, nofile: 1024 });
    });
    say('done', transactions(session, Number(milliseconds), task, Number(hold ?? 0)));
  } else if (mode === 'boot') {
    const inputs = cameraInputs();
    bootSession(at(dir), inputs, bootInputs(inputs), { force: true });
  } else if (mode === 'fill') {
    const session = openSession(at(dir));
    let done = 0;
    try {
      for (; ; done++) session.transact((kernel) => alloc(kernel, TASK, 'system', 4096));
    } finally {
      say('done', done);
      // The same session goes on when it can.
      say(
        'after',
        session.view((kernel) => kernel.buffers().length),
      );
    }
  } else if (mode === 'alloc') {
    const session = openSession(at(dir));
    say(
      'fd',
      session.transact((kernel) => alloc(kernel, TASK, 'system', 4096)),
    );
    session.close();
  } else throw new Error(`unknown mode ${mode}`);
} catch (error) {
  if (!(error instanceof SessionError)) throw error;
  say('error', error.code);
  process.exitCode = 4;
}
