/** One process of the host, and the messages that it could send now. */
import { Peer } from '../../../src/exec/peer.ts';
import { CALL, FLAG, HEADER, HOW, KIND, MAGIC, MESSAGE, PATH, VERSION } from '../../../src/exec/protocol.ts';
import { FieldReader } from '../../../src/exec/wire.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B } from '../../../src/uapi/dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../../../src/uapi/dma-heap.ts';
import type { Random } from '../../fuzz/random.ts';
import { ARG, EM_X86_64, TOKEN } from '../carrier.ts';
import {
  type Field,
  i32,
  i64,
  type Message,
  message,
  PAGE,
  PATHS,
  str,
  u32,
  u64,
  WIDE_EDGES,
} from './fields.ts';

const HEAPS = ['system', 'video-cma@60000000', 'vpu-pool@50000000', 'linux,cma'];

/** A connection: what the server says on it is kept until it is looked at. */
export class Connection {
  readonly peer: Peer;
  told: Buffer[] = [];
  isHungUp = false;
  seq = 0;

  constructor() {
    this.peer = new Peer(
      (frame) => this.told.push(frame),
      () => {
        this.isHungUp = true;
      },
    );
  }
}

/** A descriptor, as its program believes to have it. */
interface Had {
  readonly kind: 'heap' | 'buffer' | 'other';
  readonly size: bigint;
  /** Where it lies on the host; empty: nowhere. */
  readonly path: string;
}

interface Mapped {
  readonly address: bigint;
  readonly length: bigint;
}

/** How a process says who it is. */
export interface Origin {
  readonly how: number;
  readonly pid: number;
  readonly ppid: number;
  /** The name of its run's first task. */
  readonly root: string;
}

export class Program {
  readonly origin: Origin;
  /** Where the server has the files of buffers. */
  readonly buffers: string;
  connection = new Connection();
  /** EXEC was said. */
  isExecuting = false;
  names = 0;
  readonly had = new Map<number, Had>();
  mapped: Mapped[] = [];
  nextAddress: bigint;

  constructor(origin: Origin, buffers: string) {
    this.origin = origin;
    this.buffers = buffers;
    this.nextAddress = 0x7000_0000_0000n + BigInt(origin.pid % 4096) * 0x1_0000_0000n;
  }

  get pid(): number {
    return this.origin.pid;
  }

  get task(): string | undefined {
    return this.connection.peer.process?.task;
  }

  /** A child with what its parent has. */
  child(origin: Omit<Origin, 'root' | 'ppid'>): Program {
    const child = new Program({ ...origin, ppid: this.pid, root: this.origin.root }, this.buffers);
    for (const [fd, had] of this.had) child.had.set(fd, had);
    if (origin.how === HOW.FORKED) child.mapped = [...this.mapped];
    return child;
  }

  /** The same process as another program. */
  next(): Program {
    const next = new Program({ ...this.origin, how: HOW.EXECED }, this.buffers);
    for (const [fd, had] of this.had) next.had.set(fd, had);
    next.names = this.names;
    return next;
  }

  /** What it says first. @param brings whether it tells which descriptors it has */
  hello(brings: boolean): Message {
    const { how, pid, ppid, root } = this.origin;
    const who = [u32(MAGIC), u32(VERSION), str(TOKEN), u32(how), u32(pid), u32(ppid), u32(EM_X86_64)];
    const rest = [u32(PAGE), u32(1), str(root), str('/bin/app')];
    const brought = brings ? [...this.had].filter(([, { path }]) => path !== '') : [];
    const fds = brought.flatMap(([fd, { path }]) => [u32(fd), u32(0), str(path)]);
    return message(MESSAGE.HELLO, ...who, ...rest, u32(brought.length), ...fds);
  }

  /** What it does at first, so that it has something to be wrong about: a heap, a buffer, a mapping. */
  *beginning(random: Random): Generator<Message> {
    yield message(MESSAGE.OPEN, str('/dev/dma_heap/system'), u32(2), u32(0), i32(this.free()));
    yield this.#ioctl(this.#any('heap', random), DMA_HEAP_IOCTL_ALLOC, allocation(random), random);
    const buffer = this.#any('buffer', random);
    const room = this.#room(BigInt(PAGE));
    yield message(MESSAGE.MMAP, u32(buffer), u64(0), u64(PAGE), u32(3), u32(1), u64(0), u64(room));
  }

  /** A whole message that it could send now, but those by which processes come and go. */
  message(random: Random): Message {
    const heap = this.#any('heap', random);
    const buffer = this.#any('buffer', random);
    const fd = random.oneIn(3) ? heap : buffer;
    const mapped =
      this.mapped.length > 0 ? random.pick(this.mapped) : { address: 0x7000_0000_0000n, length: 4096n };
    const { address, length } = mapped;
    const path = random.oneIn(2) ? `/dev/dma_heap/${random.pick(HEAPS)}` : random.pick(PATHS);
    const hostPath = this.had.get(buffer)?.path ?? `${this.buffers}/none`;
    switch (random.below(34)) {
      case 0:
      case 1: {
        const flags = random.pick([0, 1, 2, 2, 2, 0x80002, 0x10000]);
        return message(MESSAGE.OPEN, str(path), u32(flags), u32(0o600), i32(this.free()));
      }
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        return this.#ioctl(heap, DMA_HEAP_IOCTL_ALLOC, allocation(random), random);
      case 8: {
        const flags = Buffer.from([random.below(9), 0, 0, 0, 0, 0, 0, 0]);
        return this.#ioctl(buffer, DMA_BUF_IOCTL_SYNC, flags, random);
      }
      case 9:
        return this.#ioctl(buffer, DMA_BUF_SET_NAME_B, random.bytes(random.below(64)), random);
      case 10: {
        const request = random.pick([0x5421, 0x5450, 0x5451, 0x541b, 2, 0xc0046400, random.word()]);
        return this.#ioctl(fd, request, random.bytes(64), random);
      }
      case 11:
      case 12:
        return message(MESSAGE.CLOSE, u32(1), u32(fd));
      case 13:
        return message(MESSAGE.HOST_FULL, u32(buffer), u32(28));
      case 14: {
        const to = random.oneIn(4) ? buffer : this.free();
        return message(MESSAGE.DUP, u32(fd), u32(to), u32(random.below(2)));
      }
      case 15:
        return message(MESSAGE.SETFD, u32(fd), u32(random.below(2)));
      case 16:
        return message(MESSAGE.FCNTL, u32(fd), u32(random.below(16)), i64(random.below(4096)));
      case 17: {
        const args = [
          i64(random.below(64)),
          i64(random.pick([0, 16, 4096, -1])),
          i64(random.below(4)),
          i64(0),
        ];
        const which = random.pick(Object.values(CALL));
        return message(MESSAGE.CALL, u32(fd), u32(which), ...args, str(random.bytes(random.below(32))));
      }
      case 18:
      case 19: {
        const size = this.had.get(buffer)?.size ?? 4096n;
        const how = [u32(random.below(8)), u32(random.pick([1, 1, 1, 2, 0x11]))];
        return message(MESSAGE.MMAP, u32(buffer), u64(0), u64(size), ...how, u64(0), u64(this.#room(size)));
      }
      case 20:
        return message(MESSAGE.MUNMAP, u64(address), u64(length));
      case 21:
        return message(MESSAGE.MPROTECT, u64(address), u64(length), u32(random.below(8)));
      case 22:
        return message(MESSAGE.MADVISE, u64(address), u64(length), u32(random.below(26)));
      case 23: {
        const size = random.pick([length, length * 2n, 4096n]);
        const how = [u32(1), u64(0), u32(random.below(2)), u64(this.#room(size))];
        return message(MESSAGE.MREMAP, u64(address), u64(length), u64(size), ...how);
      }
      case 24: {
        const of = random.oneIn(2) ? fd : -1;
        return message(MESSAGE.STAT, i32(of), str(path), u32(random.pick([0, 0x100, 0x1000])));
      }
      case 25:
        return message(MESSAGE.ACCESS, str(path), u32(random.below(8)), u32(0));
      case 26:
        return message(MESSAGE.LINK, str(hostPath));
      case 27: {
        const [which, to] = [random.pick(Object.values(PATH)), random.pick(PATHS)];
        return message(MESSAGE.PATH, u32(which), str(path), str(to), i64(random.below(4096)));
      }
      case 28:
        return message(MESSAGE.POLL, u32(2), u32(fd), u32(random.below(0x400)), u32(heap), u32(5));
      case 29:
        return message(MESSAGE.EPOLL, u32(fd), u32(1 + random.below(3)), u32(random.word()));
      case 30:
        return message(MESSAGE.SEND, u32(1), u32(buffer));
      case 31:
        return message(MESSAGE.RECEIVE, u32(1), u32(this.free()), u32(0), str(hostPath));
      case 32: {
        if (random.oneIn(2)) return message(MESSAGE.RLIMIT, u32(7), u64(random.pick([8, 1024, 1 << 20])));
        const name = random.pick(['maps', 'smaps', `fdinfo/${buffer}`]);
        return message(
          MESSAGE.PROC,
          u32(this.pid),
          str(name),
          str(`7000-8000 rw-s 0 00:01 2 ${hostPath}\nVmFlags: rd wr\n`),
        );
      }
      default:
        return message(MESSAGE.NOTE, u32(random.below(8)), str('text'));
    }
  }

  #ioctl(fd: number, request: number, memory: Uint8Array, random: Random): Message {
    const at = random.oneIn(20) ? -1 : this.free();
    const name = at < 0 ? '' : `${this.pid}.${++this.names}`;
    const writable = random.oneIn(20) ? 0 : memory.length;
    const what = [u32(fd), u32(request), u64(ARG), i32(at), str(name)];
    return message(MESSAGE.IOCTL, ...what, str(memory), u32(writable), u32(0));
  }

  /** What it believes after a message that it meant was done. @param answer with its `ret` */
  learn({ type, fields }: Message, answer: Buffer): void {
    const reader = new FieldReader(answer, HEADER);
    if (reader.i64() < 0n) return;
    const wide = (index: number): bigint => wideOf(fields[index]);
    const number = (index: number): number => Number(wide(index));
    switch (type) {
      case MESSAGE.OPEN: {
        const [, kind] = [reader.u32(), reader.u32()];
        const had: Had = { kind: kind === KIND.HEAP ? 'heap' : 'other', size: 0n, path: reader.str() };
        if (number(3) >= 0) this.had.set(number(3), had);
        return;
      }
      case MESSAGE.IOCTL: {
        const [flags, kind] = [reader.u32(), reader.u32()];
        if ((flags & FLAG.TAKEN) === 0) return;
        reader.u32();
        const size = reader.u64();
        const path = `${this.buffers}/${reader.str() || String(fields[4]?.value)}`;
        const isBuffer = kind === KIND.BUFFER;
        this.had.set(
          number(3),
          isBuffer ? { kind: 'buffer', size, path } : { kind: 'other', size, path: '' },
        );
        return;
      }
      case MESSAGE.CLOSE:
        this.had.delete(number(1));
        return;
      case MESSAGE.HOST_FULL:
        this.had.delete(number(0));
        return;
      case MESSAGE.DUP: {
        const had = this.had.get(number(0));
        if (had !== undefined) this.had.set(number(1), had);
        return;
      }
      case MESSAGE.MMAP:
        this.mapped.push({ address: wide(6), length: wide(2) });
        if (this.mapped.length > 64) this.mapped = this.mapped.slice(32);
        return;
      case MESSAGE.MUNMAP:
        this.mapped = this.mapped.filter(({ address }) => address !== wide(0));
        return;
      case MESSAGE.RECEIVE:
        this.had.set(number(1), { kind: 'buffer', size: 4096n, path: String(fields[3]?.value) });
        return;
      default:
    }
  }

  /** The lowest number that it has free. */
  free(): number {
    let fd = 3;
    while (this.had.has(fd)) fd++;
    return fd;
  }

  #any(kind: Had['kind'], random: Random): number {
    const fds = [...this.had].flatMap(([fd, had]) => (had.kind === kind ? [fd] : []));
    return fds.length === 0 ? 3 : random.pick(fds);
  }

  /** Addresses where nothing stands. */
  #room(length: bigint): bigint {
    this.nextAddress += length + 4096n;
    return this.nextAddress;
  }
}

function wideOf(field: Field | undefined): bigint {
  return field === undefined || field.as === 'str' ? 0n : BigInt(field.value);
}

/** struct dma_heap_allocation_data, mostly of a size that succeeds. */
function allocation(random: Random): Uint8Array {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(random.oneIn(12) ? random.pick(WIDE_EDGES) : BigInt(1 + random.below(4)) * 4096n, 0);
  bytes.writeUInt32LE(
    random.oneIn(12) ? random.word() : random.pick([0, 1, 2, 2, 2, 2, 0x80002, 0x80002]),
    12,
  );
  return bytes;
}
