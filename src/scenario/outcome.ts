/** What a step came to: what its calls answered, what it read, what it made. */
import type { Diagnostic } from '../diagnostic.ts';
import type { Outcome as CallOutcome } from '../program/outcome.ts';

export { DONE } from '../program/outcome.ts';

export interface Outcome extends CallOutcome {
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
  /** What is to be told of it, though it is no failure. */
  readonly warnings?: readonly Diagnostic[];
  /** Other numbers by name. */
  readonly value?: Readonly<Record<string, number | bigint>>;
}
