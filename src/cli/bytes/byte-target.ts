/** The bytes that a part means, how they are reached, and what is told when they are not. */
import { readInto, writeBytes } from '../../program/byte-moves.ts';
import {
  type BytePlace,
  type ByteSpan,
  findBytes as findReached,
  isReached,
  useBytes,
} from '../../program/byte-reach.ts';
import { DONE, finish, hasFailed, type Outcome, type Pieces } from '../../program/outcome.ts';
import type { Session } from '../../session/session.ts';
import { formatHex } from '../../units.ts';
import type { Caller } from '../caller.ts';
import { refusedCall } from '../calls.ts';
import { AccessFaulted, CallFailed, type FailedCall, UsageError } from '../failures.ts';
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
  /** Stores bytes; of more than `length` those that fit. @throws CallFailed, AccessFaulted */
  write(caller: Caller, at: bigint, from: Uint8Array): void;
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
  if (part.kind === 'buffer') return { fd: part.fd, offset: part.offset };
  if (part.kind === 'memory') return { target: `@${formatHex(part.offset)}`, offset: 0 };
  const word = part.kind === 'mapping' ? 'map' : 'attachment';
  return { target: `${word}:${part.id}`, offset: part.offset };
}

/** Finds the bytes, before any are moved. @throws CallFailed, UsageError, AccessFaulted */
export function findBytes({ sh, session }: Place, part: BytePart, wanted: Wanted): ByteTarget {
  const { command, access, unbounded = false } = wanted;
  const { task } = sh;
  const asked = { ...wanted, part };
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
  const json = { ...nameOf(part), ...(device !== undefined && { as: device }) };
  const run = (pieces: Pieces, at = 0n): void => {
    const outcome = finish(pieces);
    if (!hasFailed(outcome)) return;
    const { why } = outcome;
    const stored = why?.kind === 'past-end' && why.stored !== undefined ? why.stored + at : undefined;
    if (why?.kind !== 'past-end' || stored === undefined) throw notReached(asked, outcome);
    throw notReached(asked, { ...outcome, why: { ...why, stored } }, { ...json, length: stored });
  };
  if (isMapped && (length === 0n || size === undefined || offset + (length ?? 0n) > size)) {
    // Maps it once, so that the failure is the kernel's own.
    const all = { access, offset, ...(length !== undefined && { length }) };
    attempt(sh, session, (caller) => run(useBytes(caller, place, all, () => DONE)));
  }
  return {
    json,
    offset: part.offset,
    ...(length !== undefined && { length }),
    read: (caller, at, into) => run(readInto(caller, place, offset + at, into)),
    write: (caller, at, from) => run(writeBytes(caller, place, offset + at, from), at),
  };
}

/** What is thrown when the kernel or the machine says no. @param done what worked before */
function notReached({ command, part, as }: Asked, outcome: Outcome, done?: FailedCall['done']): Error {
  if (outcome.fault !== undefined) return new AccessFaulted(outcome.fault);
  const isMapped = part.kind === 'buffer' && as === undefined;
  const call = refusedCall(`${command}: ${isMapped ? part.fd : part.text}`, outcome);
  return new CallFailed([{ ...call, ...(done && { done }) }]);
}
