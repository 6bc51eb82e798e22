/** A buffer's bytes as a program gets at them: mmap, load or store, munmap; a chunk a transaction. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Mapping } from '../kernel/mapping.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../uapi/fcntl.ts';
import { roundDown } from '../units.ts';
import type { BufferPart } from './byte-part.ts';
import { attempt } from './byte-stream.ts';
import { type ByteTarget, type Place, tooLong, type Wanted } from './byte-target.ts';
import type { Caller } from './caller.ts';
import { mmapFailed } from './mmap-failed.ts';

/** A span of a buffer, and what is done with it. */
interface Access {
  readonly command: string;
  readonly fd: number;
  readonly offset: bigint;
  readonly length: bigint;
  readonly prot: number;
}

/** Maps a span, runs `body` with the mapping and the span's offset in it, unmaps. @throws CallFailed */
function withMapping(
  { kernel, task, call }: Caller,
  { command, fd, offset, length, prot }: Access,
  body: (mapping: Mapping, offset: bigint) => void,
): void {
  const { page } = kernel.profile.geometry;
  const start = roundDown(offset, page);
  const skip = offset - start;
  const mapped = call({ call: 'mmap', fd, length: skip + length, prot, flags: MAP_SHARED, offset: start });
  if (mapped.errno !== undefined) {
    const size = kernel.buffer(task, fd)?.size;
    throw mmapFailed(`${command}: ${fd}`, mapped, { offset, length, size, page });
  }
  try {
    body(kernel.mapping(mapped.ret, task), skip);
  } finally {
    call({ call: 'munmap', mapping: mapped.ret });
  }
}

/** The bytes of a buffer for the command's task. @throws CallFailed when there is no such buffer or part */
export function bufferBytes(
  { sh, session }: Place,
  part: BufferPart,
  { command, access: kind }: Wanted,
): ByteTarget {
  const { fd, offset } = part;
  const sizeOf = (kernel: Kernel) => kernel.buffer(sh.task, fd)?.size;
  const prot = kind === 'read' ? PROT_READ : PROT_READ | PROT_WRITE;
  const size = session.view(sizeOf);
  const length = part.length ?? (size !== undefined && size > offset ? size - offset : 0n);
  if (size === undefined || offset + length > size) {
    // Maps it once, so that the failure is the kernel's own.
    const asked = { command, fd, offset, length: length === 0n ? 1n : length, prot };
    attempt(sh, session, (caller) => withMapping(caller, asked, () => {}));
  }
  const access = (at: bigint, bytes: Uint8Array): Access => ({
    command,
    fd,
    offset: offset + at,
    length: BigInt(bytes.length),
    prot,
  });
  return {
    json: { fd, offset: Number(offset) },
    offset,
    length,
    read: (caller, at, into) =>
      withMapping(caller, access(at, into), (mapping, start) => mapping.read(start, into)),
    write: (caller, at, from) =>
      withMapping(caller, access(at, from), (mapping, start) => mapping.write(start, from)),
    overflow: (done) =>
      tooLong(`${command}: ${fd}`, done, `the buffer ends at ${session.view(sizeOf) ?? 0n}`, {
        fd,
        offset: Number(offset),
      }),
  };
}
