/** Who still holds a buffer: messages that nobody received, raw closes, killed processes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANSWER, HEADER, HOW, MESSAGE } from '../../src/exec/protocol.ts';
import { FieldReader, FieldWriter, FrameSplitter } from '../../src/exec/wire.ts';
import { Carrier, started, TestServer } from './carrier.ts';

const PAGE = 4096;

let server: TestServer;
beforeEach(() => {
  server = new TestServer();
});
afterEach(() => server.close());

/** A supervisor, to which the host's locks are what the test says. */
class Supervisor extends Carrier {
  constructor() {
    super(server);
    this.hello({ how: HOW.SUPERVISOR, pid: 50 });
  }

  /** The names that it was asked for last; answers that those of `held` are held. */
  answer(held: readonly string[], given: { readonly late?: boolean } = {}): readonly string[] {
    const question = this.told.pop();
    if (question === undefined) throw new Error('no probe');
    expect(question.readUInt16LE(4)).toBe(MESSAGE.PROBE);
    const seq = question.readUInt32LE(8);
    const names = new FieldReader(question, HEADER).list(4, (each) => each.str());
    const answer = new FieldWriter().answer(MESSAGE.PROBE, given.late === true ? seq - 1 : seq, 0);
    for (const name of names) answer.u8(held.includes(name) ? 1 : 0);
    const [frame] = new FrameSplitter().push(answer.finish());
    if (frame === undefined) throw new Error('no frame');
    expect(frame.type).toBe(MESSAGE.PROBE | ANSWER);
    server.exchange.handle(this.peer, frame);
    return names;
  }
}

function appWithBuffer(): { readonly app: Carrier; readonly name: string; readonly path: string } {
  const app = started(server);
  app.open('/dev/dma_heap/system', 3);
  const name = app.alloc(3, PAGE, 4).offered;
  return { app, name, path: `${server.directory}/b/${name}` };
}

const send = (carrier: Carrier, ...sent: readonly number[]) =>
  carrier.get(MESSAGE.SEND, (fields) => {
    fields.u32(sent.length);
    for (const fd of sent) fields.u32(fd);
  }).ret;

const receive = (carrier: Carrier, fd: number, path: string) =>
  carrier.get(MESSAGE.RECEIVE, (fields) => fields.u32(1).u32(fd).u32(1).str(path)).ret;

const frameOf = (type: number) => {
  const [frame] = new FrameSplitter().push(new FieldWriter().begin(type, 1).finish());
  if (frame === undefined) throw new Error('no frame');
  return frame;
};

describe('a buffer in a message', () => {
  it('lives when its sender has closed it, and is the receiver’s then', () => {
    const { app, path } = appWithBuffer();
    expect(send(app, 4)).toBe(0);
    app.close(4);
    expect(server.buffers()).toBe(1);
    const other = started(server, { pid: 200, task: 'other' });
    expect(receive(other, 9, path)).toBe(0);
    expect(server.fds('other')).toEqual([9]);
    other.close(9);
    expect(server.buffers()).toBe(0);
  });

  it('that nobody received dies when the host finds nobody, before somebody looks', () => {
    const supervisor = new Supervisor();
    const { app, name } = appWithBuffer();
    send(app, 4);
    app.close(4);
    expect(server.exchange.probesBefore(frameOf(MESSAGE.OPEN))).toBe(true);
    expect(server.exchange.isProbing).toBe(true);
    expect(supervisor.answer([name])).toEqual([name]);
    expect(server.exchange.isProbing).toBe(false);
    expect(server.buffers()).toBe(1);
    expect(server.exchange.probesBefore(frameOf(MESSAGE.OPEN))).toBe(true);
    supervisor.answer([]);
    expect(server.buffers()).toBe(0);
    expect(server.exchange.probesBefore(frameOf(MESSAGE.OPEN))).toBe(false);
  });

  it('is not asked for where there is nobody to ask, and dies at the end', () => {
    const { app } = appWithBuffer();
    send(app, 4);
    app.close(4);
    expect(server.exchange.probesBefore(frameOf(MESSAGE.OPEN))).toBe(false);
    server.exchange.end();
    expect(server.buffers()).toBe(0);
  });

  it('of a heap node is the same open file at the receiver', () => {
    const { app } = appWithBuffer();
    const heap = `${server.directory}/mirror/dev/dma_heap/system`;
    send(app, 3);
    const other = started(server, { pid: 200, task: 'other' });
    receive(other, 9, heap);
    const files = server.session.view((kernel) => [
      kernel.descriptor('app', 3)?.file,
      kernel.descriptor('other', 9)?.file,
    ]);
    expect(files[0]).toBe(files[1]);
  });

  it('that is looked at twice is received twice', () => {
    const { app, path } = appWithBuffer();
    send(app, 4);
    receive(app, 5, path);
    receive(app, 6, path);
    expect(server.fds('app')).toEqual([3, 4, 5, 6]);
  });
});

describe('a killed process', () => {
  it('leaves what another process may have until a probe finds nobody', () => {
    const supervisor = new Supervisor();
    const { app, name } = appWithBuffer();
    app.end();
    expect(server.exchange.isProbing).toBe(true);
    expect(server.buffers()).toBe(1);
    expect(supervisor.answer([])).toEqual([name]);
    expect(server.buffers()).toBe(0);
  });

  it('whose buffer somebody has on the host leaves it, for whoever shows that he has it', () => {
    const supervisor = new Supervisor();
    const { app, name, path } = appWithBuffer();
    app.end();
    supervisor.answer([name]);
    expect(server.buffers()).toBe(1);
    const child = started(server, { how: HOW.EXECED, pid: 101, ppid: 100, fds: [[4, 0, path]] });
    expect(server.fds(child.peer.process?.task ?? '')).toEqual([4]);
  });

  it('and its supervisor with it keep nobody waiting', () => {
    const supervisor = new Supervisor();
    const { app } = appWithBuffer();
    let ended = 0;
    server.exchange.onProbed = () => {
      ended++;
    };
    app.end();
    supervisor.end();
    expect(server.exchange.isProbing).toBe(false);
    expect(ended).toBe(1);
  });
});

describe('a server that comes after one that was killed', () => {
  it('keeps what processes hold that lost theirs, and ends their tasks with it', () => {
    const { name } = appWithBuffer();
    server.restart();
    const supervisor = new Supervisor();
    server.exchange.tick(true);
    expect(supervisor.answer([name])).toEqual([name]);
    for (let sweep = 0; sweep < 2; sweep++) {
      expect(server.buffers()).toBe(1);
      server.exchange.tick(true);
      supervisor.answer([]);
    }
    expect(server.buffers()).toBe(0);
    expect(server.session.view((kernel) => kernel.hasTask('app'))).toBe(false);
  });
});

describe('a sweep', () => {
  it('closes what two probes find nobody to hold', () => {
    const supervisor = new Supervisor();
    const { app, name } = appWithBuffer();
    const kept = app.alloc(3, PAGE, 5).offered;
    server.exchange.tick(true);
    expect(supervisor.answer([kept])).toEqual([name, kept]);
    expect(server.fds('app')).toEqual([3, 4, 5]);
    server.exchange.tick(true);
    supervisor.answer([kept]);
    expect(server.fds('app')).toEqual([3, 5]);
    expect(server.buffers()).toBe(1);
  });

  it('takes no answer to another question', () => {
    const supervisor = new Supervisor();
    appWithBuffer();
    server.exchange.tick(true);
    supervisor.answer([], { late: true });
    expect(server.exchange.isProbing).toBe(true);
  });

  it('does not begin while questions come', () => {
    const supervisor = new Supervisor();
    appWithBuffer();
    server.exchange.tick(false);
    expect(supervisor.told).toEqual([]);
  });
});
