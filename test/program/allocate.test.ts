/** Allocation as programs do it: all or what fits, names, and what is left open. */
import { describe, expect, it, test } from 'vitest';
import { parseFlags } from '../../src/profile/open-flag-words.ts';
import { openFlagsOf } from '../../src/profile/profile.ts';
import { type AllocRequest, allocate, nameBuffer } from '../../src/program/allocate.ts';
import { startTask } from '../../src/program/caller.ts';
import { finish } from '../../src/program/outcome.ts';
import { O_CLOEXEC, O_RDWR } from '../../src/uapi/fcntl.ts';
import { MiB } from '../../src/units.ts';
import { CMA, HEAPS, machine, type Task } from '../kernel/machine.ts';

const run = ({ kernel, name: task }: Task, request: AllocRequest) =>
  finish(allocate({ kernel, task }, request));
const openFds = ({ kernel, name }: Task) => kernel.task(name)?.fds.length;

describe.each(HEAPS)('%s', (heap) => {
  it('gives descriptors in order, with the node closed again', () => {
    const { shell } = machine();
    expect(run(shell, { heap, size: 4096n, count: 3 })).toEqual({ ret: 0, fds: [4, 5, 6], allocated: 3 });
    // The node was 3.
    expect(run(shell, { heap: `heap:${heap}`, size: 4096n }).fds).toEqual([7]);
    expect(shell.kernel.hasDescriptor('shell', 3)).toBe(false);
  });

  it('takes flags by number as fcntl.h has them: octal', () => {
    const { shell } = machine();
    const fdFlags = parseFlags('02000002', openFlagsOf('arm64')) ?? -1;
    expect(fdFlags).toBe(O_RDWR | O_CLOEXEC);
    expect(run(shell, { heap, size: 4096n, fdFlags })).toMatchObject({ ret: 0, fds: [4] });
  });

  it('names what it gives, and closes what it cannot name', () => {
    const { shell } = machine();
    const { fds } = run(shell, { heap, size: 4096n, name: 'frame' });
    expect(shell.kernel.buffer('shell', fds[0] ?? -1)?.name).toBe('frame');
    const before = openFds(shell);
    const outcome = run(shell, { heap, size: 4096n, name: 'x'.repeat(40), count: 2 });
    expect(outcome).toMatchObject({ errno: 'EINVAL', failed: 'name', fds: [], allocated: 0 });
    expect(openFds(shell)).toBe(before);
  });
});

test('it stops at the first that fails and keeps the others, or with atomic none', () => {
  const { shell } = machine();
  const request = { heap: CMA, size: 6n * MiB, count: 4 };
  const some = run(shell, request);
  expect(some).toMatchObject({
    errno: 'ENOMEM',
    failed: 'alloc',
    why: { kind: 'cma-no-room' },
    allocated: 2,
  });
  expect(some.fds).toHaveLength(2);
  for (const fd of some.fds) shell.must({ call: 'close', fd });
  const none = run(shell, { ...request, atomic: true });
  expect(none).toMatchObject({ errno: 'ENOMEM', fds: [], allocated: 2 });
  expect(shell.kernel.bufferCount()).toBe(0);
});

test('a heap that is not there is said by open', () => {
  const { shell } = machine();
  const outcome = run(shell, { heap: 'nope', size: 1n });
  expect(outcome).toMatchObject({ errno: 'ENOENT', why: { kind: 'no-such-heap' }, failed: 'open' });
});

test('the request’s own fields are the caller’s: a wrong one is refused by the kernel', () => {
  const { shell } = machine();
  for (const given of [{ fd: 3 }, { heapFlags: 1n }, { fdFlags: 0o100 }, { size: 0n }]) {
    const { errno, failed } = run(shell, { heap: 'system', size: 4096n, ...given });
    expect([errno, failed]).toEqual(['EINVAL', 'alloc']);
  }
});

test('many are made in pieces, between which others may go on', () => {
  const { shell } = machine();
  const pieces = allocate(
    { kernel: shell.kernel, task: 'shell' },
    { heap: 'system', size: 4096n, count: 130 },
  );
  let rounds = 0;
  for (; ; rounds++) {
    const { done, value } = pieces.next();
    if (done !== true) continue;
    expect(value.fds).toHaveLength(130);
    break;
  }
  expect(rounds).toBe(2);
});

test('whoever gives up in between leaves no node open', () => {
  const { shell } = machine();
  const pieces = allocate(
    { kernel: shell.kernel, task: 'shell' },
    { heap: 'system', size: 4096n, count: 100 },
  );
  pieces.next();
  pieces.return({ ret: 0, fds: [], allocated: 0 });
  expect(shell.kernel.hasDescriptor('shell', 3)).toBe(false);
});

test('a task is started once', () => {
  const { kernel } = machine();
  const caller = { kernel, task: 'camera' };
  expect(startTask(caller)).toBe(kernel.task('camera')?.pid);
  expect(startTask(caller)).toBeUndefined();
  const { fds } = finish(allocate(caller, { heap: 'system', size: 4096n }));
  expect(nameBuffer(caller, fds[0] ?? -1, 'a').ret).toBe(0);
});
