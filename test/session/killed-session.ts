/**
 * A session whose processes are killed, beside a model that gets the acknowledged calls: a kernel in
 * plain memory. Used by the suite for a few dozen kills and by `npm run soak` for thousands.
 */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../../src/kernel/syscall.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { MemoryRecords } from '../../src/records.ts';
import { arenaPath, storePath } from '../../src/session/directory.ts';
import { Arena, FilePhysMemory } from '../../src/session/file-phys-memory.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { isRecord } from '../../src/session/record-codec.ts';
import { SqliteStore } from '../../src/session/sqlite-store.ts';
import { PAGE_SIZE, pfnPhys } from '../pages.ts';
import { startChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import type { Operation } from './random-calls.ts';
import { observe, perform } from './random-calls.ts';

/** Points of a transaction where a child kills itself, and how often each is passed before. */
export const POINTS = [
  'begun',
  'put',
  'before-commit',
  'committed',
  'marked',
  'written',
  'zeroing',
  'zeroed',
  'cleared',
  'arena-made',
] as const;

/** Points of a process that owns the session. */
export const SERVED_POINTS = [
  'before-append',
  'torn',
  'appended',
  'put',
  'before-commit',
  'log-stored',
  'marked',
  'written',
  'zeroing',
] as const;

interface Call {
  readonly task: string;
  readonly call: Syscall;
  readonly result: SyscallResult;
}

class Model {
  readonly memory: InMemoryPhysMemory;
  readonly kernel: Kernel;
  readonly calls: Call[] = [];

  constructor() {
    const records = new MemoryRecords();
    bootInputs(cameraInputs())(records);
    this.memory = new InMemoryPhysMemory(layoutOf(records));
    this.kernel = new Kernel(records, this.memory);
    this.kernel.onSyscall = (task, call, result) => this.calls.push(structuredClone({ task, call, result }));
  }
}

export class KilledSession {
  readonly #dir: string;
  readonly #bundle: string;
  readonly #work: 'calls' | 'served';
  #model = new Model();
  #generation = 1;
  /** What was seen so far. */
  readonly counts = { kills: 0, calls: 0, lost: 0, kept: 0, boots: 0, replayed: 0 };

  /** @param work how its children work on it: each transaction for itself, or as its owner */
  constructor(dir: string, bundle: string, work: 'calls' | 'served' = 'calls') {
    this.#dir = dir;
    this.#bundle = bundle;
    this.#work = work;
    bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  }

  /** A child that kills itself when `point` comes for the `hits`th time. */
  async killAt(point: string, hits: number, seed: number): Promise<void> {
    const child = startChild(this.#bundle, [this.#work, this.#dir, String(seed), point, String(hits)]);
    await this.#follow(child);
  }

  /** A child that is killed so many milliseconds after it began to work. */
  async killAfter(milliseconds: number, seed: number): Promise<void> {
    const child = startChild(this.#bundle, [this.#work, this.#dir, String(seed)]);
    await this.#follow(child, () => setTimeout(() => child.kill('SIGKILL'), milliseconds));
  }

  async #follow(child: ChildProcess, onReady?: () => void): Promise<void> {
    if (child.stdout === null || child.stderr === null) throw new Error('no pipe to the child');
    let errors = '';
    child.stderr.on('data', (data) => {
      errors += String(data);
    });
    let output = '';
    child.stdout.on('data', (data) => {
      if (output === '') onReady?.();
      output += String(data);
    });
    const [, signal] = await once(child, 'close');
    strictEqual(signal, 'SIGKILL', errors);
    this.counts.kills++;
    this.#settle(this.#replay(output));
  }

  /** Lets the model do what was answered. @returns the call that was not */
  #replay(output: string): Operation | undefined {
    let pending: Operation | undefined;
    for (const line of output.split('\n').slice(0, -1)) {
      const [word, json = 'null'] = line.split(/ (.*)/);
      const value: unknown = JSON.parse(json);
      if (word === 'call') pending = value as Operation;
      else if (word === 'answer') {
        if (pending === undefined) throw new Error('an answer without a call');
        strictEqual(value, this.#apply(pending));
        pending = undefined;
        this.counts.calls++;
      } else if (word !== 'ready') throw new Error(`the child says ${line}`);
    }
    return pending;
  }

  #apply(operation: Operation): number {
    if (operation.kind !== 'boot') return perform(this.#model.kernel, 'shell', operation);
    this.#model = new Model();
    this.#generation++;
    this.counts.boots++;
    return 0;
  }

  /** Finds out whether the call without an answer happened, and compares everything. */
  #settle(pending: Operation | undefined): void {
    const store = new SqliteStore(storePath(this.#dir));
    deepStrictEqual(store.check(isRecord), []);
    store.close();
    const session = openSession(at(this.#dir), {
      onReplayed: (what) => {
        strictEqual('calls' in what, true);
        this.counts.replayed++;
      },
    });
    try {
      const before = { generation: this.#generation, calls: this.#model.calls.length };
      const { generation, calls, entries, layout } = session.info();
      const written = pending?.kind === 'write' ? pending : undefined;
      if (generation !== before.generation || calls !== before.calls) {
        if (pending === undefined) {
          const now = JSON.stringify({ generation, calls });
          throw new Error(`every call was answered, and the model has ${JSON.stringify(before)}, not ${now}`);
        }
        this.#apply(pending);
        this.counts.kept++;
      } else if (pending !== undefined) this.counts.lost++;
      strictEqual(generation, this.#generation);
      strictEqual(calls, this.#model.calls.length);
      deepStrictEqual(session.view(observe), observe(this.#model.kernel));
      const journal = session
        .journal(Math.max(0, entries - 200))
        .flatMap((entry) => ('call' in entry ? [entry] : []))
        .map(({ task, call, result }) => ({ task, call, result }));
      deepStrictEqual(journal, this.#model.calls.slice(calls - journal.length));
      const arena = new Arena(arenaPath(this.#dir, generation), layout);
      this.#compareBytes(new FilePhysMemory(arena, false), written);
      arena.close();
    } finally {
      session.close();
    }
  }

  /** Each byte of each live buffer is what was written last, or what the unanswered call wrote. */
  #compareBytes(memory: FilePhysMemory, written: Extract<Operation, { kind: 'write' }> | undefined): void {
    for (const buffer of this.#model.kernel.buffers()) {
      const unsure = written !== undefined && buffer.fds.some((entry) => entry.fd === written.fd);
      for (const { pfn, pages } of buffer.sgTable) {
        const found = new Uint8Array(pages * PAGE_SIZE);
        const expected = new Uint8Array(pages * PAGE_SIZE);
        memory.read(pfnPhys(pfn), found);
        this.#model.memory.read(pfnPhys(pfn), expected);
        if (Buffer.compare(found, expected) === 0) continue;
        const wrong = found.findIndex(
          (byte, i) => byte !== expected[i] && !(unsure && byte === written?.byte),
        );
        if (wrong >= 0)
          throw new Error(`buffer ${buffer.ino}: byte ${wrong} is ${found[wrong]}, not ${expected[wrong]}`);
        this.#model.memory.write(pfnPhys(pfn), found);
      }
    }
  }
}
