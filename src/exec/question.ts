/** One question of a process, as its handler sees it. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { ExportedNames } from './exported-names.ts';
import type { Mirror } from './mirror.ts';
import type { Process } from './peer.ts';
import type { FieldReader, FieldWriter, Frame } from './wire.ts';

/** What handlers share: it lives as long as the server. */
export interface Surroundings {
  readonly buffers: ExportedNames;
  readonly mirror: Mirror;
  /** Makes a call of a process. */
  readonly call: (kernel: Kernel, process: Process, call: Syscall) => SyscallResult;
  /** Tells the user of a process's run something. */
  readonly note: (process: Process, text: string) => void;
  /** Whether a process of the host has a descriptor of the file at a path. */
  readonly hasOpen: (pid: number, fd: number, path: string) => boolean;
  /** The task of a process of the host; `undefined` when it is none of ours. */
  readonly taskOf: (pid: number) => string | undefined;
}

export class Question {
  readonly kernel: Kernel;
  readonly process: Process;
  readonly fields: FieldReader;
  readonly around: Surroundings;
  /** Whether a call was made: until then nothing has changed. */
  hasCalled = false;
  readonly #frame: Frame;
  readonly #answer: FieldWriter;

  constructor(kernel: Kernel, process: Process, frame: Frame, answer: FieldWriter, around: Surroundings) {
    this.kernel = kernel;
    this.process = process;
    this.fields = frame.fields;
    this.around = around;
    this.#frame = frame;
    this.#answer = answer;
  }

  get task(): string {
    return this.process.task;
  }

  /** Makes a call as the process's task. */
  call(call: Syscall): SyscallResult {
    this.hasCalled = true;
    return this.around.call(this.kernel, this.process, call);
  }

  /** Starts the answer; its other fields follow. @param ret a value, or the negative errno */
  reply(ret: number | bigint): FieldWriter {
    return this.#answer.answer(this.#frame.type, this.#frame.seq, ret);
  }
}

/** Reads a question's fields, makes the calls and writes the answer. */
export type Handler = (question: Question) => void;
