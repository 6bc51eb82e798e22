/** What answers a call, and what it begins with: the machine, a task, or an open file of a task. */
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import type { SyscallResult } from './results.ts';

/** What a user changes about the machine; needs no task. @typeParam A its arguments */
export interface MachineHandler<A = unknown> {
  readonly on: 'machine';
  /** @param by the name of whoever calls; a task of that name need not be there */
  answer(state: KernelState, by: string, call: A): SyscallResult;
}

/** What a task asks. @typeParam A its arguments */
export interface TaskHandler<A = unknown> {
  readonly on: 'task';
  /** Returns nothing on Linux, so that no fault rule makes it fail. */
  readonly isVoid: boolean;
  /** @param by the name of the task that calls */
  answer(state: KernelState, by: string, call: A): SyscallResult;
}

/** What a task asks of a descriptor. @typeParam A its arguments beside `fd` */
export interface FileHandler<A = unknown> {
  readonly on: 'file';
  /** Whether it takes what O_PATH opened as well, which is no file to others: fdget_raw(). */
  readonly takesPath: boolean;
  /** Why it fails before the descriptor is looked up; `undefined` when it does not. */
  refuse(state: KernelState, call: A): SyscallResult | undefined;
  answer(state: KernelState, opened: Opened, call: A): SyscallResult;
}

/** A handler of any arguments: `answer` is a method, so that the compiler takes one of some arguments for it. */
export type Handler = MachineHandler | TaskHandler | FileHandler;

type Answer<Subject, A> = (state: KernelState, subject: Subject, call: A) => SyscallResult;

export const machine = <A = object>(answer: Answer<string, A>): MachineHandler<A> => ({
  on: 'machine',
  answer,
});

export const task = <A = object>(answer: Answer<string, A>): TaskHandler<A> => ({
  on: 'task',
  isVoid: false,
  answer,
});

/** A call of a task that returns nothing on Linux. */
export const voidTask = <A = object>(answer: Answer<string, A>): TaskHandler<A> => ({
  on: 'task',
  isVoid: true,
  answer,
});

/** @param refuse what is looked at before the descriptor */
export const file = <A = object>(
  answer: Answer<Opened, A>,
  refuse: (state: KernelState, call: A) => SyscallResult | undefined = () => undefined,
): FileHandler<A> => ({ on: 'file', takesPath: false, refuse, answer });

/** A call of a descriptor that O_PATH may have opened. */
export const fileOrPath = <A = object>(answer: Answer<Opened, A>): FileHandler<A> => ({
  ...file(answer),
  takesPath: true,
});
