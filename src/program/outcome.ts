/**
 * What came of something that a program did, as data: what its calls answered, or the fault that an access took.
 * Whoever asked tells it: a command in words and by its exit code, a scenario by its expectations.
 */
import type { SyscallResult } from '../kernel/syscall.ts';
import type { Remark } from './remark.ts';

/** A fault of the machine: what would be a signal, or an abort of a device's access. */
export interface Fault {
  readonly name: 'SegmentationFault' | 'BusError' | 'IommuFault';
  readonly message: string;
}

/** `ret` is what the call returned that decided it: of several the last, or the first that failed. */
export interface Outcome extends SyscallResult {
  /** The access faulted; its calls may have worked. */
  readonly fault?: Fault;
  /** What else is known of a failure. */
  readonly remarks?: readonly Remark[];
}

/** Nothing was asked of the kernel, or nothing that has a number. */
export const DONE: Outcome = { ret: 0 };

/** The member of an outcome, absent where there is nothing to remark. */
export const remarked = (remarks: readonly Remark[]): Pick<Outcome, 'remarks'> =>
  remarks.length === 0 ? {} : { remarks };

export const hasFailed = ({ errno, fault }: Outcome): boolean => errno !== undefined || fault !== undefined;

/** Something that takes long, in pieces: whoever waits may be interrupted between two of them. */
export type Pieces<T extends Outcome = Outcome> = Generator<undefined, T>;

/** Goes through all pieces at once. */
export function finish<T extends Outcome>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

const FAULTS: readonly string[] = ['SegmentationFault', 'BusError', 'IommuFault'] satisfies Fault['name'][];
const isFault = (error: unknown): error is Error & Fault =>
  error instanceof Error && FAULTS.includes(error.name);

/** Makes an access; the fault that it takes is its outcome. @throws what is no fault: NotModelled, a bug */
export function* guarded<T extends Outcome>(access: () => T | Pieces<T>): Pieces<T | Outcome> {
  try {
    const made = access();
    return 'next' in made ? yield* made : made;
  } catch (error) {
    if (!isFault(error)) throw error;
    return { ret: 0, fault: { name: error.name, message: error.message } };
  }
}
