/**
 * How a command ends other than well. Three families, never mixed: an emulated call that failed
 * (`CallFailed`), a user's mistake or unusable input (`UsageError`, `UnreadableInput`, `InvalidInput`, a
 * session's own error), and a bug (any other Error).
 */
import type { Failure } from '../dma-buf/failure.ts';
import type { BootOutcome } from '../kernel/boot/boot.ts';
import type { KernelViews } from '../kernel/kernel-views.ts';
import type { LogLine } from '../printk.ts';
import type { Fault } from '../program/outcome.ts';
import type { Remark } from '../program/remark.ts';
import type { Errno } from '../uapi/errno.ts';

/** The command line asks for something that cannot be: exit 2. */
export class UsageError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

/** A file given by name cannot be read or is not what it should be: exit 3. */
export class UnreadableInput extends Error {
  /** A stable name: `file-not-found`. */
  readonly code: string;
  readonly file: string;
  readonly hint: string | undefined;

  constructor(code: string, file: string, message: string, hint?: string) {
    super(message);
    this.name = 'UnreadableInput';
    this.code = code;
    this.file = file;
    this.hint = hint;
  }
}

/** By which rule a call failed, and who holds the memory: in words, one line each, and as JSON. */
export interface ToldContext {
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

/** Makes it, as long as the kernel stands as the call left it. */
export type TellContext = (kernel: KernelViews, failure: Failure) => ToldContext;

/** What is known of an emulated call that failed. */
export interface FailedCall {
  /** What was being done, `alloc: video-cma@60000000`. */
  readonly what: string;
  readonly errno: Errno;
  readonly why?: Failure;
  readonly remarks?: readonly Remark[];
  /** More about it in our words, one line each. */
  readonly notes?: readonly string[];
  /** The log lines that the call caused. */
  readonly log?: readonly LogLine[];
  /** With --verbose: the rule, and who holds the memory. */
  readonly context?: ToldContext;
  /** What worked before it failed, as members of the JSON answer. */
  readonly done?: Readonly<Record<string, unknown>>;
}

/** An emulated system call said no: exit 1. */
export class CallFailed extends Error {
  readonly calls: readonly FailedCall[];

  /** @param calls at least one */
  constructor(calls: readonly FailedCall[]) {
    super(calls.map((call) => `${call.what}: ${call.errno}`).join('; '));
    this.name = 'CallFailed';
    this.calls = calls;
  }
}

/** An access faulted: exit 1, by the name of the fault. */
export class AccessFaulted extends Error {
  constructor({ name, message }: Fault) {
    super(message);
    this.name = name;
  }
}

/** The emulated kernel died while booting: exit 1. */
export class BootPanic extends Error {
  readonly log: readonly LogLine[];
  /** What it died of, what is odd besides, and what had become of the regions. */
  readonly outcome: Omit<BootOutcome, 'panic'>;

  /** @param outcome with the text after `Kernel panic - not syncing: ` */
  constructor({ panic = '', ...outcome }: BootOutcome, log: readonly LogLine[]) {
    super(panic);
    this.name = 'BootPanic';
    this.log = log;
    this.outcome = outcome;
  }
}

/** The command has printed its answer, and it is no: exit 1 without another word. */
export class AnsweredNo extends Error {
  constructor() {
    super('the answer is no');
    this.name = 'AnsweredNo';
  }
}

/** Ctrl-C, after what was done so far has been told: exit 130 without another word. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}
