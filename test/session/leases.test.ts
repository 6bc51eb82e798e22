import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSession } from '../../src/session/check-session.ts';
import { compactSession } from '../../src/session/compact-session.ts';
import { bootSession, openSession, removeSession } from '../../src/session/local-session.ts';
import { serveSession } from '../../src/session/served-session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { Task } from '../kernel/machine.ts';
import { BOARD, BuiltCommand } from './built-command.ts';
import { startChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { childTests } from './child-tests.ts';
import { alloc } from './random-calls.ts';
import { follow, runReaders } from './readers-writers.ts';

const tests = childTests('leases');
const { directory } = tests;

let sessions = 0;
function bootFresh(): string {
  const dir = join(directory, `s${++sessions}`);
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  return dir;
}

/** A process that owns the session, once it does. */
async function owner(dir: string, pause = 0) {
  const child = startChild(tests.bundle, ['own', dir, 'owner', String(pause)]);
  const ended = follow(child);
  let calls = 0;
  child.stdout?.on('data', (data) => {
    calls = Number(/calls (\d+)\n[^\n]*$/.exec(String(data))?.[1] ?? calls);
  });
  if (child.stdout) await once(child.stdout, 'data');
  return {
    child,
    ended,
    /** What it last said how many calls there were. */
    get calls() {
      return calls;
    },
  };
}

/** The code and the words of the error that ends a body. */
function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof SessionError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'done';
}

describe('while a process owns a session', () => {
  it('it sees the bytes that others have stored where it has looked before', async () => {
    const dir = bootFresh();
    const served = serveSession(at(dir));
    const address = served.transact((kernel) => {
      const fd = new Task(kernel).alloc('system', 4096n);
      return kernel.physOf('shell', fd) ?? 0n;
    });
    const seen = (): number => {
      const bytes = new Uint8Array(1);
      served.view((kernel) => kernel.physMemory().read(address, bytes));
      return bytes[0] ?? -1;
    };
    expect(seen()).toBe(0);
    const stored = await new BuiltCommand(dir).run(['write', `@${address}`], 'x');
    expect(stored).toMatchObject({ code: 0 });
    expect(seen()).toBe(0x78);
    served.close();
  });

  it('others get it between two of its transactions, and starve neither it nor each other', async () => {
    const dir = join(directory, 'fair');
    const options = { readers: 1, writers: 3, milliseconds: 2000, view: 20, owned: true };
    const { failures, writers, readers, owner } = await runReaders(dir, tests.bundle, options);
    expect(failures).toEqual([]);
    expect(owner?.leases).toBeGreaterThan(2);
    expect(owner?.done).toBeGreaterThan(100);
    expect(owner?.longest).toBeLessThan(5000);
    expect(writers.done).toBeGreaterThan(5);
    expect(writers.longestWait).toBeLessThan(5000);
    expect(readers.longestWait).toBeLessThan(5000);
  });

  it('who looks sees all that it has answered, and may change it', async () => {
    const dir = bootFresh();
    const one = await owner(dir, 500);
    const session = openSession(at(dir));
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      const before = one.calls;
      expect(before).toBeGreaterThan(0);
      expect(session.info().calls).toBeGreaterThanOrEqual(before);
      const fd = session.transact((kernel) => alloc(kernel, 'shell', 'system', 4096));
      expect(session.view((kernel) => kernel.buffer('shell', fd)?.size)).toBe(4096n);
    }
    one.child.kill('SIGTERM');
    expect(await one.ended).toHaveProperty('done');
    expect(session.view((kernel) => kernel.buffers()).length).toBe(20);
    session.close();
    expect(checkSession(at(dir))).toEqual([]);
  });

  it('it is not taken from it: what would is refused with its number', async () => {
    const dir = bootFresh();
    const { child, ended } = await owner(dir);
    const because = `programs run on the session at ${dir}, which process ${child.pid} serves`;
    const boot = () => bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()), { force: true });
    expect(refusal(boot)).toBe(`session-served: cannot boot: ${because}`);
    expect(refusal(() => removeSession(at(dir)))).toBe(`session-served: cannot remove it: ${because}`);
    expect(refusal(() => compactSession(at(dir)))).toBe(`session-served: cannot compact it: ${because}`);
    expect(refusal(() => serveSession(at(dir)))).toBe(`session-served: cannot serve it: ${because}`);
    expect(checkSession(at(dir))).toEqual([]);
    // Who may wait waits for the end of the programs.
    child.kill('SIGTERM');
    expect(refusal(() => compactSession(at(dir), { wait: 20_000 }))).toBe('done');
    expect(await ended).toHaveProperty('done');
  });

  it('commands say who serves the session, for whom they wait, and what they put back after its end', async () => {
    const dir = bootFresh();
    const { child, ended } = await owner(dir);
    const command = new BuiltCommand(dir);
    const info = JSON.parse(await command.must('session', 'info', '--json'));
    expect(info.server).toEqual({ pid: child.pid, tasks: ['owner'] });
    expect(await command.run(['boot', BOARD, '--force'])).toMatchObject({
      code: 4,
      err: expect.stringContaining(`which process ${child.pid} serves`),
    });
    child.kill('SIGSTOP');
    const busy = await command.run(['alloc', 'system', '4K', '--wait', '2.5']);
    const stopped = `process ${child.pid}, which is stopped, has its lock`;
    expect(busy).toMatchObject({
      code: 4,
      err: expect.stringContaining(`note: waiting for the session: ${stopped}`),
    });
    child.kill('SIGKILL');
    await ended;
    const first = await command.run(['alloc', 'system', '4K']);
    expect(first).toMatchObject({ code: 0, out: '4\n' });
    expect(first.err).toMatch(
      /^(?:note: the session's server was killed: \d+ calls? (?:was|were) replayed from its log\n)?$/,
    );
    expect(await command.run(['list'])).toMatchObject({ code: 0, err: '' });
  });

  it('no other owns it that began before its note was there, and waited for the lock', async () => {
    const dir = bootFresh();
    const { child, ended, calls } = await owner(dir, 100);
    const [note, away] = [join(dir, 'exec/owner'), join(dir, 'exec/away')];
    let waited = false;
    renameSync(note, away);
    const comesBack = (): void => {
      if (!waited) renameSync(away, note);
      waited = true;
    };
    // It rests now and then, and lets the lock go.
    expect(refusal(() => serveSession(at(dir), { onBusy: comesBack }))).toMatch(
      /^session-served: cannot serve it/,
    );
    expect(waited).toBe(true);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ done: { done: expect.any(Number) } });
    expect(calls).toBeGreaterThan(0);
    expect(checkSession(at(dir))).toEqual([]);
  });

  it('its number is named when it does not answer', async () => {
    const dir = bootFresh();
    const { child, ended } = await owner(dir);
    child.kill('SIGSTOP');
    const session = openSession(at(dir), { wait: 300 });
    const busy = `session-busy: the session is in use: after 0.3 s of waiting process ${child.pid}, which is stopped, has its lock`;
    expect(refusal(() => session.transact(() => {}))).toBe(busy);
    child.kill('SIGCONT');
    expect(refusal(() => session.transact(() => {}))).toBe('done');
    child.kill('SIGTERM');
    expect(await ended).toHaveProperty('done');
    session.close();
  });
});
