import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { storePath } from '../../src/session/directory.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { decodeDmaHeapAllocationData } from '../../src/uapi/dma-heap.ts';
import { startChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs, ROOT } from './camera-board.ts';
import { childTests } from './child-tests.ts';
import { alloc } from './random-calls.ts';

const tests = childTests('processes');
const { directory } = tests;

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = startChild(tests.bundle, args);
  const result = { code: null as number | null, out: '', err: '' };
  child.stdout?.on('data', (data) => {
    result.out += String(data);
  });
  child.stderr?.on('data', (data) => {
    result.err += String(data);
  });
  const [code] = await once(child, 'close');
  result.code = code as number | null;
  return result;
}

it('32 processes allocate, write, check and free on one session, and nothing is lost or shared', async () => {
  const dir = join(directory, 'shared');
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const before = openSession(at(dir)).view((kernel) => kernel.heaps());
  const children = Array.from({ length: 32 }, (_, seed) => run('work', dir, String(seed), '12'));
  const results = await Promise.all(children);
  for (const { code, err } of results) expect({ code, err }).toEqual({ code: 0, err: '' });
  const done = results.map(({ out }) => {
    return JSON.parse(out.replace('done ', '')) as { mine: number[]; allocs: number; frees: number };
  });

  const session = openSession(at(dir));
  const buffers = session.view((kernel) => kernel.buffers());
  const fds = buffers.flatMap((buffer) => buffer.fds.map((entry) => entry.fd));
  const kept = done.flatMap((child) => child.mine);
  // Every descriptor that a process kept is there, is its own, and there are no others.
  expect(new Set(kept).size).toBe(kept.length);
  expect([...fds].sort((a, b) => a - b)).toEqual([...kept].sort((a, b) => a - b));
  const extents = buffers.flatMap((buffer) => buffer.sgTable).sort((a, b) => a.pfn - b.pfn);
  for (const [index, { pfn }] of extents.entries()) {
    const previous = extents[index - 1];
    if (previous !== undefined) expect(previous.pfn + previous.pages).toBeLessThanOrEqual(pfn);
  }

  // The journal tells the same story: each descriptor given out once before it is closed again.
  const open = new Set<number>();
  let allocs = 0;
  for (const [seq, entry] of session.journal().entries()) {
    expect(entry.seq).toBe(seq);
    if (!('call' in entry)) continue;
    const { call, result } = entry;
    if (call.call === 'ioctl' && result.ret === 0 && call.arg !== null) {
      const { fd } = decodeDmaHeapAllocationData(call.arg);
      expect(open.has(fd)).toBe(false);
      open.add(fd);
      allocs++;
    } else if (call.call === 'close') open.delete(call.fd);
  }
  expect(allocs).toBe(done.reduce((sum, child) => sum + child.allocs, 0));
  expect([...open].sort((a, b) => a - b)).toEqual([...fds].sort((a, b) => a - b));

  session.transact((kernel) => {
    for (const fd of fds) expect(kernel.syscall('shell', { call: 'close', fd }).ret).toBe(0);
  });
  expect(session.view((kernel) => kernel.heaps())).toEqual(before);
  session.close();
});

it('a view does not wait for a transaction, and sees what was before it', async () => {
  const dir = join(directory, 'held');
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const holder = startChild(tests.bundle, ['hold', dir]);
  await once(holder.stdout ?? holder, 'data');
  const session = openSession(at(dir));
  expect(session.view((kernel) => kernel.buffers())).toEqual([]);
  expect(session.journal()).toEqual([]);
  // Its lock passes on when it dies, and its half of a transaction is gone.
  const waiting = run('alloc', dir);
  holder.kill('SIGKILL');
  expect(await waiting).toEqual({ code: 0, out: 'fd 4\n', err: '' });
  expect(session.view((kernel) => kernel.buffers().length)).toBe(1);
  session.close();
});

it.each([400, 416, 1200])(
  'a file-size limit of %i blocks or a full disk is named, and nothing that was committed is lost',
  async (blocks) => {
    const dir = join(directory, `full${blocks}`);
    bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
    const env = { ...process.env, DMAHEAP_TEST_ROOT: ROOT };
    // In blocks of 512 bytes or 1 KiB, depending on the shell.
    const limited = `ulimit -f ${blocks} && exec "$0" "$@"`;
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', limited, process.execPath, tests.bundle, 'fill', dir],
      { env, encoding: 'utf8' },
    );
    const [, done = '', after = ''] =
      /^done (\d+)\nafter (\d+)\nerror "session-disk-full"\n$/.exec(stdout) ?? [];
    expect({ status, stdout, stderr, done: Number(done) > 4 }).toEqual({
      status: 4,
      stdout,
      stderr: '',
      done: true,
    });
    expect(after).toBe(done);
    const session = openSession(at(dir));
    expect(session.view((kernel) => kernel.buffers().length)).toBe(Number(done));
    session.close();
    expect(await run('alloc', dir)).toMatchObject({ code: 0, out: `fd ${4 + Number(done)}\n` });
  },
);

it('readers keep the log from being begun anew while they look, and no longer', async () => {
  const dir = join(directory, 'readers');
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const churn = (): number => {
    const session = openSession(at(dir));
    for (let i = 0; i < 150; i++) {
      const fd = session.transact((kernel) => alloc(kernel, 'shell', 'system', 4096));
      session.transact((kernel) => kernel.syscall('shell', { call: 'close', fd }));
    }
    session.close();
    return readdirSync(storePath(dir)).reduce(
      (sum, name) => sum + statSync(join(storePath(dir), name)).size,
      0,
    );
  };
  churn();
  const readers = Array.from({ length: 5 }, () => startChild(tests.bundle, ['look', dir]));
  for (const reader of readers) await once(reader.stdout ?? reader, 'data');
  // No writer fails or waits for them.
  const pinned = churn();
  for (const reader of readers) reader.kill('SIGKILL');
  await Promise.all(readers.map((reader) => reader.exitCode ?? reader.signalCode ?? once(reader, 'exit')));
  expect(churn()).toBeLessThan(pinned);
});

it('a lock that a stopped process holds is named with its number when the wait is over', async () => {
  const dir = join(directory, 'stopped');
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const holder = startChild(tests.bundle, ['hold', dir]);
  await once(holder.stdout ?? holder, 'data');
  holder.kill('SIGSTOP');
  const session = openSession(at(dir), { wait: 300 });
  const begin = Date.now();
  const attempt = (): unknown => session.transact((kernel) => alloc(kernel, 'shell', 'system', 4096));
  expect(attempt).toThrow(
    new RegExp(`after 0.3 s of waiting process ${holder.pid}, which is stopped, has its lock`),
  );
  expect(Date.now() - begin).toBeLessThan(5000);
  expect(session.view((kernel) => kernel.buffers())).toEqual([]);
  holder.kill('SIGKILL');
  await once(holder, 'close');
  expect(attempt()).toBe(4);
  session.close();
});

it('who may not read a session is told so by name', async () => {
  const dir = join(directory, 'private');
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const refused = { code: 4, out: 'error "session-untrusted"\n', err: '' };
  chmodSync(directory, 0o755);
  chmodSync(dir, 0o755);
  expect(await run('stranger', dir)).toEqual(refused);
  chmodSync(dir, 0o000);
  expect(await run('stranger', dir)).toEqual(refused);
  chmodSync(dir, 0o700);
});
