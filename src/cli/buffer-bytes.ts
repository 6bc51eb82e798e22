/** A buffer's bytes as a program gets at them: mmap, load or store, munmap; a chunk a transaction. */
import { SHELL_TASK } from '../kernel/boot.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Mapping } from '../kernel/mapping.ts';
import type { Session } from '../session/session.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../uapi/fcntl.ts';
import { formatSize, MiB, PAGE, roundDown } from '../units.ts';
import type { BufferPart } from './arguments.ts';
import { CallFailed } from './failures.ts';

/** A multiple of a page, and of 3 so that base64 of a chunk has no padding inside. */
export const CHUNK = Number(3n * MiB);

/** How many of the bytes that are left go into the next transaction. */
export const nextChunk = (left: bigint): number => Math.min(Number(left), CHUNK);

export interface Span {
  readonly fd: number;
  readonly offset: bigint;
  readonly length: bigint;
}

/** Maps a span, runs `body` with the mapping and the span's offset in it, unmaps. @throws CallFailed */
function withMapping(
  kernel: Kernel,
  command: string,
  span: Span,
  prot: number,
  body: (mapping: Mapping, offset: bigint) => void,
): void {
  const offset = roundDown(span.offset, PAGE);
  const skip = span.offset - offset;
  const mapped = kernel.syscall(SHELL_TASK, {
    call: 'mmap',
    fd: span.fd,
    length: skip + span.length,
    prot,
    flags: MAP_SHARED,
    offset,
  });
  if (mapped.errno !== undefined) throw mmapFailed(kernel, command, span, mapped);
  body(kernel.mapping(mapped.ret), skip);
  kernel.syscall(SHELL_TASK, { call: 'munmap', mapping: mapped.ret });
}

function mmapFailed(
  kernel: Kernel,
  command: string,
  span: Span,
  { errno = 'EINVAL', why }: Partial<ReturnType<Kernel['syscall']>>,
): CallFailed {
  const what = `${command}: ${span.fd}`;
  const size = kernel.buffer(SHELL_TASK, span.fd)?.size;
  // Past the end: mmap only says that an argument is bad.
  if (size !== undefined && span.offset + span.length > size) {
    const asked = `bytes ${span.offset} to ${span.offset + span.length} asked`;
    return new CallFailed([
      { what, errno, notes: [`${asked}; the buffer has ${size} (${formatSize(size)})`] },
    ]);
  }
  return new CallFailed([{ what, errno, ...(why && { why }) }]);
}

/** Which bytes a part means: to the end unless it has a length. Asks the kernel for what is past the end
 *  or no buffer, so that the failure is the kernel's own. @throws CallFailed */
export function resolvePart(session: Session, command: string, part: BufferPart, prot: number): Span {
  const { fd, offset } = part;
  const size = session.view((kernel) => kernel.buffer(SHELL_TASK, fd)?.size);
  const length = part.length ?? (size !== undefined && size > offset ? size - offset : 0n);
  const span = { fd, offset, length };
  const refused = size === undefined || offset + length > size;
  if (refused) probe(session, command, { ...span, length: length === 0n ? 1n : length }, prot);
  return span;
}

/** Maps and unmaps, to hear what the kernel says. @throws CallFailed */
function probe(session: Session, command: string, span: Span, prot: number): void {
  session.transact((kernel) => withMapping(kernel, command, span, prot, () => {}));
}

/** The chunks of a span, each read in a transaction of its own. @throws CallFailed */
export function* readChunks(session: Session, command: string, span: Span): Generator<Uint8Array> {
  for (let done = 0n; done < span.length; done += BigInt(CHUNK)) {
    const bytes = new Uint8Array(nextChunk(span.length - done));
    const chunk = { fd: span.fd, offset: span.offset + done, length: BigInt(bytes.length) };
    session.transact((kernel) =>
      withMapping(kernel, command, chunk, PROT_READ, (mapping, offset) => mapping.read(offset, bytes)),
    );
    yield bytes;
  }
}

/** Stores bytes at an offset, in one transaction. @throws CallFailed */
export function writeChunk(
  session: Session,
  command: string,
  at: { readonly fd: number; readonly offset: bigint },
  bytes: Uint8Array,
): void {
  if (bytes.length === 0) return;
  const span = { ...at, length: BigInt(bytes.length) };
  session.transact((kernel) =>
    withMapping(kernel, command, span, PROT_READ | PROT_WRITE, (mapping, offset) =>
      mapping.write(offset, bytes),
    ),
  );
}
