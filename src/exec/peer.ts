/** One connection as the exchange knows it. */
import type { Border } from './border.ts';

/** What a process that said HELLO is. */
export interface Process {
  /** The task that it is in the model. */
  readonly task: string;
  /** The name of the run's first task, which its children's names begin with. */
  readonly root: string;
  readonly pid: number;
  readonly ppid: number;
  readonly border: Border;
  /** Whether the supervisor carries it: by seccomp. */
  readonly supervised: boolean;
}

export type Role =
  /** Nothing was said yet. */
  | 'stranger'
  /** HELLO of a child, whose parent has not told of it. */
  | 'waiting'
  | 'process'
  | 'supervisor'
  | 'watcher';

export class Peer {
  role: Role = 'stranger';
  process: Process | undefined;
  /** Its task has ended in the model: by the OOM killer or a fault. */
  ended = false;
  /** A watcher after which nobody comes: with it the server ends, unless programs are still connected. */
  isLast = false;
  /** Sends a frame of its own accord, or a late answer. */
  readonly send: (frame: Buffer) => void;
  /** Ends the connection once what was sent has left. */
  readonly hangUp: () => void;

  constructor(send: (frame: Buffer) => void, hangUp: () => void) {
    this.send = send;
    this.hangUp = hangUp;
  }
}
