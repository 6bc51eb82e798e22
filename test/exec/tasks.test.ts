/** Which process is which task, over fork, exec, posix_spawn and deaths of all kinds. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOW, MESSAGE } from '../../src/exec/protocol.ts';
import { Carrier, type HelloGiven, started, TestServer } from './carrier.ts';

const PAGE = 4096;

let server: TestServer;
beforeEach(() => {
  server = new TestServer();
});
afterEach(() => server.close());

const hasTask = (task: string) => server.session.view((kernel) => kernel.hasTask(task));

/** `app` with a heap under 3 and a buffer under 4. */
function parentWithBuffer(given: HelloGiven = {}): { parent: Carrier; buffer: string; heap: string } {
  const parent = started(server, given);
  parent.open('/dev/dma_heap/system', 3);
  const { offered } = parent.alloc(3, PAGE, 4);
  const heap = `${server.directory}/mirror/dev/dma_heap/system`;
  return { parent, buffer: `${server.directory}/b/${offered}`, heap };
}

const fork = (parent: Carrier, pid: number) => parent.get(MESSAGE.FORK, (fields) => fields.u32(pid)).ret;

describe('fork', () => {
  it('gives the child what the parent has, when the parent tells first', () => {
    const { parent, buffer, heap } = parentWithBuffer();
    expect(fork(parent, 101)).toBe(0);
    const child = started(server, {
      how: HOW.FORKED,
      pid: 101,
      ppid: 100,
      fds: [
        [3, 0, heap],
        [4, 0, buffer],
      ],
    });
    expect(child.peer.process?.task).toBe('app.101');
    expect(server.fds('app.101')).toEqual([3, 4]);
    parent.close(4);
    expect(server.buffers()).toBe(1);
    child.end();
    expect(server.buffers()).toBe(0);
    expect(server.fds('app')).toEqual([3]);
  });

  it('goes by the table that the child brings: a thread may have closed something meanwhile', () => {
    const { parent, heap } = parentWithBuffer();
    fork(parent, 101);
    started(server, { how: HOW.FORKED, pid: 101, ppid: 100, fds: [[3, 0, heap]] });
    expect(server.fds('app.101')).toEqual([3]);
  });

  it('of a parent that dies before it tells is of its last state', () => {
    const { parent, buffer } = parentWithBuffer();
    const child = new Carrier(server);
    expect(child.hello({ how: HOW.FORKED, pid: 101, ppid: 100, fds: [[4, 0, buffer]] })).toBeUndefined();
    parent.end();
    expect(child.told).toHaveLength(1);
    expect(server.fds('app.101')).toEqual([4]);
    expect(server.buffers()).toBe(1);
  });

  it('of which nobody tells (clone) is answered at once', () => {
    const { buffer } = parentWithBuffer();
    started(server, { how: HOW.CLONED, pid: 101, ppid: 100, fds: [[4, 1, buffer]] });
    expect(server.fds('app.101')).toEqual([4]);
  });

  it('that dies without a word is found', () => {
    const { parent } = parentWithBuffer();
    server.running.add(101);
    fork(parent, 101);
    server.exchange.tick(false);
    expect(hasTask('app.101')).toBe(true);
    server.running.delete(101);
    server.exchange.tick(false);
    expect(hasTask('app.101')).toBe(false);
  });

  it('names a grandchild after the first process of the run', () => {
    const { parent } = parentWithBuffer();
    fork(parent, 101);
    const child = started(server, { how: HOW.FORKED, pid: 101, ppid: 100 });
    fork(child, 102);
    const grandchild = started(server, { how: HOW.FORKED, pid: 102, ppid: 101 });
    expect(grandchild.peer.process?.task).toBe('app.102');
  });
});

describe('exec', () => {
  it('keeps the task and what the new program has', () => {
    const { parent, buffer, heap } = parentWithBuffer();
    parent.alloc(3, PAGE, 5, 2 | 0o2000000);
    expect(server.buffers()).toBe(2);
    parent.get(MESSAGE.EXEC, (fields) => fields.str('/bin/other').u32(1).str('other'));
    server.running.add(100);
    parent.end();
    expect(hasTask('app')).toBe(true);
    const fds0: HelloGiven['fds'] = [
      [3, 0, heap],
      [4, 0, buffer],
    ];
    const next = started(server, { how: HOW.EXECED, pid: 100, fds: fds0 });
    expect(next.peer.process?.task).toBe('app');
    expect(server.fds('app')).toEqual([3, 4]);
    expect(server.buffers()).toBe(1);
  });

  it('that fails changes nothing, and the next end is the end', () => {
    const { parent } = parentWithBuffer();
    parent.get(MESSAGE.EXEC, (fields) => fields.str('/bin/none').u32(0));
    parent.get(MESSAGE.EXEC_FAILED, (fields) => fields.u32(2));
    parent.end();
    expect(hasTask('app')).toBe(false);
  });

  it('in which the process is killed ends the task', () => {
    const { parent } = parentWithBuffer();
    parent.get(MESSAGE.EXEC, (fields) => fields.str('/bin/other').u32(0));
    parent.end();
    server.exchange.tick(false);
    expect(hasTask('app')).toBe(false);
    expect(server.buffers()).toBe(0);
  });

  it('of a child that nobody told of (posix_spawn) is one of the parent: what it brings it has', () => {
    const { parent, buffer } = parentWithBuffer();
    const child = started(server, { how: HOW.EXECED, pid: 101, ppid: 100, fds: [[7, 0, buffer]] });
    // A file action has moved it: the child must show that it has it.
    expect(server.fds('app.101')).toEqual([]);
    child.end();
    server.open.add(`102 7 ${buffer}`);
    started(server, { how: HOW.EXECED, pid: 102, ppid: 100, fds: [[7, 0, buffer]] });
    expect(server.fds('app.102')).toEqual([7]);
    parent.close(4);
    expect(server.buffers()).toBe(1);
  });
});

describe('a process', () => {
  it('cannot say that it is another one', () => {
    parentWithBuffer();
    const thief = new Carrier(server);
    expect(thief.hello({ how: HOW.START, pid: 100 })?.ret).toBe(-71);
    expect(server.fds('app')).toEqual([3, 4]);
  });

  it('cannot say that it is a child that waits for word of its parent', () => {
    const { parent } = parentWithBuffer();
    const child = new Carrier(server);
    expect(child.hello({ how: HOW.FORKED, pid: 101, ppid: 100 })).toBeUndefined();
    for (const how of [HOW.START, HOW.FORKED, HOW.EXECED]) {
      expect(new Carrier(server).hello({ how, pid: 101, ppid: 100 })?.ret).toBe(-71);
    }
    fork(parent, 101);
    expect(child.told).toHaveLength(1);
  });

  it.each([
    ['that starts with its name', (_: Carrier) => started(server, { pid: 200, task: 'app' })],
    ['that says to have forked it', (other: Carrier) => fork(other, 100)],
  ])('is not lost to another one between two programs: to one %s', (_what, robs) => {
    const { parent, buffer } = parentWithBuffer();
    const other = started(server, { pid: 300, task: 'other' });
    parent.get(MESSAGE.EXEC, (fields) => fields.str('/bin/other').u32(0));
    server.running.add(100);
    parent.end();
    robs(other);
    expect(server.fds('app')).toEqual([3, 4]);
    const next = started(server, { how: HOW.EXECED, pid: 100, fds: [[4, 0, buffer]] });
    expect(next.peer.process?.task).toBe('app');
    next.end();
    server.running.delete(100);
    server.exchange.tick(false);
    expect(server.session.view((kernel) => kernel.taskNames())).not.toContain('app');
    expect(server.session.view((kernel) => kernel.taskNames())).not.toContain('other.100');
  });

  it('never gets the name of another as its child’s', () => {
    const { parent } = parentWithBuffer();
    const other = started(server, { pid: 300, task: 'app.101' });
    other.open('/dev/dma_heap/system', 5);
    fork(parent, 101);
    expect(server.fds('app.101')).toEqual([5]);
    expect(started(server, { how: HOW.FORKED, pid: 101, ppid: 100 }).peer.process?.task).toBe('app.101.101');
  });

  it('that became another program keeps its task, whatever it says of how it came', () => {
    const { parent, buffer } = parentWithBuffer();
    parent.get(MESSAGE.EXEC, (fields) => fields.str('/bin/other').u32(0));
    parent.end();
    const next = started(server, { how: HOW.START, pid: 100, task: 'new', fds: [[4, 0, buffer]] });
    expect(next.peer.process?.task).toBe('app');
  });

  it("cannot bring another's buffer that it does not have", () => {
    const { buffer } = parentWithBuffer();
    const thief = started(server, { pid: 500, task: 'thief', fds: [[4, 0, buffer]] });
    expect(server.fds('thief')).toEqual([]);
    const receive = thief.get(MESSAGE.RECEIVE, (fields) => fields.u32(1).u32(9).u32(0).str(buffer));
    expect(receive.ret).toBe(0);
    expect(server.fds('thief')).toEqual([]);
  });

  it('gets its name when it is free, else one of its own', () => {
    const first = started(server, { pid: 100 });
    const second = started(server, { pid: 101 });
    expect([first.peer.process?.task, second.peer.process?.task]).toEqual(['app', 'app.101']);
    first.end();
    expect(started(server, { pid: 102 }).peer.process?.task).toBe('app');
  });

  it('whose task a fault rule ends is killed', () => {
    const { parent } = parentWithBuffer();
    server.session.transact((kernel) =>
      kernel.syscall('shell', { call: 'fault_add', rule: { does: 'exit', task: 'app', nth: 1 } }),
    );
    parent.close(4);
    expect(server.killed).toEqual([100]);
  });
});
