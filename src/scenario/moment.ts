/** What a step finds when it runs: the machine, who it acts as, and the variables of its loops. */
import type { DeviceTree } from '../devicetree/tree.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { Caller } from '../program/caller.ts';
import type { Pieces as PiecesOf } from '../program/outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Vars } from './template.ts';

/** How much of what one step may match is spent. */
export interface Matching {
  spent: number;
}

/** A real program that works on the machine at the same time: `exec --with`. */
export interface RunningProgram {
  /**
   * Takes the oldest SYNC of a buffer that a program has made and that nobody took, with those before it.
   *
   * @param file the number of the buffer's open file
   * @param isWanted whether its flags are those that are waited for
   * @returns whether there was one
   */
  takeSync(file: number, isWanted: (flags: number) => boolean): boolean;
  /** The buffers, by their open files, that a step has waited for. */
  readonly taken: Set<number>;
  /** Set by a step that goes on waiting. */
  isAwaited: boolean;
}

export interface Machine {
  readonly kernel: Kernel;
  /** Absent where nothing but the scenario happens. */
  readonly program?: RunningProgram;
  /** It is another board, or was booted otherwise, than the scenario says. */
  readonly isOther: boolean;
  /** What `as` has named so far. A name whose step failed stands for the negative errno, as in a program. */
  readonly names: Map<string, number>;
  /** Names that the step at hand used. */
  readonly used: string[];
  /** Those of them that no step has made. */
  readonly unmade: string[];
  /** The board's tree, for devices that nobody listed. */
  readonly tree: DeviceTree | undefined;
  /** What the regular expressions of the step at hand have looked through. */
  readonly matching: Matching;
}

export interface Moment {
  readonly machine: Machine;
  readonly task: string;
  readonly vars: Vars | undefined;
}

/** A value that may depend on variables and names. */
export type Getter<T> = (at: Moment) => T;

/** A step that takes long, in pieces: whoever waits may be interrupted between two of them. */
export type Pieces = PiecesOf<Outcome>;

/** What a step does. */
export type Act = (at: Moment) => Outcome | Pieces;

export const inPieces = (acted: Outcome | Pieces): acted is Pieces => 'next' in acted;

/** Who the step acts as, for what programs do. */
export const callerAt = ({ machine: { kernel }, task }: Moment): Caller => ({ kernel, task });

/** A call of the step's task. */
export const syscall = ({ machine, task }: Moment, call: Syscall): SyscallResult =>
  machine.kernel.syscall(task, call);
