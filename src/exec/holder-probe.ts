/** When it is found out who still holds what on the host: after a task has ended, before somebody looks, and now and then. */
import type { Kernel } from '../kernel/kernel.ts';
import { dropMessages } from '../session/program-tasks.ts';
import type { Session } from '../session/session.ts';
import type { ExportedNames } from './exported-names.ts';
import { Holders } from './holders.ts';
import type { Peer } from './peer.ts';
import { Prober } from './prober.ts';
import type { Frame } from './wire.ts';

export interface HolderProbeOptions {
  readonly session: Session;
  readonly buffers: ExportedNames;
  /** Whether a task is a process of the host. */
  readonly isOurs: (task: string) => boolean;
  /** Told before a task exits. */
  readonly exits: (kernel: Kernel, task: string) => void;
  /** Makes a task exit. */
  readonly exit: (kernel: Kernel, task: string) => void;
}

export class HolderProbe {
  readonly #session: Session;
  readonly #buffers: ExportedNames;
  readonly #isOurs: (task: string) => boolean;
  readonly #exits: (kernel: Kernel, task: string) => void;
  readonly #exit: (kernel: Kernel, task: string) => void;
  readonly #holders = new Holders();
  readonly #prober = new Prober();
  /** Tasks of processes that lost their server, and may have their buffers still. */
  readonly #orphans: Set<string>;
  /** A task has ended while something else was being found out. */
  #again = false;
  /** Called when what was asked is known. */
  onEnd: () => void = () => {};

  constructor({ session, buffers, isOurs, exits, exit }: HolderProbeOptions) {
    this.#session = session;
    this.#buffers = buffers;
    this.#isOurs = isOurs;
    this.#exits = exits;
    this.#exit = exit;
    this.#orphans = session.view(orphans);
  }

  /** Whether an answer is waited for. */
  get isRunning(): boolean {
    return this.#prober.isAsking;
  }

  join(supervisor: Peer): void {
    this.#prober.join(supervisor);
  }

  leave(peer: Peer): void {
    this.#prober.leave(peer);
  }

  /** @throws MalformedMessage */
  answered(peer: Peer, frame: Frame): void {
    this.#prober.answered(peer, frame);
  }

  /** Ends a task of the model, whose process has gone. What it alone had lives on until nobody is found to have it. */
  exit(kernel: Kernel, task: string): void {
    if (!kernel.hasTask(task)) return;
    this.#exits(kernel, task);
    if (this.#prober.isJoined && this.#holders.keep(kernel, task)) this.#again = true;
    this.#exit(kernel, task);
  }

  /** Asks for what tasks have left behind. */
  afterExit(): void {
    if (!this.#again || !this.#prober.canAsk) return;
    this.#again = false;
    this.flights();
  }

  /**
   * Asks for what lies in flight.
   *
   * @returns whether there is something to be found out, and somebody to ask: then `onEnd` is called
   */
  flights(): boolean {
    if (!this.#prober.canAsk) return false;
    const names = this.#session.view((kernel) => this.#holders.inFlight(kernel));
    if (names.length === 0) return false;
    this.#prober.ask(names, (held) => {
      if (held !== undefined) {
        this.#session.transact((kernel) => this.#holders.dropUnheld(kernel, names, held));
      }
      this.#ended();
    });
    return true;
  }

  /** Asks for some of all buffers: what was closed by a raw system call. */
  sweep(): void {
    if (!this.#prober.canAsk) return;
    const names = this.#session.view((kernel) => this.#holders.nextSweep(kernel));
    if (names.length === 0) return;
    this.#prober.ask(names, (held) => {
      if (held !== undefined) this.#session.transact((kernel) => this.#swept(kernel, names, held));
      this.#ended();
    });
  }

  #swept(kernel: Kernel, names: readonly string[], held: ReadonlySet<string>): void {
    const fileOf = (name: string) => this.#buffers.fileOf(kernel, name);
    this.#holders.dropUnheld(kernel, names, held);
    const isOurs = (task: string) => this.#isOurs(task) || this.#orphans.has(task);
    this.#holders.swept(kernel, names, held, fileOf, isOurs);
    for (const task of this.#orphans) {
      if (hasExported(kernel, task)) continue;
      this.#orphans.delete(task);
      if (kernel.hasTask(task) && !this.#isOurs(task)) kernel.syscall(task, { call: 'exit' });
    }
  }

  /** Nobody is connected any more: nobody can receive what lies in flight. */
  dropAll(): void {
    if (this.#session.view((kernel) => kernel.filesInFlight().length) === 0) return;
    this.#session.transact((kernel) => dropMessages(kernel));
  }

  #ended(): void {
    this.afterExit();
    if (!this.isRunning) this.onEnd();
  }
}

const hasExported = (kernel: Kernel, task: string): boolean =>
  kernel.heldBuffers(task).some(({ file }) => kernel.exportedBuffer(file) !== undefined);

/** The tasks that have buffers of programs, before any program is connected. */
const orphans = (kernel: Kernel): Set<string> =>
  new Set(kernel.taskNames().filter((task) => hasExported(kernel, task)));
