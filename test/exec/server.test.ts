/** The exchange over real sockets: parts of frames, many frames, and the order of ends and questions. */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOW, MAGIC, MESSAGE, VERSION } from '../../src/exec/protocol.ts';
import { ExchangeServer } from '../../src/exec/server.ts';
import { FieldWriter } from '../../src/exec/wire.ts';
import { EM_AARCH64, TestServer, TOKEN } from './carrier.ts';

let test: TestServer;
let server: ExchangeServer;
let path: string;
const sockets: Socket[] = [];

beforeEach(async () => {
  test = new TestServer();
  server = new ExchangeServer(test.exchange);
  path = join(test.directory, 'socket');
  await server.listen(path);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  test.close();
});

/** A connection that collects what it gets. */
class Client {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #wake: () => void = () => {};
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    sockets.push(socket);
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    socket.on('error', () => {});
  }

  static open(): Promise<Client> {
    return new Promise((resolve) => {
      const socket = connect(path, () => resolve(new Client(socket)));
    });
  }

  /** The next answer's `ret`; `undefined` at the end of the connection. */
  async ret(): Promise<number | undefined> {
    for (;;) {
      if (this.#bytes.length >= 20 && this.#bytes.length >= this.#bytes.readUInt32LE(0)) {
        const size = this.#bytes.readUInt32LE(0);
        const ret = Number(this.#bytes.readBigInt64LE(12));
        this.#bytes = this.#bytes.subarray(size);
        return ret;
      }
      if (this.isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const frame = (type: number, write: (fields: FieldWriter) => void): Buffer => {
  const fields = new FieldWriter().begin(type, 1);
  write(fields);
  return fields.finish();
};

const hello = (pid: number, task = 'app', how: number = HOW.START): Buffer =>
  frame(MESSAGE.HELLO, (fields) =>
    fields
      .u32(MAGIC)
      .u32(VERSION)
      .str(TOKEN)
      .u32(how)
      .u32(pid)
      .u32(1)
      .u32(EM_AARCH64)
      .u32(4096)
      .u32(1)
      .str(task)
      .str('/bin/app')
      .u32(0),
  );

const open = (at: number): Buffer =>
  frame(MESSAGE.OPEN, (fields) => fields.str('/dev/dma_heap/system').u32(2).u32(0).u32(at));

/** A question whose answer is as long. */
const echo = (length: number): Buffer =>
  frame(MESSAGE.PROC, (fields) => fields.u32(1).str('status').str('x'.repeat(length)));

const alloc = (heap: number, at: number): Buffer => {
  const data = Buffer.alloc(24);
  data.writeBigUInt64LE(4096n);
  data.writeUInt32LE(2, 12);
  return frame(MESSAGE.IOCTL, (fields) =>
    fields.u32(heap).u32(0xc0184800).u64(4096n).u32(at).str(`b.${at}`).str(data).u32(24).u32(0),
  );
};

describe('the server', () => {
  it('takes frames in any parts', async () => {
    const client = await Client.open();
    const bytes = Buffer.concat([hello(100), open(3), alloc(3, 4)]);
    for (const byte of bytes.subarray(0, 40)) client.socket.write(Buffer.from([byte]));
    client.socket.write(bytes.subarray(40));
    expect([await client.ret(), await client.ret(), await client.ret()]).toEqual([0, 3, 0]);
  });

  it.each([
    ['a size below the header', Buffer.from([4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])],
    ['a size above the limit', Buffer.from([255, 255, 255, 127, 1, 0, 0, 0, 1, 0, 0, 0])],
    ['flags', Buffer.from([12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0])],
  ])('ends a connection with %s, and no other', async (_, bytes) => {
    const other = await Client.open();
    other.socket.write(hello(101, 'other'));
    expect(await other.ret()).toBe(0);
    const client = await Client.open();
    client.socket.write(Buffer.concat([hello(100), bytes]));
    expect([await client.ret(), await client.ret()]).toEqual([0, undefined]);
    other.socket.write(open(3));
    expect(await other.ret()).toBe(3);
  });

  it('answers a malformed question with EPROTO and hangs up', async () => {
    const client = await Client.open();
    client.socket.write(Buffer.concat([hello(100), frame(MESSAGE.OPEN, (fields) => fields.u32(9)), open(3)]));
    expect([await client.ret(), await client.ret(), await client.ret()]).toEqual([0, -71, undefined]);
  });

  it('ends a connection that asks on and reads no answers, and keeps little of it', async () => {
    const other = await Client.open();
    other.socket.write(hello(101, 'other'));
    expect(await other.ret()).toBe(0);
    // Many questions at once.
    const client = await Client.open();
    client.socket.write(Buffer.concat([hello(100), ...Array<Buffer>(5000).fill(open(3))]));
    while ((await client.ret()) !== undefined);
    // One after the other, with long answers.
    const silent = await Client.open();
    silent.socket.write(hello(102, 'silent'));
    expect(await silent.ret()).toBe(0);
    silent.socket.pause();
    for (let n = 0; n < 400; n++) {
      silent.socket.write(echo(120_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    silent.socket.resume();
    let answers = 0;
    while ((await silent.ret()) !== undefined) answers++;
    expect(answers).toBeGreaterThan(100);
    expect(answers).toBeLessThan(200);
    other.socket.write(open(3));
    expect(await other.ret()).toBe(3);
  });

  it('sees the end of a process before the next question of another', async () => {
    const watcher = await Client.open();
    watcher.socket.write(hello(101, 'other'));
    await watcher.ret();
    for (let round = 0; round < 40; round++) {
      const client = await Client.open();
      client.socket.write(Buffer.concat([hello(200 + round), open(3), alloc(3, 4)]));
      for (let i = 0; i < 3; i++) await client.ret();
      expect(test.session.view((kernel) => kernel.bufferCount())).toBe(1);
      // Both are there when the server looks. A close would not do: whoever another test forks now has the connection till its exec.
      client.socket.end();
      watcher.socket.write(open(3));
      expect(await watcher.ret()).toBe(3);
      expect(test.session.view((kernel) => kernel.bufferCount())).toBe(0);
    }
  });

  it('forgets a process that does not wait for its answer', async () => {
    const client = await Client.open();
    client.socket.write(Buffer.concat([hello(100), open(3), alloc(3, 4)]));
    client.socket.end();
    const watcher = await Client.open();
    watcher.socket.write(Buffer.concat([hello(101, 'other'), open(3)]));
    expect([await watcher.ret(), await watcher.ret()]).toEqual([0, 3]);
    expect(test.session.view((kernel) => kernel.bufferCount())).toBe(0);
  });

  it('ends when nobody has been connected for a moment', async () => {
    const client = await Client.open();
    client.socket.write(hello(100));
    await client.ret();
    client.socket.destroy();
    await server.idle;
    expect(test.session.view((kernel) => kernel.taskNames())).not.toContain('app');
  });

  const told = (words: object): Buffer => frame(MESSAGE.WATCH, (fields) => fields.str(JSON.stringify(words)));
  /** A run that is asked for, and its end as the last. */
  const lastRun = async (): Promise<Client> => {
    const watcher = await Client.open();
    watcher.socket.write(told({ token: TOKEN, watch: 1, task: 'app', command: ['app'] }));
    expect(await watcher.ret()).toBe(0);
    watcher.socket.write(told({ summary: true, last: true }));
    expect(await watcher.ret()).toBe(0);
    return watcher;
  };

  it('ends at once after the last run, though its supervisor stays a while', async () => {
    const supervisor = await Client.open();
    supervisor.socket.write(hello(100, '1', HOW.SUPERVISOR));
    expect(await supervisor.ret()).toBe(0);
    const watcher = await lastRun();
    watcher.socket.end();
    await server.idle;
  });

  it('goes on after it for a program that is still there', async () => {
    const left = await Client.open();
    left.socket.write(hello(100, 'left'));
    expect(await left.ret()).toBe(0);
    const watcher = await lastRun();
    watcher.socket.end();
    const other = await Client.open();
    other.socket.write(hello(101, 'other'));
    expect(await other.ret()).toBe(0);
    left.socket.write(open(3));
    expect(await left.ret()).toBe(3);
  });
});
