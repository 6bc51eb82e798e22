/** The bytes that a part means, and how they are reached. */
import type { Session } from '../session/session.ts';
import type { Caller } from './caller.ts';
import { CallFailed } from './failures.ts';
import type { Shell } from './shell.ts';

export interface ByteTarget {
  /** What it is in an answer as JSON: `fd` or `target`, `offset`, and `as` which device. */
  readonly json: Readonly<Record<string, unknown>>;
  /** What the first byte's offset is shown as. */
  readonly offset: bigint;
  /** Absent: as many as come, when written. */
  readonly length?: bigint;
  /** Loads bytes, by their position in the part. */
  read(caller: Caller, at: bigint, into: Uint8Array): void;
  /** Stores bytes. */
  write(caller: Caller, at: bigint, from: Uint8Array): void;
  /** What becomes of a write past the end, when the first `done` bytes are stored. */
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

/** A write that is longer than what it is for. @param end where that ends, in words */
export const tooLong = (
  what: string,
  done: bigint,
  end: string,
  members: Readonly<Record<string, unknown>>,
) =>
  new CallFailed([
    {
      what,
      errno: 'EINVAL',
      notes: [`the first ${done} bytes fitted and are stored; ${end}`],
      done: { ...members, length: Number(done) },
    },
  ]);
