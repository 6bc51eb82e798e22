import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryRecords } from '../../src/records.ts';
import { redoLogPath } from '../../src/session/exec-directory.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { serveSession } from '../../src/session/served-session.ts';
import type { Session } from '../../src/session/session.ts';
import { Random } from '../fuzz/random.ts';
import { bundleChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { KilledSession, SERVED_POINTS } from './killed-session.ts';
import { alloc, chooseOperation, observe, perform } from './random-calls.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-served-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let sessions = 0;
function bootFresh(): string {
  const dir = join(directory, `s${++sessions}`);
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  return dir;
}

function work(session: Session, random: Random, calls: number): void {
  for (let i = 0; i < calls; i++) {
    const operation = session.view((kernel) => chooseOperation(kernel, random));
    if (operation.kind !== 'boot') session.transact((kernel) => perform(kernel, 'shell', operation));
  }
}

/** The journal without its wall-clock times. */
const told = (session: Session) => session.journal().map((entry) => ({ ...entry, time: 0 }));

describe('a session that a process owns', () => {
  it('answers as one in memory does, and leaves the same behind', () => {
    const dir = bootFresh();
    const booted = new MemoryRecords();
    bootInputs(cameraInputs())(booted);
    const memory = new MemorySession(booted, cameraInputs());
    const served = serveSession(at(dir), { logLimit: 100_000 });
    work(memory, new Random(7), 200);
    work(served, new Random(7), 200);
    expect(served.view(observe)).toEqual(memory.view(observe));
    served.close();
    expect(existsSync(redoLogPath(dir))).toBe(false);
    const session = openSession(at(dir));
    expect(session.view(observe)).toEqual(memory.view(observe));
    expect(told(session)).toEqual(told(memory));
    session.close();
  });

  it('undoes what a body has done that throws', () => {
    const served = serveSession(at(bootFresh()));
    work(served, new Random(3), 30);
    const before = served.view(observe);
    const fail = () =>
      served.transact((kernel) => {
        for (let i = 0; i < 5; i++) alloc(kernel, 'shell', 'system', 100_000);
        throw new Error('stop');
      });
    expect(fail).toThrow('stop');
    expect(served.view(observe)).toEqual(before);
    const fd = served.transact((kernel) => alloc(kernel, 'shell', 'system', 100_000));
    expect(served.view((kernel) => kernel.buffer('shell', fd)?.size)).toBe(102_400n);
    served.close();
  });

  it('refuses changes by those who look', () => {
    const served = serveSession(at(bootFresh()));
    expect(() => served.view((kernel) => alloc(kernel, 'shell', 'system', 4096))).toThrow(
      'a view may not write',
    );
    served.close();
  });
});

describe('an owner of a session that is killed', () => {
  let bundle = '';
  beforeAll(async () => {
    bundle = await bundleChild();
  });
  afterAll(() => rmSync(bundle, { force: true }));

  it('has lost nothing that was answered, at every point of a transaction', async () => {
    const session = new KilledSession(join(directory, 'points'), bundle, 'served');
    for (const [index, point] of SERVED_POINTS.entries()) {
      const hits = index % 2 === 0 ? 7 : 2;
      await session.killAt(point, hits, 100 * index + hits);
    }
    expect(session.counts.kills).toBe(SERVED_POINTS.length);
    expect(session.counts.lost).toBeGreaterThan(0);
    expect(session.counts.kept).toBeGreaterThan(0);
    expect(session.counts.replayed).toBeGreaterThan(0);
  });

  it('has lost nothing at any time', async () => {
    const session = new KilledSession(join(directory, 'times'), bundle, 'served');
    for (let round = 0; round < 5; round++) await session.killAfter(20 + round * 47, round);
    expect(session.counts.calls).toBeGreaterThan(10);
    expect(session.counts.replayed).toBeGreaterThan(0);
  });
});
