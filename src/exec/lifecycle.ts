/** How processes come and go: HELLO, FORK, EXEC and the end of a connection. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Session } from '../session/session.ts';
import { adoptDescriptors } from './adopt-descriptors.ts';
import type { Border } from './border.ts';
import type { Hello } from './hello.ts';
import type { HolderProbe } from './holder-probe.ts';
import type { Peer, Process } from './peer.ts';
import { HOW } from './protocol.ts';
import type { Surroundings } from './question.ts';
import type { Tasks } from './tasks.ts';

/** HELLO of a process, and the number of its question. */
export interface Arrival {
  readonly hello: Hello;
  readonly border: Border;
  readonly seq: number;
}

/** Makes the answer to a HELLO. */
export type Welcome = (kernel: Kernel, seq: number, process: Process) => Buffer;

export class Lifecycle {
  readonly #session: Session;
  readonly #tasks: Tasks;
  readonly #probe: HolderProbe;
  readonly #around: Surroundings;
  readonly #welcome: Welcome;
  /** Children that wait for word of their parents. */
  readonly #waiting = new Map<Peer, Arrival>();

  constructor(session: Session, tasks: Tasks, probe: HolderProbe, around: Surroundings, welcome: Welcome) {
    this.#session = session;
    this.#tasks = tasks;
    this.#probe = probe;
    this.#around = around;
    this.#welcome = welcome;
  }

  /** @returns the answer, or `undefined` when it has to wait for the parent: then it is sent */
  arrive(peer: Peer, arrival: Arrival): Buffer | undefined {
    const { hello, border, seq } = arrival;
    return this.#session.transact((kernel) => {
      const process = this.#tasks.arrive(kernel, peer, hello, border);
      if (process === undefined) {
        peer.role = 'waiting';
        this.#waiting.set(peer, arrival);
        return undefined;
      }
      peer.role = 'process';
      peer.process = process;
      // A forked child's table is its parent's; it sends none when that is more than one question holds.
      if (hello.how !== HOW.FORKED || hello.descriptors.length > 0) {
        adoptDescriptors(kernel, process, hello.descriptors, this.#around);
      }
      return this.#welcome(kernel, seq, process);
    });
  }

  /** A parent has told of its child, or died: the child goes on if it waited for that. */
  forked(parent: Process, pid: number): void {
    const child = this.#session.transact((kernel) => this.#tasks.forked(kernel, parent, pid));
    const arrival = child && this.#waiting.get(child);
    if (child === undefined || arrival === undefined) return;
    this.#waiting.delete(child);
    const answer = this.arrive(child, arrival);
    if (answer !== undefined) child.send(answer);
  }

  /** A connection has ended: its task exits, unless its process has only become another program. */
  left(peer: Peer): void {
    this.#waiting.delete(peer);
    const { process } = peer;
    if (process !== undefined) {
      // Their parent can tell of them no more.
      for (const pid of this.#tasks.waitingFor(process)) this.forked(process, pid);
    }
    const task = this.#tasks.leave(peer);
    if (task !== undefined) this.#exit([task]);
  }

  /** Ends the tasks whose processes have ended without a word. */
  exitLost(isAlive: (pid: number) => boolean): void {
    this.#exit(this.#tasks.lost(isAlive));
  }

  #exit(tasks: readonly string[]): void {
    if (tasks.length === 0) return;
    this.#session.transact((kernel) => {
      for (const task of tasks) this.#probe.exit(kernel, task);
    });
    this.#probe.afterExit();
  }
}
