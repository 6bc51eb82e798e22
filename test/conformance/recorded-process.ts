/**
 * The process that made the recorded calls, over our kernel: the same descriptors taken, the same order
 * of calls for each step. What it does not know how to repeat it says so of, by name.
 */

import { NotModelled } from '../../src/dma-buf/not-modelled.ts';
import { virtualDevice } from '../../src/kernel/drm-devices.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { type Mapping, SegmentationFault } from '../../src/kernel/mapping.ts';
import type { Syscall } from '../../src/kernel/syscall.ts';
import type { BufferView } from '../../src/kernel/views/views.ts';
import { decodeDirents } from '../../src/uapi/dirent.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B, encodeDmaBufSync } from '../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import { DRM_CLOEXEC, DRM_RDWR } from '../../src/uapi/drm.ts';
import {
  F_GETFD,
  F_GETFL,
  MAP_SHARED,
  O_CLOEXEC,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  PROT_READ,
  PROT_WRITE,
  SEEK_END,
  SEEK_SET,
} from '../../src/uapi/fcntl.ts';
import { decodePollfds, encodePollfds, POLLIN, POLLOUT } from '../../src/uapi/poll.ts';
import { decodeStat } from '../../src/uapi/stat.ts';
import type { ObservedArea, ObservedPiece, ObservedStep } from './observed.ts';
import type { Json, JsonObject, StepInputs } from './oracle-case.ts';
import type { RecordedDevices } from './recorded-devices.ts';
import { mergePieces } from './system-shape.ts';

const TASK = 'shell';
/** The recorder printed -EMFILE and friends as numbers, and this where an allocation had failed before. */
const NOBUF = 'nobuf';
/** The signal of the OOM killer. */
const SIGKILL = 9;
/** Any request's size (14 bits) fits: the recorder's argument lay in a larger zeroed page. */
const RAW_ARGUMENT = 1 << 14;
/** The importer of the recordings: DRM's virtual GEM device. */
const VGEM = virtualDevice('vgem');

/** How the recorder wrote files that are not there. */
const NO_AREA = {
  count: null,
  used: null,
  maxchunk: null,
  order_per_bit: null,
  base_pfn: null,
  bitmap: null,
};

/** A step of its own kind: `rawioctl` whose target is `buf:ID`. */
const ON_BUFFER = 'rawioctl on a buffer';
/** Ops of the first process that name another task. */
const ABOUT_A_TASK = new Set(['cgroup_move', 'fork']);

const cgroupPath = (name: string): string => `/sys/fs/cgroup/${name}`;

/** Ops that leave memory, areas and the log alone, so that missing them spoils nothing after them. */
const HARMLESS = new Set(['cat', 'ls', 'mmap', 'name', 'openheap', ON_BUFFER, 'rw', 'seek', 'sync']);
/** What the recorder met where there was no such file, and wrote as an empty answer. */
const ENOENT = -2;
/** More than any file that the recorder read. */
const READ_SIZE = 1 << 16;
/** Ops whose answer depends on the descriptor and its buffer alone. */
const DESCRIPTORS_ONLY = new Set([
  'badptr',
  'close',
  'dup',
  'mmap',
  'name',
  ON_BUFFER,
  'rlimit',
  'seek',
  'sync',
]);

type Answered = Extract<ObservedStep, { kind: 'answered' }>;
type Handler = (args: Arguments) => Answered;

const answered = (answer: Readonly<Record<string, Json>>): Answered => ({ kind: 'answered', answer });

/** How the recorder wrote what became of an access: `ok`, or the signal that ended it. */
function signalOf(access: () => void): string {
  try {
    access();
    return 'ok';
  } catch (error) {
    if (error instanceof SegmentationFault) return 'sig11';
    throw error;
  }
}

/** Runs a handler; `undefined` when the library says by name that it does not model the call. */
function attempt(handler: Handler, args: Arguments): Answered | undefined {
  try {
    return handler(args);
  } catch (error) {
    if (error instanceof NotModelled) return undefined;
    throw error;
  }
}

/** A step's arguments, read as what they must be. */
class Arguments {
  readonly #args: JsonObject;

  constructor(args: JsonObject) {
    this.#args = args;
  }

  text(key: string): string {
    const value = this.#args[key];
    if (typeof value !== 'string') throw new Error(`step argument ${key} is no string`);
    return value;
  }

  number(key: string, otherwise?: number): number {
    const value = this.#args[key] ?? otherwise;
    if (typeof value !== 'number') throw new Error(`step argument ${key} is no number`);
    return value;
  }

  has(key: string): boolean {
    return this.#args[key] !== undefined;
  }

  /** A length, whichever way it was written. */
  size(key: string): bigint {
    const value = this.#args[key];
    if (typeof value !== 'number' && typeof value !== 'string')
      throw new Error(`step argument ${key} is no size`);
    return BigInt(value);
  }

  sizes(key: string): bigint[] {
    const value = this.#args[key];
    if (!Array.isArray(value)) throw new Error(`step argument ${key} is no list`);
    return value.map((one) => BigInt(one as number | string));
  }

  /** A 64-bit number, which the recorder wrote as a string. */
  wide(key: string): bigint {
    return BigInt(this.text(key));
  }
}

/** What the process makes its calls on: our kernel, or one that a real program reaches. */
export type RecordedKernel = Pick<
  Kernel,
  'profile' | 'syscall' | 'hasTask' | 'task' | 'device' | 'lookup'
> & {
  mapping(id: number, task: string): Pick<Mapping, 'read' | 'write'>;
  buffer(task: string, fd: number): SeenBuffer | undefined;
  buffers(): readonly SeenBuffer[];
};

type SeenBuffer = Pick<BufferView, 'ino' | 'size' | 'sgTable'>;

export class RecordedProcess {
  readonly #kernel: RecordedKernel;
  readonly #area: (name: string) => ObservedArea | undefined;
  /** Each task's names of buffers and their descriptors; none for a failed allocation. */
  readonly #tables = new Map<string, Map<string, number>>([[TASK, new Map()]]);
  /** The recorder's names of DRM nodes that it opened, and their descriptors. */
  readonly #importers = new Map<string, number>();
  readonly #pids = new Map([[1, TASK]]);
  /** Who makes the calls of the step. */
  #task = TASK;
  /** Who is moved. */
  #moved = TASK;
  /** The recorder's names of imported buffers and their attachments. */
  readonly #imports = new Map<string, number>();
  /** Names whose allocation came after an op that was not replayed. */
  readonly #uncertain = new Set<string>();
  #cause: string | undefined;

  readonly #handlers: Readonly<Record<string, Handler>> = {
    alloc: (args) => this.#alloc(args),
    badptr: (args) => this.#badptr(args),
    cat: (args) => this.#cat(args),
    close: (args) => this.#close(args),
    cgroup_create: (args) =>
      answered({ ret: this.#call({ call: 'mkdir', path: cgroupPath(args.text('cgroup')) }) }),
    cgroup_move: (args) => this.#cgroupMove(args),
    cgroup_remove: (args) =>
      answered({ ret: this.#call({ call: 'rmdir', path: cgroupPath(args.text('cgroup')) }) }),
    cgroup_set: (args) =>
      this.#write(`${cgroupPath(args.text('cgroup'))}/${args.text('file')}`, args.text('value')),
    cma: (args) => answered({ ...(this.#area(args.text('area')) ?? NO_AREA) }),
    dup: (args) => this.#dup(args),
    echo: (args) => this.#echo(args),
    exit: () => answered({ ret: this.#call({ call: 'exit' }) }),
    fork: (args) => this.#fork(args),
    import_fd: (args) => this.#importFd(args, args.number('fd')),
    importer_close: (args) => answered({ ret: this.#call({ call: 'close', fd: this.#importer(args) }) }),
    importer_open: (args) => this.#importerOpen(args),
    importer_release: (args) =>
      answered({
        ret: this.#call({
          call: 'drm_gem_close',
          fd: this.#importer(args),
          handle: args.number('handle'),
        }),
      }),
    reexport: (args) => this.#reexport(args),
    fill: (args) => this.#fill(args),
    import: (args) => this.#import(args),
    ls: (args) => this.#ls(args),
    mmap: (args) => this.#mmap(args),
    name: (args) => this.#name(args),
    nonzero: (args) => this.#nonzero(args),
    openheap: (args) => this.#openheap(args),
    rawioctl: (args) => this.#rawioctl(args),
    ...this.#deviceHandlers(),
    [ON_BUFFER]: (args) => this.#rawioctlOnBuffer(args),
    rlimit: (args) =>
      answered({
        ret: this.#call({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: args.number('nofile') }),
      }),
    roptr: (args) => this.#roptr(args),
    rw: (args) => this.#rw(args),
    seek: (args) => this.#seek(args),
    sleep: () => {
      // The recorder slept past the 5 seconds of the log's rate limits.
      this.#call({ call: 'sleep', nanoseconds: 6e9 });
      return answered({});
    },
    sync: (args) => this.#sync(args),
    unimport: (args) => this.#unimport(args),
  };

  readonly #devices: RecordedDevices | undefined;

  /**
   * @param area reads an area's debugfs files
   * @param devices the lab driver, where the recorder had it
   */
  constructor(
    kernel: RecordedKernel,
    area: (name: string) => ObservedArea | undefined,
    devices?: RecordedDevices | undefined,
  ) {
    this.#kernel = kernel;
    this.#devices = devices;
    this.#area = area;
    // The recorder held descriptors 0 to 4: console and script. Nothing depends on what 3 and 4 are.
    for (const fd of [3, 4]) {
      const got = this.#call({ call: 'open', path: '/dev/dma_heap/system', flags: O_RDWR });
      if (got !== fd) throw new Error(`placeholder descriptor ${fd}: open() gave ${got}`);
    }
  }

  /** The op that was not replayed and that later answers may depend on. */
  get cause(): string | undefined {
    return this.#cause;
  }

  /** Its tasks by their pids. */
  get tasks(): ReadonlyMap<number, string> {
    return this.#pids;
  }

  /** Makes one recorded call. */
  step(step: StepInputs): ObservedStep {
    const args = new Arguments(step.args);
    const toBuffer = step.op === 'rawioctl' && !args.text('target').startsWith('heap:');
    const op = toBuffer ? ON_BUFFER : step.op;
    const handler = Object.hasOwn(this.#handlers, op) ? this.#handlers[op] : undefined;
    const named = typeof step.args.task === 'string' ? step.args.task : TASK;
    this.#moved = named;
    this.#task = ABOUT_A_TASK.has(op) ? TASK : named;
    const isDead = !this.#kernel.hasTask(this.#task);
    const made = handler === undefined || isDead ? undefined : attempt(handler, args);
    const isKilled = !isDead && op !== 'exit' && !this.#kernel.hasTask(this.#task);
    const seen = isDead ? answered({ ret: 'dead' }) : isKilled ? answered({ killed: SIGKILL }) : made;
    if (seen === undefined) {
      if (!HARMLESS.has(op)) this.#cause ??= op;
      return { kind: 'not-replayed', op };
    }
    if (this.#cause === undefined) return seen;
    // It was made all the same, so that descriptors go on; but what it shows may not be what Linux showed.
    if (op === 'alloc') this.#uncertain.add(args.text('id'));
    const certain = DESCRIPTORS_ONLY.has(op) && !this.#uncertain.has(String(step.args.id));
    return certain ? seen : { kind: 'behind', op, cause: this.#cause };
  }

  /** The calling task's buffers. */
  get #fds(): Map<string, number> {
    const table = this.#tables.get(this.#task);
    if (table === undefined) throw new Error(`no task ${this.#task}`);
    return table;
  }

  #pfnPhys(pfn: number): bigint {
    return this.#kernel.profile.geometry.pfnPhys(pfn);
  }

  #call(call: Syscall): number {
    return this.#kernel.syscall(this.#task, call).ret;
  }

  #onHeap(heap: string, flags: number, use: (node: number) => number): number {
    const node = this.#call({ call: 'open', path: `/dev/dma_heap/${heap}`, flags });
    if (node < 0) return node;
    const ret = use(node);
    this.#call({ call: 'close', fd: node });
    return ret;
  }

  #alloc(args: Arguments): Answered {
    const arg = encodeDmaHeapAllocationData({
      len: args.wide('len'),
      fd: args.number('fd', 0),
      fd_flags: args.number('fd_flags'),
      heap_flags: args.wide('heap_flags'),
    });
    let opened = 0;
    const ret = this.#onHeap(args.text('heap'), args.number('open_flags', O_RDWR), (node) => {
      opened = node;
      return this.#call({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
    });
    // Recorders of devices tell a node that is not there by another name.
    if (ret < 0) return answered({ ret, ...(opened === 0 && { open: ret }) });
    const { fd } = decodeDmaHeapAllocationData(arg);
    this.#fds.set(args.text('id'), fd);

    const buffer = this.#kernel.buffer(this.#task, fd);
    if (buffer === undefined) throw new Error(`descriptor ${fd} of a new buffer names no buffer`);
    const pieces = buffer.sgTable.map(({ pfn, pages }) => ({ address: this.#pfnPhys(pfn), pages }));
    return {
      kind: 'answered',
      answer: {
        ret,
        size: this.#call({ call: 'lseek', fd, offset: 0n, whence: SEEK_END }),
        getfl: this.#call({ call: 'fcntl', fd, cmd: F_GETFL, arg: 0 }),
        getfd: this.#call({ call: 'fcntl', fd, cmd: F_GETFD, arg: 0 }),
        phys: this.#look(fd, buffer.size, pieces),
      },
      pieces,
      overlaps: this.#overlaps(buffer.ino, pieces),
    };
  }

  /** The recorder found a buffer's memory through a shared, read-only mapping of it. */
  #look(fd: number, length: bigint, pieces: readonly ObservedPiece[]): Json {
    const mapping = this.#map(fd, length, PROT_READ);
    if (mapping < 0) return { mmap: mapping };
    this.#call({ call: 'munmap', mapping });
    return mergePieces(pieces);
  }

  #overlaps(ino: number, pieces: readonly ObservedPiece[]): number[] {
    const end = (piece: ObservedPiece): bigint =>
      piece.address + this.#kernel.profile.geometry.pagesToBytes(piece.pages);
    return this.#kernel
      .buffers()
      .filter((other) => other.ino !== ino)
      .filter((other) =>
        other.sgTable.some(({ pfn, pages }) =>
          pieces.some(
            (piece) => piece.address < this.#pfnPhys(pfn + pages) && this.#pfnPhys(pfn) < end(piece),
          ),
        ),
      )
      .map((other) => other.ino);
  }

  #map(fd: number, length: bigint, prot: number): number {
    return this.#call({ call: 'mmap', fd, length, prot, flags: MAP_SHARED, offset: 0n });
  }

  #badptr(args: Arguments): Answered {
    const ret = this.#onHeap(args.text('heap'), O_RDWR, (node) =>
      this.#call({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg: null }),
    );
    return answered({ ret });
  }

  /** An argument that may be read and not written; then which descriptor is the next. */
  #roptr(args: Arguments): Answered {
    const arg = encodeDmaHeapAllocationData({
      len: args.wide('len'),
      fd: 0,
      fd_flags: 0o2000002,
      heap_flags: 0n,
    });
    const ret = this.#onHeap(args.text('heap'), O_RDWR, (node) =>
      this.#call({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg, readOnly: true }),
    );
    const next = this.#call({ call: 'open', path: '/dev/dma_heap/system', flags: O_RDWR });
    this.#call({ call: 'close', fd: next });
    return answered({ ret, next_fd: next });
  }

  /** The steps of the lab driver. */
  #deviceHandlers(): Readonly<Record<string, Handler>> {
    const lab = (): RecordedDevices => {
      if (this.#devices === undefined) throw new NotModelled('a driver that the case does not name');
      return this.#devices;
    };
    return {
      dev_alloc: (args) =>
        answered(
          lab().alloc(
            args.text('dev'),
            args.text('id'),
            args.size('size'),
            args.text('gfp'),
            args.number('attrs'),
          ),
        ),
      dev_alloc_pages: (args) =>
        answered(lab().alloc(args.text('dev'), args.text('id'), args.size('size'), args.text('gfp'))),
      dev_drm: (args) => answered({ ret: lab().registerDrm(args.text('dev')) }),
      dev_free: (args) => answered({ ret: lab().free(args.text('id')) }),
      dev_info: (args) => answered(lab().info(args.text('dev'))),
      dev_mask: (args) => answered({ ret: lab().mask(args.text('dev'), args.number('bits')) }),
      dev_probe: (args) => answered({ ret: lab().probe(args.text('dev'), { index: args.number('index') }) }),
      dev_probe_name: (args) => answered({ ret: lab().probe(args.text('dev'), { name: args.text('name') }) }),
      dev_rawmask: (args) => answered({ ret: lab().rawMask(args.text('dev'), args.wide('mask')) }),
      dev_release: (args) => answered({ ret: lab().release(args.text('dev')) }),
      dev_reqbufs: (args) =>
        answered(
          lab().reqbufs(args.text('dev'), {
            count: args.number('count'),
            sizes: args.sizes('sizes'),
            attrs: args.number('attrs'),
            flags: args.number('flags'),
            min: args.number('min'),
          }),
        ),
      dumb: (args) =>
        answered(
          args.has('free')
            ? { ret: lab().free(args.text('free')) }
            : lab().dumb(
                args.text('dev'),
                args.text('id'),
                args.number('width'),
                args.number('height'),
                args.number('bpp'),
              ),
        ),
      msleep: (args) => {
        this.#call({ call: 'sleep', nanoseconds: args.number('ms') * 1e6 });
        return answered({});
      },
    };
  }

  #close(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    this.#fds.delete(args.text('id'));
    return answered({ ret: this.#call({ call: 'close', fd }) });
  }

  #dup(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const copy = this.#call({ call: 'dup', fd });
    if (copy < 0) return answered({ ret: copy });
    this.#fds.set(args.text('new'), copy);
    return answered({ ret: 0 });
  }

  #fill(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const mapping = this.#map(fd, this.#size(fd), PROT_READ | PROT_WRITE);
    if (mapping < 0) return answered({ ret: mapping });
    const bytes = new Uint8Array(args.number('len')).fill(args.number('byte'));
    this.#kernel.mapping(mapping, this.#task).write(BigInt(args.number('offset')), bytes);
    this.#call({ call: 'munmap', mapping });
    return answered({ ret: 0 });
  }

  #mmap(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const length = args.number('len');
    const prot = args.number('prot');
    const id = this.#call({
      call: 'mmap',
      fd,
      length: BigInt(length),
      prot,
      flags: args.number('flags'),
      offset: BigInt(args.number('offset')),
    });
    if (id < 0) return answered({ ret: id });
    const mapping = this.#kernel.mapping(id, this.#task);
    const byte = new Uint8Array(1);
    const touch = signalOf(() => {
      mapping.read(BigInt(length - 1), byte);
      mapping.read(0n, byte);
    });
    // What is stored is what was there: no recorded step shows which byte the recorder wrote.
    const store = (prot & PROT_WRITE) === 0 ? undefined : signalOf(() => mapping.write(0n, byte));
    this.#call({ call: 'munmap', mapping: id });
    return answered({ ret: 0, touch, ...(store === undefined ? {} : { store }) });
  }

  #name(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const arg = new TextEncoder().encode(`${args.text('name')}\0`);
    return answered({ ret: this.#call({ call: 'ioctl', fd, request: DMA_BUF_SET_NAME_B, arg }) });
  }

  #seek(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const offset = BigInt(args.number('offset'));
    return answered({ ret: this.#call({ call: 'lseek', fd, offset, whence: args.number('whence') }) });
  }

  #sync(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const arg = encodeDmaBufSync(args.wide('flags'));
    return answered({ ret: this.#call({ call: 'ioctl', fd, request: DMA_BUF_IOCTL_SYNC, arg }) });
  }

  #rawioctlOnBuffer(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('target').slice('buf:'.length));
    if (fd === undefined) return answered({ ret: NOBUF });
    const arg = new Uint8Array(RAW_ARGUMENT);
    new DataView(arg.buffer).setBigUint64(0, args.wide('first_u64'), true);
    return answered({ ret: this.#call({ call: 'ioctl', fd, request: Number(args.wide('request')), arg }) });
  }

  #nonzero(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const size = this.#size(fd);
    const id = this.#map(fd, size, PROT_READ);
    if (id < 0) return answered({ ret: id });
    const mapping = this.#kernel.mapping(id, this.#task);
    let nonzero = 0;
    let sum = 0;
    const page = new Uint8Array(1 << 16);
    for (let offset = 0n; offset < size; offset += BigInt(page.length)) {
      const left = size - offset;
      const part = left < BigInt(page.length) ? page.subarray(0, Number(left)) : page;
      mapping.read(offset, part);
      for (const byte of part) {
        if (byte !== 0) nonzero++;
        sum += byte;
      }
    }
    this.#call({ call: 'munmap', mapping: id });
    return answered({ nonzero, sum });
  }

  #rawioctl(args: Arguments): Answered {
    const arg = new Uint8Array(RAW_ARGUMENT);
    new DataView(arg.buffer).setBigUint64(0, args.wide('first_u64'), true);
    const heap = args.text('target').slice('heap:'.length);
    const ret = this.#onHeap(heap, O_RDWR, (node) =>
      this.#call({ call: 'ioctl', fd: node, request: Number(args.wide('request')), arg }),
    );
    if (ret < 0) return answered({ ret });
    const { fd } = decodeDmaHeapAllocationData(arg);
    // The recorder closed what the field named, even where that was the 0 it had put there itself: after
    // a request without the OUT bit its standard input was gone, and the next buffer got descriptor 5.
    this.#call({ call: 'close', fd });
    return answered({ ret, fd });
  }

  /** Opens a path and uses the descriptor, which was the lowest free one of the recorder. */
  #onPath(path: string, flags: number, use: (fd: number) => Answered): Answered {
    const fd = this.#call({ call: 'open', path, flags });
    if (fd < 0) return answered({ ret: fd });
    const result = use(fd);
    this.#call({ call: 'close', fd });
    return result;
  }

  #cat(args: Arguments): Answered {
    const found = this.#onPath(args.text('path'), O_RDONLY, (fd) => {
      const parts: Uint8Array[] = [];
      for (;;) {
        const buf = new Uint8Array(READ_SIZE);
        const got = this.#call({ call: 'read', fd, buf });
        if (got < 0) return answered({ ret: got });
        if (got === 0) break;
        parts.push(buf.subarray(0, got));
      }
      return answered({ text: decodedParts(parts) });
    });
    return found.answer.ret === ENOENT ? answered({ text: null }) : found;
  }

  #ls(args: Arguments): Answered {
    const found = this.#onPath(
      args.text('path'),
      O_RDONLY | this.#kernel.profile.arch.openFlags.O_DIRECTORY,
      (fd) => {
        const names: string[] = [];
        for (;;) {
          const buf = new Uint8Array(READ_SIZE);
          const got = this.#call({ call: 'getdents64', fd, buf });
          if (got < 0) return answered({ ret: got });
          if (got === 0) break;
          names.push(...decodeDirents(buf.subarray(0, got)).map((entry) => entry.d_name));
        }
        return answered({ names: names.filter((name) => name !== '.' && name !== '..').sort() });
      },
    );
    return found.answer.ret === ENOENT ? answered({ names: [] }) : found;
  }

  #echo(args: Arguments): Answered {
    return this.#write(args.text('path'), args.text('value'));
  }

  #cgroupMove(args: Arguments): Answered {
    const { pid = 0 } = this.#kernel.task(this.#moved) ?? {};
    const { answer } = this.#write(`${cgroupPath(args.text('cgroup'))}/cgroup.procs`, `${pid}`);
    return answered({ ret: Math.min(0, Number(answer.ret)) });
  }

  #write(path: string, text: string): Answered {
    const buf = new TextEncoder().encode(text);
    return this.#onPath(path, O_WRONLY, (fd) => answered({ ret: this.#call({ call: 'write', fd, buf }) }));
  }

  #poll(fd: number): { poll: number; revents: number } {
    const fds = encodePollfds([{ fd, events: POLLIN | POLLOUT, revents: 0 }]);
    const poll = this.#call({ call: 'poll', fds, timeout: 0 });
    return { poll, revents: decodePollfds(fds)[0]?.revents ?? 0 };
  }

  #openheap(args: Arguments): Answered {
    return this.#onPath(`/dev/dma_heap/${args.text('heap')}`, args.number('flags'), (fd) => {
      const buf = new Uint8Array(8);
      return answered({
        ret: 0,
        read: this.#call({ call: 'read', fd, buf }),
        write: this.#call({ call: 'write', fd, buf }),
        lseek: this.#call({ call: 'lseek', fd, offset: 0n, whence: SEEK_SET }),
        mmap: this.#map(fd, 4096n, PROT_READ),
        ...this.#poll(fd),
      });
    });
  }

  #rw(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    const buf = new Uint8Array(8);
    const layout = this.#kernel.profile.arch.stat;
    const stat = new Uint8Array(layout.size);
    const answer = {
      read: this.#call({ call: 'read', fd, buf }),
      write: this.#call({ call: 'write', fd, buf }),
      pread: this.#call({ call: 'pread64', fd, buf, offset: 0n }),
      ftruncate: this.#call({ call: 'ftruncate', fd, length: 0n }),
      ...this.#poll(fd),
      fstat: this.#call({ call: 'fstat', fd, buf: stat }),
    };
    const { st_size, st_mode, st_blksize } = decodeStat(stat, layout);
    return answered({
      ...answer,
      st_size: Number(st_size),
      st_mode: (st_mode & 0o777).toString(8),
      st_blksize,
    });
  }

  #fork(args: Arguments): Answered {
    const child = args.text('task');
    const pid = this.#call({ call: 'fork', child });
    if (pid < 0) return answered({ ret: pid });
    this.#tables.set(child, new Map(this.#fds));
    this.#pids.set(pid, child);
    return answered({ pid });
  }

  #importer(args: Arguments): number {
    return this.#importers.get(args.text('importer')) ?? -1;
  }

  #importerOpen(args: Arguments): Answered {
    const path = `/dev/dri/${args.text('device')}`;
    const found = this.#kernel.lookup(path);
    const fd = this.#call({ call: 'open', path, flags: O_RDWR | O_CLOEXEC });
    if (fd < 0 || !('node' in found)) return answered({ ret: fd });
    this.#importers.set(args.text('importer'), fd);
    const driver = found.node.kind === 'device' && 'drm' in found.node.opens ? found.node.opens.drm : null;
    return answered({ ret: 0, fd, driver });
  }

  #importFd(args: Arguments, buffer: number): Answered {
    const handle = this.#call({ call: 'drm_prime_fd_to_handle', fd: this.#importer(args), buffer });
    return answered(handle < 0 ? { ret: handle } : { ret: 0, handle });
  }

  #reexport(args: Arguments): Answered {
    const fd = this.#call({
      call: 'drm_prime_handle_to_fd',
      fd: this.#importer(args),
      handle: args.number('handle'),
      flags: args.number('flags', DRM_CLOEXEC | DRM_RDWR),
    });
    if (fd < 0) return answered({ ret: fd });
    this.#fds.set(args.text('new'), fd);
    return answered({
      ret: 0,
      fd,
      size: this.#call({ call: 'lseek', fd, offset: 0n, whence: SEEK_END }),
      getfl: this.#call({ call: 'fcntl', fd, cmd: F_GETFL, arg: 0 }),
      getfd: this.#call({ call: 'fcntl', fd, cmd: F_GETFD, arg: 0 }),
    });
  }

  #import(args: Arguments): Answered {
    const fd = this.#fds.get(args.text('id'));
    if (fd === undefined) return answered({ ret: NOBUF });
    if (args.has('importer')) return this.#importFd(args, fd);
    if (this.#kernel.device(VGEM.name) === undefined) this.#call({ call: 'device_add', device: VGEM });
    const attachment = this.#call({ call: 'dma_buf_attach', fd, device: VGEM.name });
    if (attachment < 0) return answered({ ret: attachment });
    this.#imports.set(args.text('id'), attachment);
    const direction = 'DMA_BIDIRECTIONAL';
    return answered({ ret: this.#call({ call: 'dma_buf_map_attachment', attachment, direction }) });
  }

  #unimport(args: Arguments): Answered {
    const attachment = this.#imports.get(args.text('id'));
    if (attachment === undefined) return answered({ ret: NOBUF });
    this.#imports.delete(args.text('id'));
    return answered({ ret: this.#call({ call: 'dma_buf_detach', attachment }) });
  }

  #size(fd: number): bigint {
    return this.#kernel.buffer(this.#task, fd)?.size ?? 0n;
  }
}

/** The pieces of a text that was read. */
function decodedParts(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
}
