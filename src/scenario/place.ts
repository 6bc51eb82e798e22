/** A PLACE of a step: bytes that a task reaches through a mapping, the CPU by their address, or a device by its DMA. */
import type { Kernel } from '../kernel/kernel.ts';
import { MAP_SHARED } from '../uapi/fcntl.ts';
import { PAGE, parseSize, roundDown } from '../units.ts';
import { deviceNamed, noDevice } from './device-named.ts';
import { type Getter, inPieces, type Moment, type Pieces } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { BadValue, type Path } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Ref, Size } from './value-forms.ts';
import type { Values } from './values.ts';

/** Something with bytes from a position on. */
export interface Bytes {
  read(at: bigint, into: Uint8Array): void;
  write(at: bigint, from: Uint8Array): void;
}

/** What is done with bytes once they are there. @param size the bytes from `offset` on; absent: no end */
export type Use = (bytes: Bytes, at: bigint, size: bigint | undefined) => Outcome | Pieces;

export interface Piece {
  readonly offset: bigint;
  /** Absent: to the end. */
  readonly length?: bigint;
  readonly prot: number;
}

/** A place, when a step gets there. */
export type Reach = (at: Moment, span: Piece, use: Use) => Outcome | Pieces;

const FAULTS: ReadonlySet<string> = new Set(['SegmentationFault', 'BusError', 'IommuFault']);

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

export const left = (size: bigint, offset: bigint): bigint => (size > offset ? size - offset : 0n);

/** The buffer of a descriptor: mmap, access, munmap. */
const throughMapping = (fd: Getter<number>): Reach =>
  function* (at, { offset, length, prot }, use) {
    const { kernel } = at.machine;
    const number = fd(at);
    const wanted = length ?? left(kernel.buffer(at.task, number)?.size ?? 0n, offset);
    const start = roundDown(offset, PAGE);
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

function throughAttachment(at: Moment, id: number, { offset, length }: Piece, use: Use): Outcome | Pieces {
  const mapping = at.machine.kernel.deviceMapping(id);
  if (mapping === undefined) return notMapped(id);
  return guarded(() => use(mapping, offset, length ?? left(mapping.size, offset)));
}

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
export function placeOf(place: Ref, device: string | undefined, values: Values, path: Path): Reach {
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

/** Where in a place a step begins, and how many bytes it is about. */
export function spanOf(
  { offset, length }: { readonly offset?: Size | undefined; readonly length?: Size | undefined },
  values: Values,
  path: Path,
): Getter<Omit<Piece, 'prot'>> {
  const from = values.optionalSize(offset, [...path, 'offset']);
  const size = values.optionalSize(length, [...path, 'length']);
  return (at) => ({ offset: from?.(at) ?? 0n, ...(size !== undefined && { length: size(at) }) });
}

/** Memory has no end of its own. */
export const noLength = (path: Path): BadValue =>
  new BadValue({ code: 'scenario-no-length', message: 'how many bytes? Give a length', path });
