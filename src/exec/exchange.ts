/**
 * What the server does with messages, without sockets: who speaks, and which answer a question gets. Everything is synchronous; a
 * question is one transaction of the session.
 */
import { NotModelled } from '../dma-buf/not-modelled.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { BufferFiles } from '../session/buffer-files.ts';
import type { Session } from '../session/session.ts';
import { SessionError } from '../session/session-error.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { formatSize } from '../units.ts';
import { borderOf } from './border.ts';
import { CheckSync } from './check-sync.ts';
import type { ExportedNames } from './exported-names.ts';
import { handlerOf } from './handlers.ts';
import { readHello } from './hello.ts';
import { HolderProbe } from './holder-probe.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Mirror } from './mirror.ts';
import type { Peer, Process } from './peer.ts';
import { ANSWER, HOW, MESSAGE, NO_RANGE_CLOEXEC, SHOW_BOARD_PAGES } from './protocol.ts';
import { Question, type Surroundings } from './question.ts';
import type { RunWords } from './run-words.ts';
import { checked, Runs } from './runs.ts';
import { type ReadScenario, ScenarioPlays } from './scenario-plays.ts';
import { type TaskNotes, Tasks } from './tasks.ts';
import { type FieldReader, FieldWriter, type Frame, MalformedMessage } from './wire.ts';

/** EPROTO, which no emulated call answers with. */
const EPROTO = -71;
const EIO = -errnoNumber('EIO');
const ENOSYS = -errnoNumber('ENOSYS');

/** What the server knows of the host's processes. */
export interface HostProcesses {
  /** Sends SIGKILL; one that has gone is no error. */
  kill(pid: number): void;
  isAlive(pid: number): boolean;
  /** Whether a process has a descriptor of the file at a path. */
  hasOpen(pid: number, fd: number, path: string): boolean;
}

export interface ExchangeOptions {
  readonly session: Session;
  readonly buffers: ExportedNames;
  readonly mirror: Mirror;
  /** What every process has to say first. */
  readonly token: string;
  readonly words: RunWords;
  readonly scenario?: ReadScenario;
  readonly host: HostProcesses;
  /** Bytes of a page of the host. */
  readonly hostPageSize: number;
  /** Where it is noted which process is which task. */
  readonly notes?: TaskNotes;
  /** What everybody who watches is told at first. */
  readonly news?: readonly string[];
}

export class Exchange {
  readonly #session: Session;
  readonly #token: string;
  readonly #host: HostProcesses;
  readonly #around: Surroundings;
  readonly #tasks: Tasks;
  readonly #runs: Runs;
  readonly #probe: HolderProbe;
  readonly #lifecycle: Lifecycle;
  readonly #plays: ScenarioPlays;
  readonly #answer = new FieldWriter();
  /** Entries of the journal when others got the session. */
  #entries = 0;

  constructor(options: ExchangeOptions) {
    const { session, buffers, mirror, host } = options;
    this.#session = session;
    this.#token = options.token;
    this.#host = host;
    this.#tasks = new Tasks(options.notes);
    this.#runs = new Runs({ ...options, check: new CheckSync(new BufferFiles(buffers.directory)) });
    this.#plays = new ScenarioPlays(session, this.#runs, options.scenario);
    this.#probe = new HolderProbe({
      session,
      buffers,
      isOurs: (task) => this.#tasks.has(task),
      exits: (kernel, task) => this.#runs.exits(kernel, task),
      exit: (kernel, task) => {
        checked(this.#runs.check, kernel, task, { call: 'exit' });
        options.notes?.remove(task);
      },
    });
    this.#around = {
      buffers,
      mirror,
      call: (kernel, process, call) => this.#call(kernel, process, call),
      note: (process, text) => this.#runs.note(process, text),
      taskOf: (pid) => this.#tasks.peerOf(pid)?.process?.task,
      hasOpen: (pid, fd, path) => host.hasOpen(pid, fd, path),
    };
    this.#lifecycle = new Lifecycle(session, this.#tasks, this.#probe, this.#around, (kernel, seq, process) =>
      this.#welcome(kernel, seq, process),
    );
  }

  /** Whether questions have to wait: who holds what is being found out. */
  get isProbing(): boolean {
    return this.#probe.isRunning;
  }

  /** Called when questions need not wait any more. */
  set onProbed(onEnd: () => void) {
    this.#probe.onEnd = onEnd;
  }

  /**
   * Before a question is handled: starts to find out who holds what lies in flight, if the answer could depend on it.
   *
   * @returns whether the question has to wait for `onProbed`
   */
  probesBefore({ type }: Frame): boolean {
    return type === MESSAGE.OPEN && this.#probe.flights();
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
        this.#runs.note(peer.process, `${error.message}: the program got ENOSYS`);
        return this.#plain(frame, ENOSYS);
      }
      this.#runs.note(peer.process, `${describe(frame, peer)}: the program got EIO: ${wordsOf(error)}`);
      return this.#plain(frame, EIO);
    }
  }

  /** A connection has ended. */
  left(peer: Peer): void {
    this.#runs.left(peer);
    this.#probe.leave(peer);
    this.#guarded(() => this.#lifecycle.left(peer));
    this.#plays.play();
  }

  /** What is due now and then: processes that ended without a word, and, where nobody asks anything, what was closed unseen. */
  tick(isQuiet: boolean): void {
    this.#guarded(() => {
      this.#lifecycle.exitLost(this.#host.isAlive);
      if (!isQuiet) return;
      this.#probe.sweep();
      this.#session.view((kernel) => this.#around.mirror.refresh(kernel));
    });
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

  /** Nobody is connected any more. */
  end(): void {
    this.#guarded(() => {
      this.#lifecycle.exitLost(() => false);
      this.#probe.dropAll();
    });
  }

  /** What nobody asked for has nobody to be answered: a failure is told to those who watch. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#runs.note(undefined, wordsOf(error));
    }
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
      this.#probe.answered(peer, frame);
      return undefined;
    }
    const { process } = peer;
    if (process === undefined) throw new MalformedMessage('a question that only a process may ask');
    if (peer.ended) throw new MalformedMessage('a question of a task that has ended');
    switch (type) {
      case MESSAGE.FORK: {
        const pid = readAll(frame.fields, (fields) => fields.u32());
        this.#lifecycle.forked(process, pid);
        return this.#plain(frame, 0);
      }
      case MESSAGE.EXEC:
        readAll(frame.fields, (fields) => [fields.str(), fields.list(4, (each) => each.str())]);
        this.#tasks.executes(process);
        return this.#plain(frame, 0);
      case MESSAGE.EXEC_FAILED:
        readAll(frame.fields, (fields) => fields.i32());
        this.#tasks.executedNot(process);
        return this.#plain(frame, 0);
      default:
        return this.#ask(peer, process, frame);
    }
  }

  #ask(peer: Peer, process: Process, frame: Frame): Buffer {
    const handler = handlerOf(frame.type);
    if (handler === undefined) throw new MalformedMessage('unknown type');
    const refused = this.#session.transact((kernel) => {
      kernel.onOomKill = (victim) => this.#killed(this.#tasks.peerOfTask(victim));
      const question = new Question(kernel, process, frame, this.#answer, this.#around);
      try {
        handler(question);
        // By a fault rule, or by the OOM killer.
        if (!kernel.hasTask(process.task)) this.#killed(peer);
        return undefined;
      } catch (error) {
        // Nothing has changed: no transaction has to be undone, which costs more than it took.
        if (error instanceof MalformedMessage && !question.hasCalled) return error;
        throw error;
      }
    });
    if (refused !== undefined) throw refused;
    const answer = this.#answer.finish();
    this.#plays.play();
    return answer;
  }

  /**
   * Makes a call of a process. Where Linux takes page after page for it until the OOM killer ends the caller, the model answers EINTR
   * and lets its tasks live; a program would go on with an answer that it never sees on the target, so it ends here.
   */
  #call(kernel: Kernel, process: Process, call: Syscall): SyscallResult {
    const result = this.#runs.call(kernel, process, call);
    const { why, errno } = result;
    if (why?.kind === 'system-oom' && errno === 'EINTR') {
      const { pages, freePages, pageSize } = why;
      const asked = `${formatSize(pages * BigInt(pageSize))} asked, ${formatSize(BigInt(freePages) * BigInt(pageSize))} free`;
      this.#runs.note(process, `out of memory (${asked}): ${process.task} is killed, as by the OOM killer`);
      this.#killed(this.#tasks.peerOf(process.pid));
    }
    return result;
  }

  /** A task has ended in the model, or ends with its process: so does that. */
  #killed(peer: Peer | undefined): void {
    if (peer?.process === undefined || peer.ended) return;
    peer.ended = true;
    this.#host.kill(peer.process.pid);
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
    if (hello.how !== HOW.SUPERVISOR) {
      return this.#lifecycle.arrive(peer, { hello, border, seq: frame.seq });
    }
    peer.role = 'supervisor';
    this.#probe.join(peer);
    return this.#session.view((kernel) => this.#welcome(kernel, frame.seq));
  }

  #welcome(kernel: Kernel, seq: number, process?: Process): Buffer {
    const { buffers, mirror } = this.#around;
    const shows = process === undefined || this.#runs.showsBoardPages(process);
    const reply = this.#answer.answer(MESSAGE.HELLO, seq, 0);
    const lacks = kernel.profile.linux.closeRangeCloexec ? 0 : NO_RANGE_CLOEXEC;
    reply.u32(kernel.profile.geometry.pageSize).u32((shows ? SHOW_BOARD_PAGES : 0) | lacks);
    reply
      .str(buffers.directory)
      .str(mirror.directory)
      .str(process?.task ?? '');
    const prefixes = mirror.prefixes(kernel);
    reply.u32(prefixes.length);
    for (const prefix of prefixes) reply.str(prefix);
    return reply.finish();
  }

  #watch(peer: Peer, frame: Frame): Buffer | undefined {
    const text = readAll(frame.fields, (fields) => fields.str());
    const told = (words: unknown) =>
      this.#answer.answer(frame.type, frame.seq, 0).str(JSON.stringify(words)).finish();
    const file = this.#runs.scenarioFor(peer, text);
    if (file !== undefined) {
      void this.#plays.start(peer, file).then((words) => peer.send(told(words)));
      return undefined;
    }
    return told(this.#runs.ask(peer, text, (token) => this.#checkToken(token)));
  }

  #plain(frame: Frame, ret: number): Buffer {
    return this.#answer.answer(frame.type, frame.seq, ret).finish();
  }
}

/** Reads all fields of a message. */
function readAll<T>(fields: FieldReader, read: (fields: FieldReader) => T): T {
  const value = read(fields);
  fields.end();
  return value;
}

const describe = ({ type }: Frame, { process }: Peer): string =>
  `message ${type}${process === undefined ? '' : ` of ${process.task} (pid ${process.pid})`}`;

/** What stopped us: the session, as where its disk is full; else a bug. Either way what is stored is whole. */
function wordsOf(error: unknown): string {
  if (error instanceof SessionError) return error.message;
  return `a bug in dmaheap\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
