/** Actions that load and store bytes: by a task through a mapping, by the CPU, by a device's DMA. */
import { devicesCalled } from '../kernel/device-table.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE, PROTECTIONS } from '../uapi/fcntl.ts';
import { parseSize, roundDown } from '../units.ts';
import type { ActionCompilers } from './action.ts';
import type { Ref, Size } from './form.ts';
import { bytesOfHex } from './hex.ts';
import { type Getter, inPieces, type Moment, type Pieces } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { BadValue, type Path } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Values } from './values.ts';

/** Something with bytes from a position on. */
interface Bytes {
  read(at: bigint, into: Uint8Array): void;
  write(at: bigint, from: Uint8Array): void;
}

/** What is done with bytes once they are there. @param size the bytes from `offset` on; absent: no end */
type Use = (bytes: Bytes, at: bigint, size: bigint | undefined) => Outcome | Pieces;

interface Span {
  readonly offset: bigint;
  /** Absent: to the end. */
  readonly length?: bigint;
  readonly prot: number;
}

/** A place, when a step gets there. */
type Reach = (at: Moment, span: Span, use: Use) => Outcome | Pieces;

const FAULTS: ReadonlySet<string> = new Set(['SegmentationFault', 'BusError', 'IommuFault']);
/** What one step reads. */
const MAX_READ = 1n << 30n;
/** As `dmaheap fill` does it: an access is what evicts lines by chance. */
const PIECE = 3 << 20;
/** What is read between two looks of whoever waits. */
const READ_PIECE = 16 << 20;

/** An access, with the fault that it may take as its outcome. */
function* guarded(access: () => Outcome | Pieces): Pieces {
  try {
    const made = access();
    return inPieces(made) ? yield* made : made;
  } catch (error) {
    if (!(error instanceof Error) || !FAULTS.has(error.name)) throw error;
    return { ret: 0, fault: { name: error.name, message: error.message } };
  }
}

const left = (size: bigint, offset: bigint): bigint => (size > offset ? size - offset : 0n);

/** The buffer of a descriptor: mmap, access, munmap. */
const throughMapping = (fd: Getter<number>): Reach =>
  function* (at, { offset, length, prot }, use) {
    const { kernel } = at.machine;
    const number = fd(at);
    const wanted = length ?? left(kernel.buffer(at.task, number)?.size ?? 0n, offset);
    const start = roundDown(offset, kernel.profile.geometry.page);
    const skip = offset - start;
    // An access of no bytes is made all the same, so that what is wrong with it is the kernel's own answer.
    const span = skip + (wanted === 0n ? 1n : wanted);
    const call = { call: 'mmap', fd: number, length: span, prot, flags: MAP_SHARED, offset: start } as const;
    const mapped = kernel.syscall(at.task, call);
    if (mapped.ret < 0) return mapped;
    try {
      return yield* guarded(() => use(kernel.mapping(mapped.ret, at.task), skip, wanted));
    } finally {
      kernel.syscall(at.task, { call: 'munmap', mapping: mapped.ret });
    }
  };

function mappingOf(kernel: Kernel, task: string, id: number) {
  try {
    return kernel.mapping(id, task);
  } catch {
    return undefined;
  }
}

const ofMapping =
  (id: Getter<number>): Reach =>
  (at, { offset, length }, use) => {
    const number = id(at);
    const mapping = mappingOf(at.machine.kernel, at.task, number);
    if (mapping === undefined) {
      const why = { kind: 'bad-argument', argument: 'mapping', value: BigInt(number) } as const;
      return { ret: -14, errno: 'EFAULT', why };
    }
    return guarded(() => use(mapping, offset, length ?? left(mapping.length, offset)));
  };

const notMapped = (id: number): Outcome => ({
  ret: -22,
  errno: 'EINVAL',
  why: { kind: 'bad-argument', argument: 'attachment', value: BigInt(id) },
});

function throughAttachment(at: Moment, id: number, { offset, length }: Span, use: Use): Outcome | Pieces {
  const mapping = at.machine.kernel.deviceMapping(id);
  if (mapping === undefined) return notMapped(id);
  return guarded(() => use(mapping, offset, length ?? left(mapping.size, offset)));
}

/** The device that a text names. @throws BadValue when it is the node of several */
export function deviceNamed(kernel: Kernel, text: string, path: Path): string | undefined {
  const [one, ...others] = devicesCalled(kernel.devices(), text);
  if (one === undefined || others.length === 0) return one?.name;
  throw new BadValue({
    code: 'scenario-device',
    message: `${text} is the node of ${others.length + 1} devices`,
    hint: `name one of them: ${[one, ...others].map(({ name }) => name).join(', ')}`,
    path,
  });
}

export const noDevice = (kernel: Kernel, device: string): Outcome => ({
  ret: -19,
  errno: 'ENODEV',
  why: { kind: 'no-such-device', device, known: kernel.devices().map(({ name }) => name) },
});

/** A buffer as a device has it: by its newest mapped attachment. */
const byDevice =
  (fd: Getter<number>, by: Getter<string>, path: Path): Reach =>
  (at, span, use) => {
    const { kernel } = at.machine;
    const device = deviceNamed(kernel, by(at), path);
    if (device === undefined) return noDevice(kernel, by(at));
    const number = fd(at);
    const buffer = kernel.buffer(at.task, number);
    if (buffer === undefined) return { ret: -9, errno: 'EBADF', why: { kind: 'bad-descriptor', fd: number } };
    const mapped = buffer.attachments.filter((one) => one.device === device && one.direction !== undefined);
    const newest = mapped.map(({ id }) => id).sort((a, b) => b - a)[0];
    return newest === undefined ? notMapped(-1) : throughAttachment(at, newest, span, use);
  };

/** `@ADDRESS:SIZE`: physical memory, or what a device calls so. */
function ofMemory(text: Getter<string>, by: Getter<string> | undefined, path: Path): Reach {
  const parse = (word: string): { base: bigint; size?: bigint } => {
    const [base, size, ...more] = word.slice(1).split(':').map(parseSize);
    if (base === undefined || more.length > 0 || (size === undefined && word.includes(':'))) {
      throw new BadValue({
        code: 'scenario-bad-value',
        message: `expected @ADDRESS:SIZE, such as "@0x60000000:4K", found ${word}`,
        path,
      });
    }
    return { base, ...(size !== undefined && { size }) };
  };
  return (at, { offset, length }, use) => {
    const { kernel } = at.machine;
    const { base, size } = parse(text(at));
    const rest = length ?? (size === undefined ? undefined : left(size, offset));
    if (by === undefined) return guarded(() => use(kernel.physMemory(at.task), base + offset, rest));
    const device = deviceNamed(kernel, by(at), path);
    if (device === undefined) return noDevice(kernel, by(at));
    return guarded(() => use(kernel.dma(device), base + offset, rest));
  };
}

/** Reads a PLACE. */
function placeOf(place: Ref, device: string | undefined, values: Values, path: Path): Reach {
  const by = device === undefined ? undefined : values.text(device, [...path, 'by']);
  if (typeof place === 'string') {
    if (place.startsWith('@')) {
      const reach = ofMemory(values.text(place, path), by, path);
      if (isTemplate(place) || /^@[^:]+(:[^:]+)?$/.test(place)) return reach;
      values.problem(path, 'scenario-bad-value', `expected @ADDRESS:SIZE, found ${place}`);
      return reach;
    }
    const named = /^(map|attachment):(.+)$/s.exec(place);
    const [, kind, name = ''] = named ?? [];
    if (kind === 'map') {
      if (by !== undefined) {
        values.problem(
          [...path.slice(0, -1), 'by'],
          'scenario-exclusive',
          'a mapping is a task’s: no device uses it',
        );
      }
      return ofMapping(values.ref(name, path, 'mapping'));
    }
    if (kind === 'attachment') {
      const id = values.ref(name, path, 'attachment');
      return (at, span, use) => throughAttachment(at, id(at), span, use);
    }
  }
  const fd = values.ref(place, path, 'descriptor');
  return by === undefined ? throughMapping(fd) : byDevice(fd, by, [...path.slice(0, -1), 'by']);
}

const sizeOr = (value: Size | undefined, values: Values, path: Path): Getter<bigint> | undefined =>
  value === undefined ? undefined : values.size(value, path);

const tooLong = (length: bigint, path: Path): BadValue =>
  new BadValue({
    code: 'scenario-too-long',
    message: `${length} bytes are more than a step reads: 1 GiB`,
    path,
  });

/** What `expect.value` can ask of bytes: how many are not zero, and their sum. */
function countBytes(bytes: Uint8Array): { nonzero: number; sum: number } {
  let nonzero = 0;
  let sum = 0;
  for (const byte of bytes) {
    if (byte !== 0) nonzero++;
    sum += byte;
  }
  return { nonzero, sum };
}

/** @param counted whether the step's expectations ask for numbers */
const readAll = (path: Path): Use =>
  function* (bytes, at, size) {
    if (size === undefined)
      throw new BadValue({ code: 'scenario-no-length', message: 'how many bytes? Give a length', path });
    if (size > MAX_READ) throw tooLong(size, path);
    const into = new Uint8Array(Number(size));
    for (let done = 0; done === 0 || done < into.length; done += READ_PIECE) {
      if (done > 0) yield;
      bytes.read(at + BigInt(done), into.subarray(done, done + READ_PIECE));
    }
    return {
      ret: 0,
      bytes: into,
      get value() {
        return { length: into.length, ...countBytes(into) };
      },
    };
  };

type Names = 'mmap' | 'munmap' | 'read' | 'write' | 'fill';

export const BYTE_ACTIONS: ActionCompilers<Names> = {
  mmap: (value, values, path) => {
    const given = typeof value === 'object' ? value : { fd: value };
    const fd = values.ref(given.fd, typeof value === 'object' ? [...path, 'fd'] : path, 'descriptor');
    const length = sizeOr(given.length, values, [...path, 'length']);
    const offset = sizeOr(given.offset, values, [...path, 'offset']);
    const prot = PROTECTIONS[given.prot ?? 'rw'];
    const flags = given.private === true ? MAP_PRIVATE : MAP_SHARED;
    return (at) => {
      const { kernel } = at.machine;
      const number = fd(at);
      const start = offset?.(at) ?? 0n;
      const size = length?.(at) ?? left(kernel.buffer(at.task, number)?.size ?? 0n, start);
      return kernel.syscall(at.task, { call: 'mmap', fd: number, length: size, prot, flags, offset: start });
    };
  },
  munmap: (value, values, path) => {
    const mapping = values.ref(value, path, 'mapping');
    return (at) => at.machine.kernel.syscall(at.task, { call: 'munmap', mapping: mapping(at) });
  },
  read: (value, values, path) => {
    const given = typeof value === 'object' ? value : { from: value };
    const reach = placeOf(given.from, given.by, values, typeof value === 'object' ? [...path, 'from'] : path);
    const offset = sizeOr(given.offset, values, [...path, 'offset']);
    const length = sizeOr(given.length, values, [...path, 'length']);
    const use = readAll(path);
    return (at) => {
      const wanted = length?.(at);
      const span = { offset: offset?.(at) ?? 0n, ...(wanted !== undefined && { length: wanted }) };
      return reach(at, { ...span, prot: PROT_READ }, use);
    };
  },
  write: (value, values, path) => {
    const reach = placeOf(value.to, value.by, values, [...path, 'to']);
    const offset = sizeOr(value.offset, values, [...path, 'offset']);
    const from = sourceOf(value, values, path);
    return (at) => {
      const bytes = from(at);
      const span = { offset: offset?.(at) ?? 0n, length: BigInt(bytes.length), prot: PROT_READ | PROT_WRITE };
      return reach(at, span, (target, start) => {
        target.write(start, bytes);
        return { ret: 0 };
      });
    };
  },
  fill: (value, values, path) => {
    const reach = placeOf(value.to, value.by, values, [...path, 'to']);
    const offset = sizeOr(value.offset, values, [...path, 'offset']);
    const length = sizeOr(value.length, values, [...path, 'length']);
    const byte = values.byte(value.byte, [...path, 'byte']);
    return (at) => {
      const wanted = length?.(at);
      const span = { offset: offset?.(at) ?? 0n, ...(wanted !== undefined && { length: wanted }) };
      return reach(at, { ...span, prot: PROT_READ | PROT_WRITE }, function* (target, start, size) {
        if (size === undefined)
          throw new BadValue({ code: 'scenario-no-length', message: 'how many bytes? Give a length', path });
        const piece = new Uint8Array(Math.min(Number(size), PIECE)).fill(byte(at));
        for (let done = 0; done < Number(size); done += PIECE) {
          if (done > 0) yield;
          target.write(start + BigInt(done), piece.subarray(0, Math.min(PIECE, Number(size) - done)));
        }
        return { ret: 0 };
      });
    };
  },
};

/** What is written: of bytes, text and file just one. */
function sourceOf(
  { bytes, text, file }: { readonly bytes?: string; readonly text?: string; readonly file?: string },
  values: Values,
  path: Path,
): Getter<Uint8Array> {
  const given = [bytes, text, file].filter((one) => one !== undefined).length;
  if (given !== 1) {
    const message =
      given === 0 ? 'write has bytes, text or file' : 'write has one of bytes, text and file, not several';
    values.problem(path, 'scenario-exclusive', message, 'bytes: "00112233", text: hello, file: frame.raw');
  }
  if (bytes !== undefined)
    return values.read(bytes, [...path, 'bytes'], bytesOfHex, 'pairs of hexadecimal digits');
  if (file !== undefined) return values.file(file, [...path, 'file']);
  const encoder = new TextEncoder();
  const words = values.text(text ?? '', [...path, 'text']);
  return (at) => encoder.encode(words(at));
}
