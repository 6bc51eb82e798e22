/**
 * How a program gets at bytes: a task through a mapping of a buffer, the CPU by physical address, a device by DMA.
 *
 *     buffer                    mmap, access, munmap: nothing beyond the buffer can be mapped
 *     mapping                   ends where it ends: SIGSEGV beyond
 *     memory                    ends where memory ends: a bus error beyond
 *     buffer as a device        its newest mapped attachment; goes on past the buffer's end, as nothing stops DMA
 *     attachment                the same, of one attachment
 *     memory as a device        the device's own addresses
 */

import { badArgument, fail } from '../kernel/calls/results.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SegmentationFault } from '../kernel/mapping.ts';
import { BusError, rangeOf } from '../mm/phys-memory.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../uapi/fcntl.ts';
import { rangeEnd, roundDown } from '../units.ts';
import { whyNoAttachment } from './attachment.ts';
import type { Caller } from './caller.ts';
import { findBuffer } from './find-buffer.ts';
import { noSuchDevice } from './find-device.ts';
import { type Fault, guarded, type Outcome, type Pieces } from './outcome.ts';

/** What has bytes. `as` is the dev_name() of the device that accesses them instead of the task. */
export type BytePlace =
  | { readonly kind: 'buffer'; readonly fd: number; readonly as?: string }
  | { readonly kind: 'mapping'; readonly id: number }
  | { readonly kind: 'attachment'; readonly id: number; readonly as?: string }
  /** Absent size: as far as memory goes; to a device, without end. */
  | { readonly kind: 'memory'; readonly base: bigint; readonly size?: bigint; readonly as?: string };

/** Which bytes of a place are accessed. */
export interface ByteSpan {
  readonly access: 'read' | 'write';
  /** From the beginning of the place on. */
  readonly offset: bigint;
  /** Absent: to the end. */
  readonly length?: bigint;
}

/** Bytes that are there. */
export interface Reached {
  /** How many the span has; absent: a device's memory, which ends nowhere. */
  readonly length?: bigint;
  /** Bytes of the whole place, where it ends: of a buffer to its descriptor's task, of a mapping. */
  readonly size?: bigint;
  /** The attachment by which the device has them. */
  readonly attachment?: number;
}

/** Loads and stores by offset, each of them whole or not at all. */
export interface Bytes {
  read(at: bigint, into: Uint8Array): void;
  write(at: bigint, from: Uint8Array): void;
}

/** What is done with bytes. @param at of the span's first byte. @param length absent: no end */
export type ByteUse<T extends Outcome> = (
  bytes: Bytes,
  at: bigint,
  length: bigint | undefined,
) => T | Pieces<T>;

const left = (size: bigint, offset: bigint): bigint => (size > offset ? size - offset : 0n);

const faulted = ({ name, message }: SegmentationFault | BusError): Outcome => ({
  ret: 0,
  fault: { name: name as Fault['name'], message },
});

export const isReached = (found: Reached | Outcome): found is Reached => !('ret' in found);

/**
 * Which bytes a span means, without a call or an access: for whoever wants to know before the first byte, and not
 * after gigabytes of them, that the last one faults. Of a buffer the mapping says everything.
 */
export function findBytes(caller: Caller, place: BytePlace, span: ByteSpan): Reached | Outcome {
  switch (place.kind) {
    case 'mapping':
      return inMapping(caller, place.id, span);
    case 'buffer': {
      if (place.as === undefined) return inBuffer(caller, place.fd, span);
      const found = mappedAttachment(caller, place.fd, place.as);
      return typeof found === 'number' ? inAttachment(caller.kernel, found, undefined, span) : found;
    }
    case 'attachment':
      return inAttachment(caller.kernel, place.id, place.as, span);
    case 'memory':
      return inMemory(caller.kernel, place, span);
  }
}

function inBuffer({ kernel, task }: Caller, fd: number, { offset, length }: ByteSpan): Reached {
  if (length !== undefined) return { length };
  const size = kernel.buffer(task, fd)?.size;
  return { length: left(size ?? 0n, offset), ...(size !== undefined && { size }) };
}

function inMapping({ kernel, task }: Caller, id: number, span: ByteSpan): Reached | Outcome {
  if (kernel.mappingOf(task, id) === undefined) return badArgument('EFAULT', 'mapping', id);
  const mapping = kernel.mapping(id, task);
  const size = mapping.length;
  const { offset, access, length = left(size, offset) } = span;
  const beyond = (at: bigint) => faulted(new SegmentationFault(access, at, 'SEGV_MAPERR'));
  if (offset > size) return beyond(offset);
  if (offset + length > size) return beyond(size);
  const hole = mapping.holeIn(offset, length);
  return hole === undefined ? { length, size } : beyond(hole);
}

function inMemory(
  kernel: Kernel,
  { base, size, as }: Extract<BytePlace, { kind: 'memory' }>,
  { offset, length }: ByteSpan,
): Reached | Outcome {
  if (as !== undefined && kernel.device(as) === undefined) return noSuchDevice(kernel, as);
  // What was called SIZE is what may be touched.
  if (size !== undefined && offset + (length ?? 0n) > size)
    return fail('EINVAL', { kind: 'past-end', of: 'range', offset, length: length ?? 0n, size });
  const asked = length ?? (size === undefined ? undefined : size - offset);
  if (as !== undefined) return asked === undefined ? {} : { length: asked };
  const address = base + offset;
  try {
    const range = rangeOf(kernel.info().layout, address, asked ?? 0n);
    return { length: asked ?? rangeEnd(range) - address };
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return faulted(error);
  }
}

/** What a device has mapped of a buffer: its newest mapped attachment. dma_buf_get() looks at the descriptor first. */
function mappedAttachment(caller: Caller, fd: number, device: string): number | Outcome {
  const { kernel } = caller;
  if (kernel.device(device) === undefined) return noSuchDevice(kernel, device);
  const found = findBuffer(caller, fd);
  if (found.buffer === undefined) return found;
  const own = found.buffer.attachments.filter((attachment) => attachment.device === device);
  const mapped = own.filter(({ direction }) => direction !== undefined).map(({ id }) => id);
  if (mapped.length > 0) return Math.max(...mapped);
  return fail('EINVAL', { kind: 'no-dma', device, attached: own.length > 0, task: caller.task, fd });
}

function inAttachment(
  kernel: Kernel,
  id: number,
  as: string | undefined,
  { offset, length }: ByteSpan,
): Reached | Outcome {
  if (as !== undefined && kernel.device(as) === undefined) return noSuchDevice(kernel, as);
  const none = whyNoAttachment(kernel, id, as);
  if (none !== undefined) return fail('EINVAL', none);
  const size = kernel.deviceMapping(id)?.size;
  if (size === undefined) return fail('EINVAL', { kind: 'attachment-not-mapped', attachment: id });
  if (length !== undefined) return { length, attachment: id };
  if (offset <= size) return { length: size - offset, attachment: id };
  return fail('EINVAL', {
    kind: 'dma-past-end',
    device: kernel.attachment(id)?.device ?? '',
    offset,
    size,
  });
}

/** Maps a span of a buffer, uses it, unmaps. No bytes are mapped as one, so that what is wrong is the kernel's answer. */
function* throughMapping<T extends Outcome>(
  { kernel, task }: Caller,
  fd: number,
  { access, offset }: ByteSpan,
  length: bigint,
  use: ByteUse<T>,
): Pieces<T | Outcome> {
  const start = roundDown(offset, kernel.profile.geometry.page);
  const skip = offset - start;
  const asked = length === 0n ? 1n : length;
  const mapped = kernel.syscall(task, {
    call: 'mmap',
    fd,
    length: skip + asked,
    prot: access === 'read' ? PROT_READ : PROT_READ | PROT_WRITE,
    flags: MAP_SHARED,
    offset: start,
  });
  if (mapped.ret < 0) {
    const { why } = mapped;
    return why?.kind === 'past-end' ? { ...mapped, why: { ...why, offset, length: asked } } : mapped;
  }
  try {
    return yield* guarded(() => use(kernel.mapping(mapped.ret, task), skip, length));
  } finally {
    kernel.syscall(task, { call: 'munmap', mapping: mapped.ret });
  }
}

/** Where the bytes of a place are, once `findBytes` has found them. */
function bytesOf({ kernel, task }: Caller, place: BytePlace, { attachment }: Reached): Bytes {
  if (attachment !== undefined) {
    const mapping = kernel.deviceMapping(attachment);
    if (mapping === undefined) throw new Error(`attachment ${attachment} was mapped`);
    return mapping;
  }
  if (place.kind === 'mapping') return kernel.mapping(place.id, task);
  if (place.kind !== 'memory') throw new Error('a buffer is mapped first');
  const { base, as } = place;
  const memory = as === undefined ? kernel.physMemory(task) : kernel.dma(as);
  return {
    read: (at, into) => memory.read(base + at, into),
    write: (at, from) => memory.write(base + at, from),
  };
}

/**
 * Gets at bytes and uses them. A fault is an outcome, and so is what the kernel refuses. An access that will fault is
 * made all the same: histories have it, and the machine says what is wrong.
 *
 * @throws NotModelled, and what `use` throws that is no fault
 */
export function* useBytes<T extends Outcome>(
  caller: Caller,
  place: BytePlace,
  span: ByteSpan,
  use: ByteUse<T>,
): Pieces<T | Outcome> {
  const found = findBytes(caller, place, span);
  if (!isReached(found)) {
    const length = span.length ?? (place.kind === 'memory' ? left(place.size ?? 0n, span.offset) : 0n);
    if (found.fault === undefined || length === 0n) return found;
    return yield* guarded(() => use(bytesOf(caller, place, {}), span.offset, length));
  }
  if (place.kind === 'buffer' && place.as === undefined)
    return yield* throughMapping(caller, place.fd, span, found.length ?? 0n, use);
  return yield* guarded(() => use(bytesOf(caller, place, found), span.offset, found.length));
}
