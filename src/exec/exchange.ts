/**
 * What the server does with messages, without sockets: who speaks, and which answer a question gets. Everything is synchronous; a
 * question is one transaction of the session.
 */
import { NotModelled } from '../dma-buf/not-modelled.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { BufferFiles } from '../session/buffer-files.ts';
import type { Session } from '../session/session.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { adoptDescriptors } from './adopt-descriptors.ts';
import { type Border, borderOf } from './border.ts';
import { CheckSync } from './check-sync.ts';
import type { ExportedNames } from './exported-names.ts';
import { handlerOf } from './handlers.ts';
import { type Hello, readHello } from './hello.ts';
import { Holders } from './holders.ts';
import type { Mirror } from './mirror.ts';
import type { Peer, Process } from './peer.ts';
import { Prober } from './prober.ts';
import { ANSWER, HOW, MESSAGE } from './protocol.ts';
import { Question, type Surroundings } from './question.ts';
import type { RunWords } from './run-words.ts';
import { checked, Runs } from './runs.ts';
import { Tasks } from './tasks.ts';
import { type FieldReader, FieldWriter, type Frame, MalformedMessage } from './wire.ts';

/** EPROTO, which no emulated call answers with. */
const EPROTO = -71;
const EIO = -errnoNumber('EIO');
const ENOSYS = -38;

export interface ExchangeOptions {
  readonly session: Session;
  readonly buffers: ExportedNames;
  readonly mirror: Mirror;
  /** What every process has to say first. */
  readonly token: string;
  readonly words: RunWords;
  /** Sends a signal to a process of the host. */
  readonly kill: (pid: number) => void;
  /** Whether a process of the host runs. */
  readonly isAlive: (pid: number) => boolean;
}

/** HELLO of a child that waits for word of its parent. */
interface Waiting {
  readonly hello: Hello;
  readonly border: Border;
  readonly seq: number;
}

export class Exchange {
  readonly #session: Session;
  readonly #token: string;
  readonly #around: Surroundings;
  readonly #options: ExchangeOptions;
  readonly #tasks = new Tasks();
  readonly #runs: Runs;
  readonly #waiting = new Map<Peer, Waiting>();
  readonly #holders = new Holders();
  readonly #prober = new Prober();
  readonly #answer = new FieldWriter();
  /** Entries of the journal when others got the session. */
  #entries = 0;
  /** A task has ended while something else was being found out. */
  #probesAgain = false;
  /** Called when questions need not wait any more. */
  onProbed: () => void = () => {};

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#token = options.token;
    const { buffers, mirror } = options;
    const check = new CheckSync(new BufferFiles(buffers.directory));
    this.#runs = new Runs(options.session, options.words, check);
    this.#around = {
      buffers,
      mirror,
      call: (kernel, process, call) => this.#runs.call(kernel, process, call),
      note: (process, text) => this.#runs.note(process, text),
      taskOf: (pid) => this.#tasks.peerOf(pid)?.process?.task,
    };
  }

  /** Whether no process is here, or to be expected. */
  get isIdle(): boolean {
    return this.#tasks.isEmpty;
  }

  /** Whether questions have to wait: who holds what is being found out. */
  get isProbing(): boolean {
    return this.#prober.isAsking;
  }

  /**
   * Before a question is handled: starts to find out who holds what lies in flight, if the answer could depend on it.
   *
   * @returns whether the question has to wait for `onProbed`
   */
  probesBefore({ type }: Frame): boolean {
    return type === MESSAGE.OPEN && this.#probeFlights();
  }

  /** @returns whether there is something to be found out, and somebody to ask */
  #probeFlights(): boolean {
    if (!this.#prober.canAsk) return false;
    const names = this.#session.view((kernel) => this.#holders.inFlight(kernel));
    if (names.length === 0) return false;
    this.#prober.ask(names, (held) => {
      if (held !== undefined) {
        this.#session.transact((kernel) => this.#holders.dropUnheld(kernel, names, held));
      }
      this.#probed();
    });
    return true;
  }

  #sweep(): void {
    if (!this.#prober.canAsk) return;
    const names = this.#session.view((kernel) => this.#holders.nextSweep(kernel));
    if (names.length === 0) return;
    this.#prober.ask(names, (held) => {
      if (held !== undefined && held.size < names.length) this.#swept(names, held);
      this.#probed();
    });
  }

  #swept(names: readonly string[], held: ReadonlySet<string>): void {
    this.#session.transact((kernel) => {
      const fileOf = (name: string) => this.#around.buffers.fileOf(kernel, name);
      this.#holders.dropUnheld(kernel, names, held);
      this.#holders.swept(kernel, names, held, fileOf, (task) => this.#tasks.has(task));
    });
  }

  #probed(): void {
    const again = this.#probesAgain;
    this.#probesAgain = false;
    if (again && this.#probeFlights()) return;
    this.onProbed();
  }

  /**
   * Answers a question.
   *
   * @returns the answer, or `undefined` when it is sent later. A peer that broke the rules is hung up on
   */
  handle(peer: Peer, frame: Frame): Buffer | undefined {
    try {
      return this.#dispatch(peer, frame);
    } catch (error) {
      if (error instanceof MalformedMessage) {
        this.#runs.note(peer.process, `${describe(frame, peer)}: ${error.message}`);
        peer.hangUp();
        return this.#plain(frame, EPROTO);
      }
      if (error instanceof NotModelled) {
        this.#runs.note(peer.process, `${error.message} is not modelled: the program got ENOSYS`);
        return this.#plain(frame, ENOSYS);
      }
      // A bug of ours. The transaction was undone, so that what is stored is whole.
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#runs.note(
        peer.process,
        `${describe(frame, peer)}: a bug in dmaheap; the program got EIO\n${stack}`,
      );
      return this.#plain(frame, EIO);
    }
  }

  /** A connection has ended: its task exits, unless its process has only become another program. */
  left(peer: Peer): void {
    this.#runs.left(peer);
    this.#prober.leave(peer);
    this.#waiting.delete(peer);
    const { process } = peer;
    if (process !== undefined) {
      // Their parent can tell of them no more.
      for (const pid of this.#tasks.waitingFor(process)) this.#forked(process, pid);
    }
    const task = this.#tasks.leave(peer);
    if (task !== undefined) this.#exit(task);
    if (process !== undefined && task === undefined) this.#exitLost();
  }

  /** What is due now and then: processes that ended without a word, and, where nobody asks anything, what was closed unseen. */
  tick(isQuiet: boolean): void {
    this.#exitLost();
    if (isQuiet) this.#sweep();
  }

  /** Others get the session for a transaction, or have had it: what programs wrote before and what others did are told apart. */
  leases(what: 'begins' | 'ends'): void {
    const { check } = this.#runs;
    if (check === undefined) return;
    if (what === 'begins') {
      this.#session.transact((kernel) => check.look(kernel));
      this.#entries = this.#session.info().entries;
    } else if (this.#session.info().entries > this.#entries) check.skip();
  }

  /** Nobody is connected any more: nobody can receive what lies in flight. */
  end(): void {
    this.#session.transact((kernel) => this.#holders.dropAll(kernel));
  }

  #exitLost(): void {
    for (const task of this.#tasks.lost(this.#options.isAlive)) this.#exit(task);
  }

  #exit(task: string): void {
    const kept = this.#session.transact((kernel) => {
      if (!kernel.hasTask(task)) return false;
      this.#runs.exits(kernel, task);
      const kept = this.#prober.isJoined && this.#holders.keep(kernel, task);
      checked(this.#runs.check, kernel, task, { call: 'exit' });
      return kept;
    });
    if (kept && !this.#probeFlights()) this.#probesAgain = this.isProbing;
  }

  #dispatch(peer: Peer, frame: Frame): Buffer | undefined {
    const { type } = frame;
    if (peer.role === 'stranger') {
      if (type === MESSAGE.HELLO) return this.#hello(peer, frame);
      if (type === MESSAGE.WATCH) return this.#watch(peer, frame);
      throw new MalformedMessage('the first message is not HELLO');
    }
    if (peer.role === 'watcher' && type === MESSAGE.WATCH) return this.#watch(peer, frame);
    if (peer.role === 'supervisor' && type === (MESSAGE.PROBE | ANSWER)) {
      this.#prober.answered(peer, frame);
      return undefined;
    }
    const { process } = peer;
    if (process === undefined) throw new MalformedMessage('a question that only a process may ask');
    if (peer.ended) throw new MalformedMessage('a question of a task that has ended');
    switch (type) {
      case MESSAGE.FORK: {
        const pid = readOnly(frame.fields, (fields) => fields.u32());
        this.#forked(process, pid);
        return this.#plain(frame, 0);
      }
      case MESSAGE.EXEC:
        readOnly(frame.fields, (fields) => [fields.str(), fields.list(4, (each) => each.str())]);
        this.#tasks.executes(process);
        return this.#plain(frame, 0);
      case MESSAGE.EXEC_FAILED:
        readOnly(frame.fields, (fields) => fields.i32());
        this.#tasks.executedNot(process);
        return this.#plain(frame, 0);
      default:
        return this.#ask(process, frame);
    }
  }

  #ask(process: Process, frame: Frame): Buffer {
    const handler = handlerOf(frame.type);
    if (handler === undefined) throw new MalformedMessage('unknown type');
    const refused = this.#session.transact((kernel) => {
      this.#hook(kernel);
      const question = new Question(kernel, process, frame, this.#answer, this.#around);
      try {
        handler(question);
        return undefined;
      } catch (error) {
        // Nothing has changed: no transaction has to be undone, which costs more than it took.
        if (error instanceof MalformedMessage && !question.hasCalled) return error;
        throw error;
      }
    });
    if (refused !== undefined) throw refused;
    return this.#answer.finish();
  }

  #hook(kernel: Kernel): void {
    kernel.onOomKill = (victim) => {
      const peer = this.#tasks.peerOfTask(victim);
      if (peer?.process === undefined) return;
      peer.ended = true;
      this.#options.kill(peer.process.pid);
    };
  }

  #checkToken(token: string): void {
    let differs = token.length ^ this.#token.length;
    for (let i = 0; i < token.length; i++) differs |= token.charCodeAt(i) ^ this.#token.charCodeAt(i);
    if (differs !== 0) throw new MalformedMessage('a wrong token');
  }

  #hello(peer: Peer, frame: Frame): Buffer | undefined {
    const hello = readHello(frame.fields);
    this.#checkToken(hello.token);
    const board = this.#session.view((kernel) => kernel.profile.arch.openFlags);
    const border = borderOf(hello.machine, board);
    if (border === undefined) throw new MalformedMessage(`a program of the unknown machine ${hello.machine}`);
    if (hello.how === HOW.SUPERVISOR) {
      peer.role = 'supervisor';
      this.#prober.join(peer);
      return this.#session.view((kernel) => this.#welcome(kernel, frame.seq, ''));
    }
    return this.#arrive(peer, { hello, border, seq: frame.seq });
  }

  #arrive(peer: Peer, waiting: Waiting): Buffer | undefined {
    const { hello, border, seq } = waiting;
    return this.#session.transact((kernel) => {
      const process = this.#tasks.arrive(kernel, peer, hello, border);
      if (process === undefined) {
        peer.role = 'waiting';
        this.#waiting.set(peer, waiting);
        return undefined;
      }
      peer.role = 'process';
      peer.process = process;
      adoptDescriptors(kernel, process.task, hello.descriptors, this.#around);
      return this.#welcome(kernel, seq, process.task);
    });
  }

  /** A parent has told of its child, or died: the child goes on if it waited for that. */
  #forked(parent: Process, pid: number): void {
    const child = this.#session.transact((kernel) => this.#tasks.forked(kernel, parent, pid));
    const waiting = child && this.#waiting.get(child);
    if (child === undefined || waiting === undefined) return;
    this.#waiting.delete(child);
    const answer = this.#arrive(child, waiting);
    if (answer !== undefined) child.send(answer);
  }

  #welcome(kernel: Kernel, seq: number, task: string): Buffer {
    const { buffers, mirror } = this.#around;
    const reply = this.#answer.answer(MESSAGE.HELLO, seq, 0);
    reply.u32(kernel.profile.geometry.pageSize).u32(1);
    reply.str(buffers.directory).str(mirror.directory).str(task);
    const prefixes = mirror.prefixes(kernel);
    reply.u32(prefixes.length);
    for (const prefix of prefixes) reply.str(prefix);
    return reply.finish();
  }

  #watch(peer: Peer, frame: Frame): Buffer {
    const text = readOnly(frame.fields, (fields) => fields.str());
    const answer = this.#runs.ask(peer, text, (token) => this.#checkToken(token));
    return this.#answer.answer(frame.type, frame.seq, 0).str(JSON.stringify(answer)).finish();
  }

  #plain(frame: Frame, ret: number): Buffer {
    return this.#answer.answer(frame.type, frame.seq, ret).finish();
  }
}

/** Reads all fields of a message. */
function readOnly<T>(fields: FieldReader, read: (fields: FieldReader) => T): T {
  const value = read(fields);
  fields.end();
  return value;
}

const describe = ({ type }: Frame, { process }: Peer): string =>
  `message ${type}${process === undefined ? '' : ` of ${process.task} (pid ${process.pid})`}`;
