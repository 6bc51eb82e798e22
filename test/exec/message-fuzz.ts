/**
 * Random messages to an exchange: whole ones in states that are valid, the same with one field changed, and bytes that are no message.
 * After each what must always hold is looked at: an answer or a hang-up, never a bug; stores only where the program's own memory was
 * named; nobody else's descriptors changed.
 */

import { Peer } from '../../src/exec/peer.ts';
import { ANSWER, CALL, FLAG, HEADER, HOW, MAGIC, MESSAGE, PATH, VERSION } from '../../src/exec/protocol.ts';
import { FieldReader, FieldWriter, FrameSplitter, MalformedMessage } from '../../src/exec/wire.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B } from '../../src/uapi/dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../../src/uapi/dma-heap.ts';
import type { Random } from '../fuzz/random.ts';
import { ARG, EM_X86_64, TestServer, TOKEN } from './carrier.ts';

/** One field of a message, as it is written. */
type Field =
  | { readonly as: 'u32' | 'i32' | 'u64' | 'i64'; readonly value: number | bigint }
  | { readonly as: 'str'; readonly value: string | Uint8Array };

interface Message {
  readonly type: number;
  readonly fields: readonly Field[];
}

const u32 = (value: number): Field => ({ as: 'u32', value });
const i32 = (value: number): Field => ({ as: 'i32', value });
const u64 = (value: number | bigint): Field => ({ as: 'u64', value });
const i64 = (value: number | bigint): Field => ({ as: 'i64', value });
const str = (value: string | Uint8Array): Field => ({ as: 'str', value });

/** Answers that are given for a bug of ours. */
const EIO = -5;
const PAGE = 4096;
const KERNELS = ['7.3', '6.18', '6.12', '6.6', '6.1', '5.10'];
const HEAPS = ['system', 'video-cma@60000000', 'vpu-pool@50000000', 'linux,cma'];
const PATHS = [
  '/dev/dma_heap',
  '/dev/dma_heap/none',
  '/sys/kernel/debug/dma_buf/bufinfo',
  '/proc/meminfo',
  '/proc/iomem',
  '/sys/kernel/debug/cma',
  '/dev/dma_heap/system/x',
  '/../../etc/passwd',
  '',
  '/',
  `/${'x'.repeat(5000)}`,
  '/dev/dma_heap/\u0000',
];
const EDGES = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  0x7f,
  0xff,
  0xfff,
  PAGE,
  PAGE + 1,
  0x10000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fffe,
  0xffff_ffff,
];
const WIDE_EDGES = [
  0n,
  1n,
  4095n,
  4096n,
  1n << 20n,
  1n << 31n,
  1n << 32n,
  1n << 40n,
  1n << 47n,
  (1n << 47n) - 4096n,
  1n << 63n,
  (1n << 64n) - 4096n,
  (1n << 64n) - 1n,
];

export interface Counted {
  /** Whole messages. */
  valid: number;
  /** Whole but for one field. */
  changed: number;
  /** Bytes that are no message, or types of nobody. */
  garbage: number;
  /** How they were answered. */
  done: number;
  refused: number;
  malformed: number;
}

interface Mapped {
  readonly address: bigint;
  readonly length: bigint;
}

/** One process of the host: what it believes that it has. */
class Program {
  readonly pid: number;
  readonly peer: Peer;
  isHungUp = false;
  seq = 0;
  names = 0;
  readonly heaps = new Set<number>();
  readonly buffers = new Map<number, bigint>();
  readonly others = new Set<number>();
  mapped: Mapped[] = [];
  nextAddress: bigint;

  constructor(pid: number) {
    this.pid = pid;
    this.nextAddress = 0x7000_0000_0000n + BigInt(pid % 4096) * 0x1_0000_0000n;
    this.peer = new Peer(
      () => {},
      () => {
        this.isHungUp = true;
      },
    );
  }

  /** The lowest number that it has free. */
  free(): number {
    let fd = 3;
    while (this.heaps.has(fd) || this.buffers.has(fd) || this.others.has(fd)) fd++;
    return fd;
  }

  /** Addresses where nothing stands. */
  room(length: bigint): bigint {
    this.nextAddress += length + 4096n;
    return this.nextAddress;
  }

  forget(fd: number): void {
    this.heaps.delete(fd);
    this.buffers.delete(fd);
    this.others.delete(fd);
  }
}

export class MessageFuzz {
  readonly counts = new Map<number, Counted>();
  readonly server: TestServer;
  readonly #random: Random;
  #programs: Program[] = [];
  #nextPid = 1000;
  #made = 0;

  constructor(random: Random) {
    this.#random = random;
    this.server = new TestServer({ kernel: random.pick(KERNELS) });
    // One that only looks on: what the others do must not reach it.
    this.#programs = [this.#start(), this.#start(), this.#start()];
  }

  /** How many messages were sent. */
  get made(): number {
    return this.#made;
  }

  close(): void {
    this.server.close();
  }

  /** Sends one message. @throws Error when something does not hold */
  step(): void {
    const random = this.#random;
    const program = random.pick(this.#programs);
    const { type, fields } = this.#message(program);
    const way = random.below(8);
    const writer = new FieldWriter().begin(type, ++program.seq);
    if (way < 3) this.#send(program, type, write(writer, fields), 'valid', fields);
    else if (way < 7) {
      const changed = this.#change(fields);
      this.#send(program, type, write(writer, changed), 'changed', changed);
    } else {
      const bytes = this.#garbage(write(writer, fields));
      this.#send(program, type, bytes, 'garbage', fields);
    }
    if (program.isHungUp) this.#replace(program);
  }

  #start(): Program {
    const program = new Program(this.#nextPid++);
    const hello = [
      u32(MAGIC),
      u32(VERSION),
      str(TOKEN),
      u32(HOW.START),
      u32(program.pid),
      u32(1),
      u32(EM_X86_64),
    ];
    const rest = [u32(PAGE), u32(1), str('app'), str('/bin/app'), u32(0)];
    const writer = new FieldWriter().begin(MESSAGE.HELLO, ++program.seq);
    this.#send(program, MESSAGE.HELLO, write(writer, [...hello, ...rest]), 'valid', []);
    if (program.isHungUp) throw new Error('HELLO was refused');
    // Something to be wrong about: a heap, two buffers, a mapping.
    const open = [str('/dev/dma_heap/system'), u32(2), u32(0), i32(3)];
    this.#whole(program, { type: MESSAGE.OPEN, fields: open });
    for (let n = 0; n < 2; n++) {
      this.#whole(program, this.#ioctl(program, 3, DMA_HEAP_IOCTL_ALLOC, allocation(this.#random)));
    }
    const map = [u32(4), u64(0), u64(PAGE), u32(3), u32(1), u64(0), u64(program.room(BigInt(PAGE)))];
    if (program.buffers.has(4)) this.#whole(program, { type: MESSAGE.MMAP, fields: map });
    return program;
  }

  #whole(program: Program, { type, fields }: Message): void {
    this.#send(program, type, write(new FieldWriter().begin(type, ++program.seq), fields), 'valid', fields);
  }

  #replace(program: Program): void {
    this.server.exchange.left(program.peer);
    this.#programs = this.#programs.filter((other) => other !== program);
    this.#programs.push(this.#start());
  }

  /** A whole message that the program could send now. */
  #message(program: Program): Message {
    const random = this.#random;
    const heap = anyOf(program.heaps, random) ?? 3;
    const buffer = anyOf([...program.buffers.keys()], random) ?? 4;
    const fd = random.oneIn(3) ? heap : buffer;
    const mapped =
      program.mapped.length > 0 ? random.pick(program.mapped) : { address: 0x7000_0000_0000n, length: 4096n };
    const path = random.oneIn(2) ? `/dev/dma_heap/${random.pick(HEAPS)}` : random.pick(PATHS);
    const message = (type: number, ...fields: readonly Field[]) => ({ type, fields });
    switch (random.below(34)) {
      case 0:
      case 1:
        return message(
          MESSAGE.OPEN,
          str(path),
          u32(random.pick([0, 1, 2, 2, 2, 0x80002, 0x10000])),
          u32(0o600),
          i32(program.free()),
        );
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        return this.#ioctl(program, heap, DMA_HEAP_IOCTL_ALLOC, allocation(random));
      case 8:
        return this.#ioctl(
          program,
          buffer,
          DMA_BUF_IOCTL_SYNC,
          Buffer.from([random.below(9), 0, 0, 0, 0, 0, 0, 0]),
        );
      case 9:
        return this.#ioctl(program, buffer, DMA_BUF_SET_NAME_B, random.bytes(random.below(64)));
      case 10:
        return this.#ioctl(
          program,
          fd,
          random.pick([0x5421, 0x5450, 0x5451, 0x541b, 2, 0xc0046400, random.word()]),
          random.bytes(64),
        );
      case 11:
      case 12:
      case 13:
        return message(MESSAGE.CLOSE, u32(1), u32(fd));
      case 14:
        return message(
          MESSAGE.DUP,
          u32(fd),
          u32(random.oneIn(4) ? buffer : program.free()),
          u32(random.below(2)),
        );
      case 15:
        return message(MESSAGE.SETFD, u32(fd), u32(random.below(2)));
      case 16:
        return message(MESSAGE.FCNTL, u32(fd), u32(random.below(16)), i64(random.below(4096)));
      case 17:
        return message(
          MESSAGE.CALL,
          u32(fd),
          u32(random.pick(Object.values(CALL))),
          i64(random.below(64)),
          i64(random.pick([0, 16, 4096, -1])),
          i64(random.below(4)),
          i64(0),
          str(random.bytes(random.below(32))),
        );
      case 18:
      case 19:
      case 20: {
        const length = program.buffers.get(buffer) ?? 4096n;
        return message(
          MESSAGE.MMAP,
          u32(buffer),
          u64(0),
          u64(length),
          u32(random.below(8)),
          u32(random.pick([1, 1, 1, 2, 0x11])),
          u64(0),
          u64(program.room(length)),
        );
      }
      case 21:
        return message(MESSAGE.MUNMAP, u64(mapped.address), u64(mapped.length));
      case 22:
        return message(
          random.oneIn(2) ? MESSAGE.MPROTECT : MESSAGE.MADVISE,
          u64(mapped.address),
          u64(mapped.length),
          u32(random.below(26)),
        );
      case 23:
        return message(
          MESSAGE.MREMAP,
          u64(mapped.address),
          u64(mapped.length),
          u64(mapped.length * 2n),
          u32(1),
          u64(0),
          u32(random.below(2)),
          u64(program.room(mapped.length * 2n)),
        );
      case 24:
        return message(
          MESSAGE.STAT,
          i32(random.oneIn(2) ? fd : -1),
          str(path),
          u32(random.pick([0, 0x100, 0x1000])),
        );
      case 25:
        return message(MESSAGE.ACCESS, str(path), u32(random.below(8)), u32(0));
      case 26:
        return message(MESSAGE.LINK, str(`${this.server.directory}/b/${program.pid}.${program.names}`));
      case 27:
        return message(
          MESSAGE.PATH,
          u32(random.pick(Object.values(PATH))),
          str(path),
          str(random.pick(PATHS)),
          i64(random.below(4096)),
        );
      case 28:
        return message(MESSAGE.POLL, u32(2), u32(fd), u32(random.below(0x400)), u32(heap), u32(5));
      case 29:
        return message(MESSAGE.EPOLL, u32(fd), u32(1 + random.below(3)), u32(random.word()));
      case 30:
        return random.oneIn(8)
          ? message(MESSAGE.FORK, u32(this.#nextPid++))
          : message(MESSAGE.SEND, u32(1), u32(buffer));
      case 31:
        return message(
          MESSAGE.RECEIVE,
          u32(1),
          u32(program.free()),
          u32(0),
          str(`${this.server.directory}/b/${program.pid}.${program.names}`),
        );
      case 32:
        return random.oneIn(2)
          ? message(MESSAGE.RLIMIT, u32(7), u64(random.pick([8, 1024, 1 << 20])))
          : message(
              MESSAGE.PROC,
              u32(program.pid),
              str(random.pick(['maps', `fdinfo/${buffer}`])),
              str('7000-8000 rw-s 0 00:01 2 /x\n'),
            );
      default:
        return random.oneIn(2)
          ? message(MESSAGE.NOTE, u32(random.below(8)), str('text'))
          : message(
              random.pick([MESSAGE.EXEC, MESSAGE.EXEC_FAILED, MESSAGE.HOST_FULL]),
              ...[u32(buffer), u32(28)],
            );
    }
  }

  #ioctl(program: Program, fd: number, request: number, memory: Uint8Array): Message {
    const random = this.#random;
    const at = random.oneIn(20) ? -1 : program.free();
    const name = at < 0 ? '' : `${program.pid}.${++program.names}`;
    const writable = random.oneIn(20) ? 0 : memory.length;
    return {
      type: MESSAGE.IOCTL,
      fields: [u32(fd), u32(request), u64(ARG), i32(at), str(name), str(memory), u32(writable), u32(0)],
    };
  }

  /** The same fields, one of them with another value. */
  #change(fields: readonly Field[]): readonly Field[] {
    const random = this.#random;
    const which = random.below(fields.length);
    return fields.map((field, index) => {
      if (index !== which) return field;
      if (field.as === 'str') {
        const value = random.oneIn(2)
          ? random.pick(PATHS)
          : random.bytes(random.below(random.oneIn(20) ? 8192 : 64));
        return { as: 'str', value };
      }
      if (field.as === 'u32' || field.as === 'i32') {
        return { as: 'u32', value: random.oneIn(3) ? random.word() : random.pick(EDGES) };
      }
      return {
        as: 'u64',
        value: random.oneIn(3)
          ? (BigInt(random.word()) << 32n) | BigInt(random.word())
          : random.pick(WIDE_EDGES),
      };
    });
  }

  /** Bytes that are no message: cut off, with more behind, of another type, or other bytes in it. */
  #garbage(frame: Buffer): Buffer {
    const random = this.#random;
    const bytes = Buffer.concat([frame, random.oneIn(2) ? random.bytes(random.below(16)) : new Uint8Array()]);
    switch (random.below(3)) {
      case 0: {
        const cut = HEADER + random.below(Math.max(1, bytes.length - HEADER));
        const short = bytes.subarray(0, cut);
        short.writeUInt32LE(short.length, 0);
        return short;
      }
      case 1:
        bytes.writeUInt32LE(bytes.length, 0);
        bytes.writeUInt16LE(random.below(0x10000), 4);
        return bytes;
      default:
        bytes.writeUInt32LE(bytes.length, 0);
        for (let n = 0; n < 4; n++)
          bytes[HEADER - 1 + random.below(bytes.length - HEADER + 1)] = random.below(256);
        return bytes;
    }
  }

  #send(
    program: Program,
    type: number,
    bytes: Buffer,
    kind: 'valid' | 'changed' | 'garbage',
    fields: readonly Field[],
  ): void {
    this.#made++;
    const counted = this.counts.get(type) ?? {
      valid: 0,
      changed: 0,
      garbage: 0,
      done: 0,
      refused: 0,
      malformed: 0,
    };
    this.counts.set(type, counted);
    counted[kind]++;
    const others = this.#programs.filter((other) => other !== program);
    // A look costs more than a message.
    const looks = this.#random.oneIn(8);
    const before = looks ? this.#descriptorsOf(others) : '';
    const answer = this.#handled(program, bytes);
    if (answer === undefined || program.isHungUp) counted.malformed++;
    else {
      const ret = Number(answer.readBigInt64LE(HEADER));
      if (ret === EIO) throw new Error(`a bug: EIO for ${bytes.toString('hex')}`);
      if (ret < 0) counted.refused++;
      else counted.done++;
      if (kind === 'valid') this.#learn(program, type, fields, answer);
      if (bytes.readUInt16LE(4) === MESSAGE.IOCTL && ret >= 0) checkStores(answer);
    }
    if (looks && this.#descriptorsOf(others) !== before) {
      throw new Error(`another task's descriptors changed by ${bytes.toString('hex')}`);
    }
  }

  #handled(program: Program, bytes: Buffer): Buffer | undefined {
    try {
      const [frame] = new FrameSplitter().push(bytes);
      // A frame that is not whole: the rest never comes, and its connection ends.
      if (frame === undefined) {
        program.peer.hangUp();
        return undefined;
      }
      const answer = this.server.exchange.handle(program.peer, frame);
      if (answer === undefined) return undefined;
      if (answer.readUInt32LE(0) !== answer.length) throw new Error('the answer says another size');
      if (answer.readUInt16LE(4) !== (frame.type | ANSWER)) throw new Error('the answer is of another type');
      return answer;
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      program.peer.hangUp();
      return undefined;
    }
  }

  /** What tasks have, as one text; the tables of the model. */
  #descriptorsOf(programs: readonly Program[]): string {
    return this.server.session.view((kernel) =>
      programs
        .map(({ peer }) => peer.process?.task)
        .map((task) => {
          if (task === undefined || !kernel.hasTask(task)) return `${task}: gone`;
          return `${task}: ${kernel
            .heldBuffers(task)
            .map(({ fds, file }) => `${file}=${fds.join()}`)
            .join(' ')}`;
        })
        .join('\n'),
    );
  }

  /** What the program believes after a whole message was done. */
  #learn(program: Program, type: number, fields: readonly Field[], answer: Buffer): void {
    const reader = new FieldReader(answer, HEADER);
    if (Number(reader.i64()) < 0) return;
    const wide = (index: number): bigint => {
      const value = fields[index]?.value ?? 0;
      return typeof value === 'object' || typeof value === 'string' ? 0n : BigInt(value);
    };
    const number = (index: number): number => Number(wide(index));
    switch (type) {
      case MESSAGE.OPEN:
        if (number(3) >= 0)
          (String(fields[0]?.value).startsWith('/dev/dma_heap/') ? program.heaps : program.others).add(
            number(3),
          );
        return;
      case MESSAGE.IOCTL: {
        const flags = reader.u32();
        const kind = reader.u32();
        reader.u32();
        if ((flags & FLAG.TAKEN) !== 0) {
          if (kind === 2) program.buffers.set(number(3), reader.u64());
          else program.others.add(number(3));
        }
        return;
      }
      case MESSAGE.CLOSE:
        program.forget(number(1));
        return;
      case MESSAGE.DUP: {
        const size = program.buffers.get(number(0));
        if (number(0) === number(1)) return;
        program.forget(number(1));
        if (size === undefined) program.heaps.add(number(1));
        else program.buffers.set(number(1), size);
        return;
      }
      case MESSAGE.MMAP:
        program.mapped.push({
          address: wide(6),
          length: wide(2),
        });
        if (program.mapped.length > 64) program.mapped = program.mapped.slice(32);
        return;
      case MESSAGE.MUNMAP:
        program.mapped = program.mapped.filter(({ address }) => address !== wide(0));
        return;
      case MESSAGE.RECEIVE:
        program.buffers.set(number(1), 4096n);
        return;
      default:
    }
  }
}

/** struct dma_heap_allocation_data, mostly of a size that succeeds. */
function allocation(random: Random): Uint8Array {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(random.oneIn(12) ? random.pick(WIDE_EDGES) : BigInt(1 + random.below(4)) * 4096n, 0);
  bytes.writeUInt32LE(random.oneIn(12) ? random.word() : random.pick([0, 1, 2, 0x80002]), 12);
  return bytes;
}

/** The bytes that an answer stores must lie where the program said that it has memory. */
function checkStores(answer: Buffer): void {
  const reader = new FieldReader(answer, HEADER + 8);
  for (let n = 0; n < 3; n++) reader.u32();
  reader.u64();
  reader.str();
  for (const { address, bytes } of reader.list(12, (each) => ({
    address: each.u64(),
    bytes: each.bytes(),
  }))) {
    if (bytes.length > 16384) throw new Error(`a store of ${bytes.length} bytes at ${address}`);
  }
}

function write(writer: FieldWriter, fields: readonly Field[]): Buffer {
  for (const field of fields) {
    if (field.as === 'str') writer.str(field.value);
    else if (field.as === 'u32') writer.u32(Number(field.value));
    else if (field.as === 'i32') writer.u32(Number(field.value) >>> 0);
    else if (field.as === 'i64') writer.i64(field.value);
    else writer.u64(field.value);
  }
  return writer.finish();
}

function anyOf<T>(items: Iterable<T>, random: Random): T | undefined {
  const all = [...items];
  return all.length === 0 ? undefined : random.pick(all);
}
