/**
 * Which process is which task of the model. The first of a run is NAME, what descends from it NAME.PID; a task lives as long as the
 * connection of its process, and over exec. No two processes are one task.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall } from '../kernel/syscall.ts';
import { isTaskName, NR_OPEN, ROOT } from '../kernel/task.ts';
import type { Border } from './border.ts';
import type { Hello } from './hello.ts';
import type { Peer, Process } from './peer.ts';
import { CARRIER, HOW } from './protocol.ts';
import { MalformedMessage } from './wire.ts';

/** What a task is called, without a connection for the moment. */
type Named = Pick<Process, 'task' | 'root'>;

/** Told which process a task is, and that it has ended. */
export interface TaskNotes {
  add(task: string, pid: number): void;
  remove(task: string): void;
}

export class Tasks {
  readonly #notes: TaskNotes | undefined;
  readonly #connected = new Map<number, Peer>();
  /** Between two programs of one process. */
  readonly #executing = new Map<number, Named>();
  /** Children that their parents have told of, and that said nothing yet. */
  readonly #born = new Map<number, Named>();
  /** Children that came before their parents told of them. */
  readonly #waiting = new Map<number, { readonly peer: Peer; readonly ppid: number }>();

  constructor(notes?: TaskNotes) {
    this.#notes = notes;
  }

  /** The process of that pid, if it is connected. */
  peerOf(pid: number): Peer | undefined {
    return this.#connected.get(pid);
  }

  /** The connection of a task. */
  peerOfTask(task: string): Peer | undefined {
    for (const peer of this.#connected.values()) if (peer.process?.task === task) return peer;
    return undefined;
  }

  /** Whether a task is a process of the host. */
  has(task: string): boolean {
    if (this.peerOfTask(task) !== undefined) return true;
    return [...this.#executing.values(), ...this.#born.values()].some((silent) => silent.task === task);
  }

  /** Whether any process is here, or to be expected. */
  get isEmpty(): boolean {
    return this.#connected.size + this.#executing.size + this.#born.size + this.#waiting.size === 0;
  }

  /**
   * A process says HELLO: finds or makes its task.
   *
   * @returns the process, or `undefined` when its parent has to speak first: `forked` gives it back then
   */
  arrive(kernel: Kernel, peer: Peer, hello: Hello, border: Border): Process | undefined {
    const { pid, ppid, how } = hello;
    const executes = this.#executing.has(pid);
    if (this.#waiting.has(pid) || (this.#connected.has(pid) && !executes)) {
      throw new MalformedMessage(`process ${pid} is connected already`);
    }
    const known = this.#nameOf(kernel, hello);
    if (known === undefined) {
      this.#waiting.set(pid, { peer, ppid });
      return undefined;
    }
    this.#executing.delete(pid);
    this.#born.delete(pid);
    const process = { ...known, pid, ppid, border, supervised: hello.carrier === CARRIER.SUPERVISED };
    if (how === HOW.EXECED || executes) kernel.syscall(process.task, { call: 'execve' });
    this.#connected.set(pid, peer);
    return process;
  }

  #nameOf(kernel: Kernel, hello: Hello): Named | undefined {
    const { how, pid, ppid } = hello;
    const root = isTaskName(hello.task) ? hello.task : 'exec';
    const own = this.#executing.get(pid) ?? this.#born.get(pid);
    if (own !== undefined) return own;
    if (how === HOW.START) return { task: this.#start(kernel, root, pid), root };
    const parent = this.#connected.get(ppid)?.process ?? this.#executing.get(ppid);
    if (parent === undefined) return { task: this.#start(kernel, this.#childName(root, pid), pid), root };
    // After posix_spawn(3), or a clone(2) of the program's own, nobody tells of it.
    return how === HOW.FORKED ? undefined : this.#fork(kernel, parent, pid);
  }

  /** A new task without descriptors of ours, or the one of that name that no process is. */
  #start(kernel: Kernel, name: string, pid: number): string {
    const task = this.has(name) ? this.#childName(name, pid) : name;
    if (!kernel.hasTask(task)) {
      const call: Syscall = { call: 'task_add', name: task, credentials: ROOT, nofile: NR_OPEN };
      kernel.syscall(task, call);
    }
    this.#notes?.add(task, pid);
    return task;
  }

  #fork(kernel: Kernel, parent: Named, pid: number): Named {
    const task = this.#childName(parent.root, pid);
    // Of a process whose end nobody has told of.
    if (kernel.hasTask(task)) kernel.syscall(task, { call: 'exit' });
    kernel.syscall(parent.task, { call: 'fork', child: task });
    this.#notes?.add(task, pid);
    return { task, root: parent.root };
  }

  /** NAME.PID, or more than that where another process is called so. */
  #childName(root: string, pid: number): string {
    const name = `${root}.${pid}`;
    return this.has(name) ? this.#childName(name, pid) : name;
  }

  /**
   * A process has forked.
   *
   * @returns the child's connection when it waits for this
   */
  forked(kernel: Kernel, parent: Process, pid: number): Peer | undefined {
    if (this.#connected.has(pid) || this.#executing.has(pid) || this.#born.has(pid)) return undefined;
    this.#born.set(pid, this.#fork(kernel, parent, pid));
    const waiting = this.#waiting.get(pid);
    this.#waiting.delete(pid);
    return waiting?.peer;
  }

  /** A process is about to become another program: the end of its connection is not its own. */
  executes({ pid, task, root }: Process): void {
    this.#executing.set(pid, { task, root });
  }

  /** It stayed the program that it was. */
  executedNot({ pid }: Process): void {
    this.#executing.delete(pid);
  }

  /** The children that wait for word of their parent. */
  waitingFor(parent: Process): readonly number[] {
    return [...this.#waiting].flatMap(([pid, { ppid }]) => (ppid === parent.pid ? [pid] : []));
  }

  /** A connection has ended. @returns the task that ends with it */
  leave(peer: Peer): string | undefined {
    for (const [pid, waiting] of this.#waiting) if (waiting.peer === peer) this.#waiting.delete(pid);
    const { process } = peer;
    if (process === undefined || this.#connected.get(process.pid) !== peer) return undefined;
    this.#connected.delete(process.pid);
    return this.#executing.has(process.pid) ? undefined : process.task;
  }

  /** The tasks without a connection whose processes are no more. */
  lost(isAlive: (pid: number) => boolean): readonly string[] {
    const ended: string[] = [];
    for (const silent of [this.#executing, this.#born]) {
      for (const [pid, { task }] of silent) {
        if (this.#connected.has(pid) || isAlive(pid)) continue;
        silent.delete(pid);
        ended.push(task);
      }
    }
    return ended;
  }
}
