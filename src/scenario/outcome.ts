/** What a step came to: what its calls answered, what it read, what it made. */
import type { Failure } from '../dma-buf/failure.ts';
import type { Remark } from '../program/remark.ts';
import { type Errno, errnoNumber } from '../uapi/errno.ts';

export interface Outcome {
  /** What the call that decided it returned: of several the last, or the first that failed. */
  readonly ret: number;
  readonly errno?: Errno;
  readonly why?: Failure;
  readonly remarks?: readonly Remark[];
  /** The access that it made faulted: the error's name and its sentence. */
  readonly fault?: { readonly name: string; readonly message: string };
  /** It asks for what is not modelled: what, by name. */
  readonly notModelled?: string;
  /** The descriptor that it made … */
  readonly fd?: number;
  /** … and the task that has it, when that is not the caller. */
  readonly owner?: string;
  /** What `as` names; several get numbers. Absent: `ret`. */
  readonly made?: number | readonly number[];
  readonly bytes?: Uint8Array;
  readonly text?: string;
  readonly names?: readonly string[];
  /** An ioctl's argument as it came back. */
  readonly arg?: Uint8Array;
  readonly revents?: number;
  /** The first address that a device got. */
  readonly dma?: bigint;
  /** Other numbers by name. */
  readonly value?: Readonly<Record<string, number | bigint>>;
}

export const DONE: Outcome = { ret: 0 };

/** What a call that was refused answers. */
export const failed = (errno: Errno, more: Partial<Outcome> = {}): Outcome => ({
  ret: -errnoNumber(errno),
  errno,
  ...more,
});
