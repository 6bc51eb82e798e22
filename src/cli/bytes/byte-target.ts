/** The bytes that a part means, how they are reached, and what is told when they are not. */
import { SHELL_TASK } from '../../kernel/task.ts';
import { readInto, writeBytes } from '../../program/byte-moves.ts';
import {
  type BytePlace,
  type ByteSpan,
  findBytes as findReached,
  isReached,
  type NoDma,
  type NotReached,
  useBytes,
} from '../../program/byte-reach.ts';
import { DONE, finish, hasFailed, type Pieces } from '../../program/outcome.ts';
import type { Session } from '../../session/session.ts';
import { formatHex, formatSize } from '../../units.ts';
import type { Caller } from '../caller.ts';
import { mmapFailed } from '../explain/mmap-failed.ts';
import { AccessFaulted, CallFailed, UsageError } from '../failures.ts';
import type { Shell } from '../shell.ts';
import { findDeviceCalled } from '../words/find-device.ts';
import { attempt } from './attempt.ts';
import type { BytePart } from './byte-part.ts';

export interface ByteTarget {
  /** What it is in an answer as JSON: `fd` or `target`, `offset`, and `as` which device. */
  readonly json: Readonly<Record<string, unknown>>;
  /** What the first byte's offset is shown as. */
  readonly offset: bigint;
  /** Absent: as many as come, when written. */
  readonly length?: bigint;
  /** Loads bytes, by their position in the part. @throws CallFailed, AccessFaulted */
  read(caller: Caller, at: bigint, into: Uint8Array): void;
  /** Stores bytes. @throws CallFailed, AccessFaulted */
  write(caller: Caller, at: bigint, from: Uint8Array): void;
  /** What becomes of a write of more than `length`, when the first `done` bytes are stored. */
  overflow(done: bigint): Error;
}

/** How the bytes are wanted. */
export interface Wanted {
  /** The command, for messages. */
  readonly command: string;
  readonly access: 'read' | 'write';
  /** How many there are says the input: a device stops at no buffer's end. */
  readonly unbounded?: boolean;
  /** The device that accesses them, instead of the task. */
  readonly as?: string | undefined;
}

/** Where the part is looked for. */
export interface Place {
  readonly sh: Shell;
  readonly session: Session;
}

/** What a failure is told of. */
interface Asked extends Wanted {
  readonly part: BytePart;
  readonly task: string;
}

/** The place that a part means, with the device's own name. */
function placeOf(part: BytePart, as: string | undefined): BytePlace {
  switch (part.kind) {
    case 'buffer':
      return { kind: 'buffer', fd: part.fd, ...(as !== undefined && { as }) };
    case 'mapping':
      return { kind: 'mapping', id: part.id };
    case 'attachment':
      return { kind: 'attachment', id: part.id, ...(as !== undefined && { as }) };
    case 'memory': {
      const size = part.length;
      return { kind: 'memory', base: part.offset, ...(size !== undefined && { size }), ...(as && { as }) };
    }
  }
}

function nameOf(part: BytePart): Readonly<Record<string, unknown>> {
  if (part.kind === 'buffer') return { fd: part.fd, offset: Number(part.offset) };
  if (part.kind === 'memory') return { target: `@${formatHex(part.offset)}`, offset: 0 };
  const word = part.kind === 'mapping' ? 'map' : 'attachment';
  return { target: `${word}:${part.id}`, offset: Number(part.offset) };
}

/** Finds the bytes, before any are moved. @throws CallFailed, UsageError, AccessFaulted */
export function findBytes({ sh, session }: Place, part: BytePart, wanted: Wanted): ByteTarget {
  const { command, access, unbounded = false } = wanted;
  const { task } = sh;
  const asked = { ...wanted, part, task };
  if (part.kind === 'mapping' && wanted.as !== undefined) {
    throw new UsageError(
      `${part.text} is a mapping of a task, which no device uses`,
      'With --as give FD, attachment:N or @ADDRESS:SIZE',
    );
  }
  const offset = part.kind === 'memory' ? 0n : part.offset;
  const isMapped = part.kind === 'buffer' && wanted.as === undefined;
  // A device stops nowhere.
  const isDma = wanted.as !== undefined || part.kind === 'attachment';
  const endless = unbounded && isDma && part.length === undefined;
  const { place, length, size, device } = session.view((kernel) => {
    const { as } = wanted;
    const device = as === undefined ? undefined : findDeviceCalled(kernel, as, command).name;
    const place = placeOf(part, device);
    const given = endless ? 0n : part.length;
    const span: ByteSpan = { access, offset, ...(given !== undefined && { length: given }) };
    const found = findReached({ kernel, task }, place, span);
    if (!isReached(found)) throw notReached(asked, found);
    const { attachment, length } = found;
    // Its number stays, whichever is the newest later.
    return {
      place: attachment === undefined ? place : ({ kind: 'attachment', id: attachment } as const),
      length: endless ? undefined : length,
      size: isMapped ? kernel.buffer(task, part.fd)?.size : undefined,
      device: device ?? (part.kind === 'attachment' ? kernel.attachment(part.id)?.device : undefined),
    };
  });
  const run = (caller: Caller, at: bigint, bytes: Uint8Array, pieces: Pieces<NotReached>): void => {
    const outcome = finish(pieces);
    if (!hasFailed(outcome)) return;
    if (!isMapped || outcome.fault !== undefined) throw notReached(asked, outcome);
    const { page } = caller.kernel.profile.geometry;
    const lengths = { length: BigInt(bytes.length), size: caller.kernel.buffer(task, part.fd)?.size, page };
    throw mmapFailed(`${command}: ${part.fd}`, outcome, { offset: offset + at, ...lengths });
  };
  if (isMapped && (length === 0n || size === undefined || offset + (length ?? 0n) > size)) {
    // Maps it once, so that the failure is the kernel's own.
    attempt(sh, session, (caller) => {
      const all = { access, offset, ...(length !== undefined && { length }) };
      const outcome = finish(useBytes(caller, place, all, () => DONE));
      if (!hasFailed(outcome)) return;
      const { page } = caller.kernel.profile.geometry;
      const span = { offset, length: length === 0n ? 1n : (length ?? 0n), size, page };
      throw mmapFailed(`${command}: ${part.fd}`, outcome, span);
    });
  }
  /** The fault of the first byte that does not fit: the access is made. */
  const faultAt = (at: bigint): Error => {
    const one = new Uint8Array(1);
    const outcome = sh.transact(session, (caller) => finish(writeBytes(caller, place, offset + at, one)));
    return notReached(asked, outcome);
  };
  const json = { ...nameOf(part), ...(device !== undefined && { as: device }) };
  return {
    json,
    offset: part.offset,
    ...(length !== undefined && { length }),
    read: (caller, at, into) => run(caller, at, into, readInto(caller, place, offset + at, into)),
    write: (caller, at, from) => run(caller, at, from, writeBytes(caller, place, offset + at, from)),
    overflow: (done) => {
      if (!isMapped && part.length === undefined) return faultAt(done);
      const end = isMapped ? `the buffer ends at ${size ?? 0n}` : `${part.text} ends there`;
      return new CallFailed([
        {
          what: `${command}: ${isMapped ? part.fd : part.text}`,
          errno: 'EINVAL',
          notes: [`the first ${done} bytes fitted and are stored; ${end}`],
          done: { ...json, length: Number(done) },
        },
      ]);
    },
  };
}

/** What is thrown when the kernel or the machine says no. */
function notReached(asked: Asked, { errno = 'EIO', why, fault, noDma }: NotReached): Error {
  if (fault !== undefined) return new AccessFaulted(fault);
  const what = `${asked.command}: ${asked.part.text}`;
  if (noDma !== undefined) return new CallFailed([{ what, errno, notes: noDmaNotes(noDma, asked) }]);
  return new CallFailed([{ what, errno, ...(why && { why }) }]);
}

/** Why a device has no address of the bytes, and how to get there. */
function noDmaNotes(noDma: NoDma, { part, task }: Asked): readonly string[] {
  const dmaheap = task === SHELL_TASK ? 'dmaheap' : `dmaheap --task ${task}`;
  switch (noDma.is) {
    case 'no-attachment':
      return [`there is no attachment ${noDma.id}; dmaheap devices lists them`];
    case 'of-other-device':
      return [`attachment ${noDma.id} is ${noDma.owner}'s, not ${noDma.device}'s`];
    case 'not-attached': {
      const { device, fd } = noDma;
      return [
        `${device} is not attached to the buffer, so it has no address of it`,
        `here: ${dmaheap} device attach ${device} ${fd} && ${dmaheap} device map ${device} ${fd}`,
      ];
    }
    case 'not-mapped': {
      const { device, ids } = noDma;
      if (part.kind !== 'buffer')
        return [`attachment ${ids.join(', ')} is not mapped: the device has no address of it`];
      return [
        `${device} is attached to the buffer but has not mapped it`,
        `here: ${dmaheap} device map ${device} ${part.fd}`,
      ];
    }
    case 'past-end': {
      const { device, size } = noDma;
      return [
        `offset ${part.offset} is past the end: the buffer has ${size} (${formatSize(size)})`,
        `with a length, ${device} goes on there all the same: ${part.text}:LENGTH`,
      ];
    }
  }
}
