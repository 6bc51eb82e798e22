/** What the exit code of each way to end is: the table of docs/cli.md. */
export const EXIT_DONE = 0;
/** The answer is no: an emulated call failed. */
export const EXIT_NO = 1;
export const EXIT_USAGE = 2;
/** The input is unreadable or invalid. */
export const EXIT_INPUT = 3;
/** The session is missing, busy, damaged or its disk is full; or standard output cannot be written. */
export const EXIT_SESSION = 4;
/** `exec` itself failed, which is no answer of the program that it runs. */
export const EXIT_EXEC = 125;
/** The program that `exec` shall run is not there; 126: it cannot be run. */
export const EXIT_NOT_FOUND = 127;
/** A bug in dmaheap. */
export const EXIT_BUG = 70;
/** Ctrl-C. */
export const EXIT_INTERRUPTED = 130;

const BY_NAME: Readonly<Record<string, number>> = {
  // The reader of standard output has gone, which is no failure: `dmaheap dump 4 | head`.
  ClosedPipe: EXIT_DONE,
  CallFailed: EXIT_NO,
  BootPanic: EXIT_NO,
  NotModelled: EXIT_NO,
  KernelOops: EXIT_NO,
  // The answer was printed, and it is no: cmp found a difference.
  AnsweredNo: EXIT_NO,
  // Faults that a real access would take as well.
  BusError: EXIT_NO,
  IommuFault: EXIT_NO,
  SegmentationFault: EXIT_NO,
  UsageError: EXIT_USAGE,
  UnreadableInput: EXIT_INPUT,
  InvalidInput: EXIT_INPUT,
  SessionError: EXIT_SESSION,
  UnwritableOutput: EXIT_SESSION,
  ExecFailure: EXIT_EXEC,
  Interrupted: EXIT_INTERRUPTED,
};

/**
 * The exit code for what a command threw; 0 for `undefined`, when it threw nothing.
 *
 * Errors are told apart by name: the classes of some are in bundles that a command may not have loaded.
 */
export function exitCode(thrown: unknown): number {
  if (thrown === undefined) return EXIT_DONE;
  const name = thrown instanceof Error ? thrown.name : '';
  return (Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined) ?? EXIT_BUG;
}
