import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkSession } from '../../src/session/check-session.ts';
import { bootSession, openSession, removeSession } from '../../src/session/local-session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { Random } from '../fuzz/random.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { copySession, DAMAGES, damageFile } from './damage-store.ts';
import { alloc, chooseOperation, observe, perform } from './random-calls.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-damage-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const inputs = cameraInputs();
const stateOf = (path: string): string => {
  const session = openSession(at(path));
  try {
    return text(session.view(observe));
  } finally {
    session.close();
  }
};
const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));

/** A session with some work behind it, with its log, and every state that it was in. */
function workedOn(name: string, calls: number): { path: string; states: Set<string> } {
  const made = join(directory, `${name}.made`);
  bootSession(at(made), inputs, bootInputs(inputs));
  const session = openSession(at(made));
  const random = new Random(calls);
  const states = new Set([text(session.view(observe))]);
  for (let i = 0; i < calls; i++) {
    const operation = session.view((kernel) => chooseOperation(kernel, random));
    if (operation.kind === 'boot') continue;
    session.transact((kernel) => perform(kernel, 'shell', operation));
    states.add(text(session.view(observe)));
  }
  // Copied while it is open: closing would write the log into the database and remove it.
  const path = join(directory, name);
  copySession(made, path);
  session.close();
  return { path, states };
}

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'works';
  } catch (error) {
    if (error instanceof SessionError) return error.code;
    throw error;
  }
};

/** The files of a session that hold more than bytes of memory. */
const FILES = [
  'session.json',
  'store/records.db',
  'store/records.db-wal',
  'store/records.db-shm',
  'store/holder',
];

it.each(FILES)('%s cut, flipped or swapped: a state that was committed, or a refusal by name', (file) => {
  const { path, states } = workedOn(`fuzzed-${file.replaceAll('/', '-')}`, 40);
  const whole = new Map(FILES.map((name) => [name, new Uint8Array(readFileSync(join(path, name)))]));
  const bytes = whole.get(file) ?? new Uint8Array();
  const random = new Random(7);
  const rounds = file.startsWith('store/records.db') && !file.endsWith('-shm') ? 200 : 60;
  let noticed = 0;
  for (let round = 0; round < rounds; round++) {
    for (const name of readdirSync(join(path, 'store'))) rmSync(join(path, 'store', name));
    for (const [name, content] of whole) writeFileSync(join(path, name), content, { mode: 0o600 });
    const damage = random.pick(DAMAGES);
    writeFileSync(join(path, file), damageFile(bytes, damage, random));
    const label = `round ${round}: ${damage}`;
    const found = checkSession(at(path));
    if (found.length > 0) noticed++;
    let state: string | undefined;
    const end = codeOf(() => {
      state = stateOf(path);
    });
    expect(['works', 'session-damaged', 'session-format'], label).toContain(end);
    if (end === 'works') {
      // What the check passed is a state that was committed; what it did not pass may still open where
      // the damage is in what this view does not read.
      if (found.length === 0) expect(states.has(state ?? ''), `${label}: ${state?.slice(0, 200)}`).toBe(true);
      codeOf(() => {
        const session = openSession(at(path));
        session.journal();
        session.info();
        session.transact((kernel) => alloc(kernel, 'shell', 'system', 4096));
        session.close();
      });
    } else {
      expect(found.length, label).toBeGreaterThan(0);
    }
  }
  // SQLite makes the shared index anew, and the note is a hint: neither refuses anything.
  // Much of the database is covered by the log, and damage there does no harm.
  if (file === 'store/records.db' || file === 'session.json') expect(noticed).toBeGreaterThan(rounds / 5);
});

it('a session that is whole says so, one that is not says what is wrong', () => {
  const { path } = workedOn('checked', 60);
  expect(checkSession(at(path))).toEqual([]);
  const arena = join(path, 'arena.1');
  renameSync(arena, `${arena}.away`);
  expect(checkSession(at(path))).toEqual([expect.stringMatching(/arena\.1 is missing/)]);
  writeFileSync(arena, 'short', { mode: 0o600 });
  expect(checkSession(at(path))).toEqual([expect.stringMatching(/arena\.1 has 5 bytes, and not \d+/)]);
});

it('an older database beside the log of a newer one is noticed or is a state that was committed', () => {
  const { path, states } = workedOn('older', 30);
  const store = join(path, 'store');
  const older = readFileSync(join(store, 'records.db'));
  for (let i = 0; i < 30; i++) {
    const session = openSession(at(path));
    session.transact((kernel) => alloc(kernel, 'shell', 'system', 4096));
    states.add(text(session.view(observe)));
    session.close();
  }
  writeFileSync(join(store, 'records.db'), older);
  const found = checkSession(at(path));
  if (found.length === 0) expect(states.has(stateOf(path))).toBe(true);
});

it('a copy of a session works', () => {
  const { path } = workedOn('original', 60);
  const copy = join(directory, 'copy');
  copySession(path, copy);
  const first = openSession(at(path));
  const second = openSession(at(copy));
  expect(second.view((kernel) => kernel.buffers())).toEqual(first.view((kernel) => kernel.buffers()));
  expect(second.journal()).toEqual(first.journal());
  first.close();
  second.close();
});

it('what another user could have put there is not used, and said by name', () => {
  const { path } = workedOn('stranger', 5);
  const other = join(directory, 'victim');
  writeFileSync(other, 'precious', { mode: 0o600 });
  const cases: readonly (readonly [file: string, put: (file: string) => void])[] = [
    'session.json',
    'store/records.db',
    'store/records.db-wal',
    'store/records.db-shm',
    'arena.1',
    'arena.1.dirty',
  ].flatMap((file) => [
    [file, (target: string) => symlinkSync(other, target)] as const,
    [file, (target: string) => linkSync(other, target)] as const,
    [file, (target: string) => mkdirSync(target)] as const,
    [
      file,
      (target: string) => {
        writeFileSync(target, 'x');
        chmodSync(target, 0o666);
      },
    ] as const,
  ]);
  const touch = (): void => {
    const session = openSession(at(path));
    try {
      session.transact((kernel) => {
        const fd = alloc(kernel, 'shell', 'system', 4096);
        perform(kernel, 'shell', { kind: 'write', fd, offset: 0, length: 10, byte: 1 });
      });
    } finally {
      session.close();
    }
  };
  for (const [file, put] of cases) {
    const target = join(path, file);
    const kept = `${target}.kept`;
    if (existsSync(target)) renameSync(target, kept);
    put(target);
    expect(codeOf(touch), `${file} ${put}`).toBe('session-untrusted');
    rmSync(target, { recursive: true });
    if (existsSync(kept)) renameSync(kept, target);
  }
  expect(readFileSync(other, 'utf8')).toBe('precious');
  expect(codeOf(touch)).toBe('works');

  // The directory itself, and a link that somebody else made to it.
  chmodSync(path, 0o777);
  expect(codeOf(touch)).toBe('session-untrusted');
  expect(codeOf(() => bootSession(at(path), inputs, bootInputs(inputs), { force: true }))).toBe(
    'session-untrusted',
  );
  expect(codeOf(() => removeSession(at(path)))).toBe('session-untrusted');
  chmodSync(path, 0o700);
  expect(codeOf(touch)).toBe('works');
});
