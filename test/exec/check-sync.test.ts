/** What `--check-sync` finds: stores of a program outside of brackets, and what a device would not have seen. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckSync } from '../../src/exec/check-sync.ts';
import { MESSAGE } from '../../src/exec/protocol.ts';
import { changedRuns, Shadow } from '../../src/exec/shadow.ts';
import type { Report } from '../../src/kernel/coherency/hazard-log.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Syscall } from '../../src/kernel/syscall.ts';
import { BufferFiles, buffersPath } from '../../src/session/buffer-files.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import type { Session } from '../../src/session/session.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_START,
  DMA_BUF_SYNC_WRITE,
  encodeDmaBufSync,
} from '../../src/uapi/dma-buf.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../src/uapi/fcntl.ts';
import { device, reportsOf, Task } from '../kernel/machine.ts';
import { at, bootInputs, cameraInputs } from '../session/camera-board.ts';
import { type Answered, Carrier, started, TestServer, TOKEN } from './carrier.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-check-sync-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const inputs = cameraInputs();
const SIZE = 131_072;
const { START, END, READ, WRITE, RW } = {
  START: DMA_BUF_SYNC_START,
  END: DMA_BUF_SYNC_END,
  READ: DMA_BUF_SYNC_READ,
  WRITE: DMA_BUF_SYNC_WRITE,
  RW: DMA_BUF_SYNC_RW,
};

let sessions = 0;
/** A program that has a buffer mapped, on a board with a device that has it mapped as well. */
class Program {
  readonly session: Session;
  readonly check: CheckSync;
  readonly fd: number;
  readonly mapping: number;
  readonly cam: number;
  readonly #file: string;

  constructor({ isAttached = true } = {}) {
    const path = join(directory, `session-${++sessions}`);
    bootSession(at(path), inputs, bootInputs(inputs));
    mkdirSync(buffersPath(path), { recursive: true });
    this.#file = join(buffersPath(path), '1.0');
    writeFileSync(this.#file, new Uint8Array(SIZE), { mode: 0o600 });
    this.session = openSession(at(path));
    this.check = new CheckSync(new BufferFiles(buffersPath(path)));
    [this.fd, this.cam] = this.session.transact((kernel) => {
      const task = new Task(kernel);
      task.must({ call: 'device_add', device: device('cam') });
      const fd = task.alloc('system', BigInt(SIZE));
      kernel.exportBuffer('shell', fd, '1.0');
      const cam = isAttached ? task.attach(fd, 'cam') : -1;
      if (isAttached) task.mapFor(cam);
      return [fd, cam];
    });
    const prot = PROT_READ | PROT_WRITE;
    const length = BigInt(SIZE);
    this.mapping = this.call({ call: 'mmap', fd: this.fd, length, prot, flags: MAP_SHARED, offset: 0n });
  }

  /** A call as the server makes it. */
  call(call: Syscall): number {
    return this.session.transact((kernel) => {
      this.check.before(kernel, 'shell', call);
      const result = kernel.syscall('shell', call);
      this.check.after(kernel, 'shell', call, result);
      return result.ret;
    });
  }

  sync(flags: number): void {
    const request = DMA_BUF_IOCTL_SYNC | 0;
    expect(this.call({ call: 'ioctl', fd: this.fd, request, arg: encodeDmaBufSync(flags) })).toBe(0);
  }

  /** Stores through the program's own mapping: nobody is told. */
  store(offset: number, bytes: Uint8Array): void {
    const fd = openSync(this.#file, 'r+');
    writeSync(fd, bytes, 0, bytes.length, offset);
    closeSync(fd);
  }

  /** A device's work, as a scenario or another command makes it. */
  dma<T>(work: (task: Task, kernel: Kernel) => T): T {
    return this.session.transact((kernel) => {
      this.check.look(kernel);
      const value = work(new Task(kernel), kernel);
      this.check.skip();
      return value;
    });
  }

  get reports(): string[] {
    return this.session.view(reportsOf);
  }

  get unbracketed(): Report | undefined {
    const isOne = ({ report }: Report): boolean => report === 'unbracketed-write';
    return this.session.view((kernel) => [...kernel.hazards.since()].findLast(isOne));
  }

  get last(): Report | undefined {
    return this.session.view((kernel) => [...kernel.hazards.since()].at(-1));
  }
}

const bytes = (length: number, byte = 7): Uint8Array => new Uint8Array(length).fill(byte);

describe('a program that is checked', () => {
  it('is not told of anything when it writes in brackets', () => {
    const program = new Program();
    for (let frame = 1; frame < 4; frame++) {
      program.sync(START | WRITE);
      program.store(frame, bytes(70_000, frame));
      program.sync(END | WRITE);
      const seen = program.dma((task) => task.dmaRead(program.cam, 65_000, 2));
      expect(seen).toEqual([frame, frame]);
    }
    program.call({ call: 'munmap', mapping: program.mapping });
    expect(program.reports).toEqual([]);
  });

  it('is told at the next START what it wrote outside, where, and which calls were missing', () => {
    const program = new Program();
    program.store(4096, bytes(100));
    program.store(70_000, bytes(28));
    program.sync(START | RW);
    expect(program.unbracketed).toMatchObject({
      task: 'shell',
      length: 128n,
      span: 65_932n,
      bracket: 'none',
      missing: { before: START | WRITE, after: END | WRITE },
      buffer: { offset: 4096n, holder: { task: 'shell', fd: program.fd } },
    });
    // Once: the next border has nothing new.
    program.sync(END | RW);
    program.sync(START | RW);
    expect(program.reports.filter((text) => text.startsWith('unbracketed'))).toHaveLength(1);
  });

  it.each([
    ['END with WRITE and no START', [END | WRITE], 'none', { before: START | WRITE }],
    ['a bracket that is over', [START | WRITE, END | WRITE, START | READ], 'none', undefined],
    ['a bracket without WRITE', [START | READ, END | READ], 'read', undefined],
  ])('is told of %s', (_what, flags, bracket, missing) => {
    const program = new Program();
    const last = flags.pop() ?? 0;
    for (const one of flags) program.sync(one);
    program.store(0, bytes(16));
    program.sync(last);
    const both = { before: START | WRITE, after: END | WRITE };
    expect(program.unbracketed).toMatchObject({ bracket, length: 16n, missing: missing ?? both });
  });

  it.each([
    ['munmap', (program: Program) => program.call({ call: 'munmap', mapping: program.mapping })],
    ['exit', (program: Program) => program.call({ call: 'exit' })],
    ['execve', (program: Program) => program.call({ call: 'execve' })],
  ])('is told at %s at the latest, device or no device', (_name, end) => {
    const program = new Program({ isAttached: false });
    program.store(SIZE - 8, bytes(8));
    end(program);
    expect(program.reports).toEqual(['unbracketed-write shell none 8']);
  });

  it('has a device read what it has not flushed: the END that was missing', () => {
    const program = new Program();
    program.sync(START | WRITE);
    program.store(0, bytes(4096));
    // The device is shown the newest bytes, and hardware would not.
    expect(program.dma((task) => task.dmaRead(program.cam, 0, 2))).toEqual([7, 7]);
    expect(program.last).toMatchObject({
      hazard: { kind: 'stale-read', cause: 'line-not-cleaned', length: 2n },
      missing: { task: 'shell', flags: END | WRITE },
    });
    program.sync(END | WRITE);
    program.dma((task) => task.dmaRead(program.cam, 0, 2));
    expect(program.reports).toHaveLength(1);
  });

  it('loses to START with READ what it wrote before, as on hardware', () => {
    const program = new Program();
    program.store(64, bytes(64));
    program.sync(START | READ);
    expect(program.reports).toEqual([
      'unbracketed-write shell none 64',
      'lost-write shell dirty-line-invalidated 64',
    ]);
  });

  it('is not blamed for what a device wrote', () => {
    const program = new Program();
    program.dma((task) => task.dmaWrite(program.cam, 100, bytes(1000, 9)));
    program.sync(START | RW);
    program.sync(END | RW);
    expect(program.reports).toEqual([]);
  });

  it('has its stores in the journal, so that a replay makes them', () => {
    const program = new Program();
    program.store(5, bytes(3));
    program.sync(START | RW);
    const stores = program.session.journal().filter((entry) => 'access' in entry && entry.access === 'write');
    expect(stores).toMatchObject([{ place: { task: 'shell', mapping: program.mapping, offset: 5n } }]);
  });
});

describe('a run', () => {
  it.each([true, false])('has accesses checked when it asks for that: %s', (checkSync) => {
    const server = new TestServer();
    const files = join(server.directory, 'b');
    mkdirSync(files);
    const watcher = new Carrier(server);
    const watch = (words: unknown): Answered =>
      watcher.get(MESSAGE.WATCH, (fields) => fields.str(JSON.stringify(words)));
    watch({ token: TOKEN, watch: 1, task: 'app', checkSync });
    const carrier = new Carrier(server);
    carrier.hello();
    carrier.open('/dev/dma_heap/system', 3);
    const { offered } = carrier.alloc(3, 4096, 4);
    writeFileSync(join(files, offered), new Uint8Array(4096), { mode: 0o600 });
    carrier.get(MESSAGE.MMAP, (fields) =>
      fields.u32(4).u64(0n).u64(4096n).u32(3).u32(1).u64(0n).u64(0x7000_0000n),
    );
    writeFileSync(join(files, offered), new Uint8Array(4096).fill(1), { flag: 'r+' });
    // Others look, and do nothing: what the program wrote is still its own.
    server.exchange.leases('begins');
    server.exchange.leases('ends');
    // The program ends without a word.
    writeFileSync(join(files, offered), new Uint8Array(4096).fill(2), { flag: 'r+' });
    carrier.end();
    const { hazards } = JSON.parse(watch({ summary: true }).fields.str());
    expect(hazards).toEqual(checkSync ? Array(2).fill({ text: 'unbracketed-write' }) : []);
    server.close();
  });
});

describe('a buffer whose file its program has removed', () => {
  it('is not watched, and hinders nobody who maps another', () => {
    const server = new TestServer();
    const watcher = new Carrier(server);
    const words = { token: TOKEN, watch: 1, task: 'app', checkSync: true };
    watcher.ask(MESSAGE.WATCH, (fields) => fields.str(JSON.stringify(words)));
    for (const pid of [100, 101]) {
      const program = started(server, { pid });
      program.open('/dev/dma_heap/system', 3);
      program.alloc(3, 4096, 4);
      const { ret } = program.get(MESSAGE.MMAP, (fields) =>
        fields.u32(4).u64(0).u64(4096).u32(3).u32(1).u64(0).u64(0x7000_0000),
      );
      expect(ret).toBe(0);
    }
    server.close();
  });
});

describe('a shadow', () => {
  it('finds every byte that differs, and runs begin and end with such', () => {
    const change = fc.record({
      at: fc.nat(4095),
      length: fc.integer({ min: 1, max: 40 }),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const before = Uint8Array.from({ length: 4096 }, (_, i) => i);
        const now = before.slice();
        for (const { at, length, byte } of changes) now.fill(byte, at, Math.min(4096, at + length));
        const runs = changedRuns(before, now);
        const covered = new Uint8Array(4096);
        let end = -1;
        for (const { from, to } of runs) {
          expect(from).toBeGreaterThan(end);
          expect([before[from] === now[from], before[to - 1] === now[to - 1]]).toEqual([false, false]);
          covered.fill(1, from, to);
          end = to;
        }
        for (let i = 0; i < 4096; i++) if (before[i] !== now[i]) expect(covered[i]).toBe(1);
        // What lies between two runs is equal for a while.
        for (let i = 1; i < runs.length; i++) {
          expect((runs[i]?.from ?? 0) - (runs[i - 1]?.to ?? 0)).toBeGreaterThanOrEqual(16);
        }
      }),
    );
  });

  it('is one run for many small ones', () => {
    const now = new Uint8Array(65_536);
    for (let i = 100; i < 60_000; i += 100) now[i] = 1;
    expect(changedRuns(new Uint8Array(65_536), now)).toEqual([{ from: 100, to: 59_901 }]);
  });

  it('remembers what it has found', () => {
    const memory = new Uint8Array(200_000);
    const shadow = new Shadow(memory.length, (from, into) =>
      into.set(memory.subarray(from, from + into.length)),
    );
    const look = (): number[] => {
      const found: number[] = [];
      shadow.look(({ from, to }) => found.push(from, to));
      return found;
    };
    expect(look()).toEqual([]);
    memory.fill(1, 65_530, 65_540);
    memory.fill(2, 199_999);
    expect(look()).toEqual([65_530, 65_536, 65_536, 65_540, 199_999, 200_000]);
    expect(look()).toEqual([]);
    memory.fill(0, 65_530, 65_531);
    expect(look()).toEqual([65_530, 65_531]);
  });
});
