/**
 * Every call that changes a file fails once: at each of them a command must end with a named refusal, the
 * session must be as it was before or as it is after, and the same command must work when the fault is gone.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { BootOutcome } from '../../src/kernel/boot/boot.ts';
import { MemoryRecords, type Records } from '../../src/records.ts';
import { checkSession } from '../../src/session/check-session.ts';
import { type HostCall, onHostCall } from '../../src/session/host-files.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { type Answer, dmaheap } from '../cli/in-process.ts';
import { projectPath } from '../small-board.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { copySession } from './damage-store.ts';
import { observe } from './random-calls.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const directory = mkdtempSync(join(tmpdir(), 'dmaheap-faults-'));
const MADE = join(directory, 'made');
const BYTES = join(directory, 'bytes');

const run = (path: string, ...words: readonly string[]): Promise<Answer> =>
  dmaheap(words, {}, { env: { DMAHEAP_SESSION: path }, cwd: directory });

beforeAll(async () => {
  writeFileSync(BYTES, Buffer.alloc(5000, 0x5a));
  for (const line of [
    `boot ${BOARD}`,
    'alloc system 16K --count 2',
    'fill 4:0:4K 7',
    // What is free holds bytes, so that the next buffer is zeroed.
    'alloc system 16K --count 2',
    'fill 6:0:4K 9',
    'free 6',
  ]) {
    expect(await run(MADE, ...line.split(' '))).toMatchObject({ code: 0 });
  }
  sum = (await run(MADE, 'sum', '4')).stdout;
  // So that its number is not the first, which a boot over nothing gives.
  expect(await run(MADE, 'session', 'compact')).toMatchObject({ code: 0 });
});
afterEach(() => onHostCall(undefined));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** All that is seen of a session, or that there is none. */
function stateOf(path: string): string {
  try {
    const session = openSession(at(path));
    try {
      return JSON.stringify(
        session.view(observe),
        (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
        // Which call made a buffer: looking at bytes between two attempts is a call, too.
      ).replaceAll(/"call":\d+/g, '');
    } finally {
      session.close();
    }
  } catch (error) {
    return noSession(error);
  }
}

function noSession(error: unknown): string {
  if (error instanceof SessionError && /^session-(missing|not-a-session)$/.test(error.code)) return 'none';
  throw error;
}

function problemsOf(path: string): string[] {
  try {
    return checkSession(at(path));
  } catch (error) {
    noSession(error);
    return [];
  }
}

type Fault = 'EIO' | 'ENOSPC' | 'torn at once' | 'torn at the end';
const FAULTS: readonly Fault[] = ['EIO', 'ENOSPC', 'torn at once', 'torn at the end'];

/** Lets call number `nth` fail. @returns what was called */
function failAt(nth: number, fault: Fault): readonly string[] {
  const calls: string[] = [];
  onHostCall((call: HostCall, path: string) => {
    if (calls.push(`${call} ${basename(path)}`) !== nth) return undefined;
    if (fault === 'torn at once') return 1;
    if (fault === 'torn at the end') return 1 << 20;
    throw Object.assign(new Error(`${fault}: made up, ${call}`), { code: fault, syscall: call });
  });
  return calls;
}

interface Case {
  readonly words: (out: string) => readonly string[];
  readonly fresh?: true;
}

const CASES: Readonly<Record<string, Case>> = {
  'boot into a new directory': { words: () => ['boot', BOARD], fresh: true },
  'boot --force': { words: () => ['boot', BOARD, '--force'] },
  alloc: { words: () => ['alloc', 'system', '16K'] },
  free: { words: () => ['free', '4'] },
  write: { words: () => ['write', '5:100', '--input', BYTES] },
  'export to a file': { words: (out) => ['export', '--output', `${out}.yaml`] },
  'export of a bundle': { words: (out) => ['export', '--bundle', `${out}.tar.gz`] },
  'session compact': { words: () => ['session', 'compact'] },
  'session rm': { words: () => ['session', 'rm'] },
};

const inputs = cameraInputs();
const booted = new MemoryRecords();
bootInputs(inputs)(booted);
/** A boot, done once. */
const putBooted = (records: Records): BootOutcome => {
  for (const [key, value] of booted.list('')) records.put(key, value);
  return { warnings: [] };
};

let copies = 0;
let sum = '';

function freshCopy(fresh: boolean): string {
  const place = join(directory, `copy${++copies}`);
  mkdirSync(place);
  const path = join(place, 'session');
  if (fresh) {
    // As if another boot had been killed in the middle.
    mkdirSync(path, 0o700);
    writeFileSync(join(path, 'session.json.1'), '{');
  } else copySession(MADE, path);
  return path;
}

const LEFT_OVER = /\.new$|^store\.\w{6}$|^session\.json\.\d+$|^arena\.\d+/;

it.each(Object.entries(CASES))('%s: every call fails once', async (_, { words, fresh = false }) => {
  const clean = freshCopy(fresh);
  const before = stateOf(clean);
  const calls = failAt(0, 'EIO');
  expect(await run(clean, ...words(`${clean}.out`))).toMatchObject({ code: 0 });
  onHostCall(undefined);
  const after = stateOf(clean);
  expect(calls.length).toBeGreaterThan(0);
  for (const [index, call] of calls.entries()) {
    for (const fault of FAULTS) {
      if (fault.startsWith('torn') && !call.startsWith('write ')) continue;
      await expectWhole(index + 1, fault, `${call}, call ${index + 1}: ${fault}`);
    }
  }

  async function expectWhole(nth: number, fault: Fault, label: string): Promise<void> {
    const path = freshCopy(fresh);
    const line = words(`${path}.out`);
    failAt(nth, fault);
    const { code, stderr } = await run(path, ...line);
    onHostCall(undefined);
    const isOutput = /\.new|\.(yaml|tar\.gz|dtb)\b/.test(label);
    expect(isOutput ? [3] : [0, 4], `${label}: ${stderr}`).toContain(code);
    if (code !== 0) expect(stderr, label).toMatch(/^error: .*(\(E\w+\)|: E\w+)/m);
    const state = stateOf(path);
    expect([before, after].indexOf(state), `${label}: another state: ${stderr}`).not.toBe(-1);
    if (code === 0) expect(state === after, `${label}: exit 0 and not done`).toBe(true);
    expect(problemsOf(path), label).toEqual([]);
    if (state !== 'none' && state === before && fault !== 'ENOSPC') {
      expect((await run(path, 'sum', '4')).stdout, label).toBe(sum);
    }
    await expectWorks(path, line, code !== 0 && state === before, label);
  }

  async function expectWorks(
    path: string,
    line: readonly string[],
    again: boolean,
    label: string,
  ): Promise<void> {
    if (again) {
      expect(await run(path, ...line), `${label}: again`).toMatchObject({ code: 0 });
      expect(stateOf(path), `${label}: again`).toBe(after);
    }
    bootSession(at(path), inputs, putBooted, { force: true });
    expect(problemsOf(path), label).toEqual([]);
    const left = [path, join(path, '..')].flatMap((dir) =>
      readdirSync(dir).filter((name) => LEFT_OVER.test(name)),
    );
    expect(left, label).toEqual([
      expect.stringMatching(/^arena\.\d+$/),
      expect.stringMatching(/^arena\.\d+\.dirty$/),
    ]);
    rmSync(join(path, '..'), { recursive: true });
  }
});
