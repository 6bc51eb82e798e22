/** Fault rules: what goes wrong on purpose, and when, as data. Their text form is in `fault-text.ts`. */
import type { HeapModule } from '../../dma-buf/heap-modules.ts';
import type { Errno } from '../../uapi/errno.ts';
import type { PhysRange } from '../../units.ts';

/** A call that can fail, by the name of rules: `FAULT_CALLS` of `fault-text.ts` has them. */
export type FaultCall = string;

export const COMPARISONS = ['>=', '<=', '!=', '>', '<', '='] as const;

/** A condition on the size that an allocation asks for. */
export interface SizeCondition {
  readonly is: (typeof COMPARISONS)[number];
  readonly bytes: bigint;
}

/** When a rule strikes, of the calls that it is about. */
export interface FaultWhen {
  /** The Nth of them, from 1. */
  readonly nth?: number;
  /** Every Nth. */
  readonly every?: number;
  /** Not before this call of the whole kernel, from 0. */
  readonly from?: number;
  /** With this probability, from 0 to 1. */
  readonly chance?: number;
  /** What chance begins with; 0 unless given. */
  readonly seed?: number;
  /** No more often than this. */
  readonly times?: number;
  /** The heap or the task that it names need not be there yet. */
  readonly later?: true;
}

/** A call fails. */
export interface ErrnoFault extends FaultWhen {
  readonly does: 'errno';
  readonly errno: Errno;
  readonly call: FaultCall;
  readonly task?: string;
  /** Of `alloc`: the name of the heap. */
  readonly heap?: string;
  /** Of `alloc`: the size asked for. */
  readonly size?: SizeCondition;
}

/** A task dies instead of a call. */
export interface ExitFault extends FaultWhen {
  readonly does: 'exit';
  readonly task: string;
  /** Any, unless given. */
  readonly call?: FaultCall;
}

/** A task forgets to close a buffer's descriptor: the call answers 0, and the descriptor stays open. */
export interface LeakFault extends FaultWhen {
  readonly does: 'leak';
  readonly task: string;
}

/** Pages of a CMA area are pinned. */
export interface BusyFault {
  readonly does: 'busy';
  readonly range: PhysRange;
}

/** A heap's module is not loaded at boot. */
export interface ModuleFault {
  readonly does: 'module';
  readonly module: HeapModule;
}

export type FaultRule = ErrnoFault | ExitFault | LeakFault | BusyFault | ModuleFault;

/** A rule that can be kept; `module` is over when the kernel has booted. */
export type KeptRule = Exclude<FaultRule, { does: 'module' }>;
