/** A carrier of tests: speaks to an exchange without sockets, as the native ones do over them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Exchange } from '../../src/exec/exchange.ts';
import { ExportedNames } from '../../src/exec/exported-names.ts';
import { Mirror } from '../../src/exec/mirror.ts';
import { Peer } from '../../src/exec/peer.ts';
import { ANSWER, HEADER, HOW, MAGIC, MESSAGE, VERSION } from '../../src/exec/protocol.ts';
import { PLAIN_WORDS } from '../../src/exec/run-words.ts';
import type { ReadScenario } from '../../src/exec/scenario-plays.ts';
import { FieldReader, FieldWriter, FrameSplitter } from '../../src/exec/wire.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { MemoryRecords } from '../../src/records.ts';
import { buffersPath } from '../../src/session/buffer-files.ts';
import { bootSession } from '../../src/session/local-session.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { type ServedSession, serveSession } from '../../src/session/served-session.ts';
import type { BootInputs } from '../../src/session/session.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../../src/uapi/dma-heap.ts';
import { at, bootInputs, cameraInputs } from '../session/camera-board.ts';

export const TOKEN = 'f'.repeat(64);
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;

/** A session as programs are served from, in a directory. */
function servedSession(directory: string, inputs: BootInputs): ServedSession {
  const location = at(join(directory, 'session'));
  bootSession(location, inputs, bootInputs(inputs));
  return serveSession(location);
}

function memorySession(inputs: BootInputs): MemorySession {
  const records = new MemoryRecords();
  bootInputs(inputs)(records);
  return new MemorySession(records, inputs);
}

export interface TestServerOptions {
  /** Reads a scenario that is played. */
  readonly scenario?: ReadScenario;
  /** The session is one of a real server; else one in memory. */
  readonly served?: boolean;
}

/** The steps of a scenario that plays a device beside a program. */
export const DEVICE_STEPS = `
  - device-add: { name: cam, coherent: false }
  - await: { size: 8K }
    as: frame
  - attach: { fd: frame, device: cam }
    as: a
  - map: a
  - await: { sync: frame, end: true, write: true }
  - fill: { to: "attachment:a", offset: 0, length: 16, byte: 9 }
  - await: { sync: frame, start: true }
  - unmap: a
  - detach: a
`;

/** An exchange over a session, with directories of its own. */
export class TestServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'dmaheap-exchange-'));
  /** Where the files of buffers lie. */
  readonly bufferFiles: string;
  readonly session: MemorySession | ServedSession;
  exchange: Exchange;
  readonly killed: number[] = [];
  /** Processes of the host that run without a connection. */
  readonly running = new Set<number>();
  /** What /proc of the host would show: `PID FD PATH`. */
  readonly open = new Set<string>();

  readonly #scenario: ReadScenario | undefined;

  constructor(params: BootParams = {}, { scenario, served = false }: TestServerOptions = {}) {
    this.#scenario = scenario;
    const inputs = { ...cameraInputs(), params };
    this.session = served ? servedSession(this.directory, inputs) : memorySession(inputs);
    this.bufferFiles = served ? buffersPath(join(this.directory, 'session')) : join(this.directory, 'b');
    this.exchange = this.#exchangeOf();
  }

  /** Another server over the same session: the first was killed, and nobody is connected. */
  restart(): void {
    this.exchange = this.#exchangeOf();
  }

  #exchangeOf(): Exchange {
    const buffers = new ExportedNames(this.bufferFiles);
    const mirror = new Mirror(join(this.directory, 'mirror'));
    this.session.view((kernel) => {
      mirror.begin(kernel);
      buffers.load(kernel);
    });
    return new Exchange({
      session: this.session,
      buffers,
      mirror,
      token: TOKEN,
      words: PLAIN_WORDS,
      ...(this.#scenario && { scenario: this.#scenario }),
      hostPageSize: 4096,
      host: {
        kill: (pid) => this.killed.push(pid),
        isAlive: (pid) => this.running.has(pid),
        hasOpen: (pid, fd, path) => this.open.has(`${pid} ${fd} ${path}`),
      },
    });
  }

  /** How many buffers there are. */
  buffers(): number {
    return this.session.view((kernel) => kernel.bufferCount());
  }

  /** The descriptors of a task that are no streams. */
  fds(task: string): readonly number[] {
    return this.session.view((kernel) =>
      (kernel.task(task)?.fds ?? []).filter(({ kind }) => kind !== 'stream').map(({ fd }) => fd),
    );
  }

  close(): void {
    this.session.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Answered {
  readonly ret: number;
  readonly fields: FieldReader;
}

/** What a HELLO may say otherwise. */
export interface HelloGiven {
  readonly how?: number;
  readonly pid?: number;
  readonly ppid?: number;
  readonly machine?: number;
  readonly task?: string;
  readonly token?: string;
  readonly version?: number;
  readonly fds?: readonly (readonly [fd: number, flags: number, path: string])[];
}

/** One connection. */
export class Carrier {
  readonly peer: Peer;
  /** Frames that came unasked. */
  readonly told: Buffer[] = [];
  isHungUp = false;
  readonly #server: TestServer;
  #seq = 0;
  #names = 0;

  constructor(server: TestServer) {
    this.#server = server;
    this.peer = new Peer(
      (frame) => this.told.push(frame),
      () => {
        this.isHungUp = true;
      },
    );
  }

  /** Sends a message. @returns its answer; `undefined` when it comes later */
  ask(type: number, write: (fields: FieldWriter) => void = () => {}): Answered | undefined {
    const fields = new FieldWriter().begin(type, ++this.#seq);
    write(fields);
    const [frame] = new FrameSplitter().push(fields.finish());
    if (frame === undefined) throw new Error('no frame');
    const bytes = this.#server.exchange.handle(this.peer, frame);
    return bytes && answered(bytes, type, this.#seq);
  }

  /** The same, of a message that is answered at once. */
  get(type: number, write?: (fields: FieldWriter) => void): Answered {
    const answer = this.ask(type, write);
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  hello(given: HelloGiven = {}): Answered | undefined {
    const { how = HOW.START, pid = 100, ppid = 1, machine = EM_X86_64, task = 'app', fds = [] } = given;
    return this.ask(MESSAGE.HELLO, (fields) => {
      fields.u32(MAGIC).u32(given.version ?? VERSION);
      fields
        .str(given.token ?? TOKEN)
        .u32(how)
        .u32(pid)
        .u32(ppid);
      fields.u32(machine).u32(4096).u32(1).str(task).str('/bin/app').u32(fds.length);
      for (const [fd, flags, path] of fds) fields.u32(fd).u32(flags).str(path);
    });
  }

  open(path: string, at: number, flags = 2): Answered {
    return this.get(MESSAGE.OPEN, (fields) => fields.str(path).u32(flags).u32(0).u32(at));
  }

  /** @param at the offered number */
  ioctl(fd: number, request: number, memory: Uint8Array, at = -1, given: IoctlGiven = {}): IoctlAnswer {
    const { writable = memory.length, parts = [], name = at < 0 ? '' : this.nextName() } = given;
    const { ret, fields } = this.get(MESSAGE.IOCTL, (ask) => {
      ask.u32(fd).u32(request).u64(ARG).u32(at).str(name).str(memory).u32(writable).u32(parts.length);
      for (const part of parts) ask.u64(ARG).str(part);
    });
    const answer = {
      ret,
      flags: fields.u32(),
      kind: fields.u32(),
      openFlags: fields.u32(),
      size: fields.u64(),
      name: fields.str(),
      stores: fields.list(12, (each) => ({ address: each.u64(), bytes: each.bytes() })),
      wanted: fields.list(12, (each) => ({ address: each.u64(), length: each.u32() })),
      offered: name,
    };
    fields.end();
    return answer;
  }

  nextName(): string {
    return `${this.peer.process?.pid ?? 0}.${++this.#names}`;
  }

  alloc(heap: number, length: number, at: number, flags = 2): IoctlAnswer {
    const data = Buffer.alloc(24);
    data.writeBigUInt64LE(BigInt(length), 0);
    data.writeUInt32LE(flags, 12);
    return this.ioctl(heap, DMA_HEAP_IOCTL_ALLOC, data, at);
  }

  close(...fds: readonly number[]): number {
    return this.get(MESSAGE.CLOSE, (fields) => {
      fields.u32(fds.length);
      for (const fd of fds) fields.u32(fd);
    }).ret;
  }

  /** The end of the connection. */
  end(): void {
    this.#server.exchange.left(this.peer);
  }
}

export interface IoctlGiven {
  readonly writable?: number;
  readonly parts?: readonly Uint8Array[];
  readonly name?: string;
}

export interface IoctlAnswer {
  readonly ret: number;
  readonly flags: number;
  readonly kind: number;
  readonly openFlags: number;
  readonly size: bigint;
  readonly name: string;
  readonly stores: readonly { readonly address: bigint; readonly bytes: Buffer }[];
  readonly wanted: readonly { readonly address: bigint; readonly length: number }[];
  readonly offered: string;
}

/** Where the program has what its ioctls point to. */
export const ARG = 0x7fff_0000n;

/** An answer's `ret` and what follows. */
export function answered(bytes: Buffer, type: number, seq: number): Answered {
  if (bytes.readUInt32LE(0) !== bytes.length) throw new Error('the answer says another size');
  if (bytes.readUInt16LE(4) !== (type | ANSWER) || bytes.readUInt32LE(8) !== seq) {
    throw new Error('the answer is of another question');
  }
  const fields = new FieldReader(bytes, HEADER);
  return { ret: Number(fields.i64()), fields };
}

/** A process of a task called `app`. */
export function started(server: TestServer, given: HelloGiven = {}): Carrier {
  const carrier = new Carrier(server);
  const answer = carrier.hello(given);
  if (answer?.ret !== 0) throw new Error('HELLO was refused');
  return carrier;
}
