/**
 * Runs: what `dmaheap exec` started, and what it wants to be told. A run's tasks are its first one, NAME, and NAME.PID.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { isTaskName } from '../kernel/task.ts';
import type { BufferView } from '../kernel/views/views.ts';
import type { Session } from '../session/session.ts';
import type { CheckSync } from './check-sync.ts';
import type { Peer, Process } from './peer.ts';
import { MESSAGE } from './protocol.ts';
import { refuseBoard } from './refused-boards.ts';
import type { RunWords } from './run-words.ts';
import { type MakeRun, ScenarioPlayer } from './scenario-player.ts';
import { traced } from './strace.ts';
import { FieldWriter, MalformedMessage } from './wire.ts';

interface Run {
  /** The name of its first task. */
  readonly root: string;
  readonly watcher: Peer;
  /** Whether it wants each call. */
  readonly strace: boolean;
  /** The scenario that is played beside it. */
  player?: ScenarioPlayer;
  /** Whether its accesses are checked. */
  readonly checkSync: boolean;
  /** Whether its programs see the board's page size. */
  readonly showsBoardPages: boolean;
  /** The number of the hazard log's next report when it began. */
  readonly hazards: number;
  /** Whether anything that is emulated was opened. */
  opened: boolean;
  calls: number;
  /** Whether the supervisor carried any of its processes. */
  supervised: boolean;
  saidUncached: boolean;
  /** What its tasks alone had when they ended, by inode number: nobody has freed it. */
  readonly unfreed: Map<number, { readonly buffer: BufferView; readonly task: string }>;
}

type Said = Readonly<Record<string, unknown>>;

export interface RunsOptions {
  readonly session: Session;
  readonly words: RunWords;
  /** Bytes of a page of the host. */
  readonly hostPageSize: number;
  readonly check: CheckSync;
  /** What the first who watches is told. */
  readonly news?: readonly string[];
}

export class Runs {
  readonly #session: Session;
  readonly #words: RunWords;
  readonly #hostPageSize: number;
  readonly #check: CheckSync;
  #news: readonly string[];
  readonly #runs = new Map<Peer, Run>();
  readonly #byRoot = new Map<string, Run>();
  #last = 0;

  constructor({ session, words, hostPageSize, check, news = [] }: RunsOptions) {
    this.#session = session;
    this.#words = words;
    this.#hostPageSize = hostPageSize;
    this.#check = check;
    this.#news = news;
  }

  /** What checks accesses, while a run wants that: of all programs, because they share buffers. */
  get check(): CheckSync | undefined {
    for (const { checkSync } of this.#runs.values()) if (checkSync) return this.#check;
    return undefined;
  }

  /**
   * A watcher asks.
   *
   * @param checkToken throws when the token is not ours
   * @throws MalformedMessage
   */
  ask(peer: Peer, text: string, checkToken: (token: string) => void): unknown {
    const said = parse(text);
    const run = this.#runs.get(peer);
    if (run !== undefined && said.summary === true) {
      peer.isLast = said.last === true;
      return this.#summary(run);
    }
    if (run !== undefined || typeof said.token !== 'string' || said.watch !== 1) {
      throw new MalformedMessage('not a watch');
    }
    checkToken(said.token);
    peer.role = 'watcher';
    return this.#begin(peer, said);
  }

  #begin(peer: Peer, said: Said): unknown {
    const wanted = typeof said.task === 'string' && isTaskName(said.task) ? said.task : 'exec';
    const { entries } = this.#session.info();
    return this.#session.view((kernel) => {
      const refused = refuseBoard(kernel.profile, this.#hostPageSize, said.seccomp === true);
      if (refused !== undefined) return { error: refused };
      const root = freeName(wanted, new Set([...kernel.taskNames(), ...this.#byRoot.keys()]));
      const run: Run = {
        root,
        watcher: peer,
        strace: said.strace === true,
        checkSync: said.checkSync === true,
        hazards: kernel.hazards.nextSeq,
        showsBoardPages: said.hostPageSize !== true,
        opened: false,
        calls: 0,
        supervised: false,
        saidUncached: false,
        unfreed: new Map(),
      };
      this.#runs.set(peer, run);
      this.#byRoot.set(root, run);
      for (const text of this.#news) tell(run, { note: text });
      this.#news = [];
      const { pageSize } = kernel.profile.geometry;
      return { run: ++this.#last, task: root, profile: kernel.info().banner, pageSize, entry: entries };
    });
  }

  /** What is left of a run. */
  #summary(run: Run): unknown {
    const { entries } = this.#session.info();
    return this.#session.view((kernel) => {
      const left = kernel
        .buffers()
        .filter(({ ino, maker }) => belongsTo(maker, run) && !run.unfreed.has(ino));
      const unfreed = [...run.unfreed.values()].map(({ buffer, task }) => this.#words.unfreed(buffer, task));
      const reports = [...kernel.hazards.since(run.hazards)];
      const told = (text: string) => ({ text });
      return {
        opened: run.opened || run.calls > 0,
        ...(run.player && { scenario: this.#told(run.player, kernel) }),
        calls: run.calls,
        supervised: run.supervised,
        // Its connection has yet to end.
        running: kernel.hasTask(run.root),
        leaks: [...unfreed, ...left.map((buffer) => this.#words.leak(buffer))].map(told),
        hazards: this.#words.hazards(reports).map(told),
        entry: entries,
      };
    });
  }

  #told(player: ScenarioPlayer, kernel: Kernel): { readonly verdict: string; readonly text: string } {
    const { report, problem } = player.report(kernel);
    const text = this.#words.scenario(report);
    return problem === undefined
      ? { verdict: report.verdict, text }
      : { verdict: 'failed', text: `${text}${problem}\n` };
  }

  /** The scenario that a watcher wants to have played beside its run; `undefined` when it asks something else. */
  scenarioFor(peer: Peer, text: string): string | undefined {
    const { with: file } = parse(text);
    const run = this.#runs.get(peer);
    return typeof file === 'string' && run !== undefined && run.player === undefined ? file : undefined;
  }

  /** Plays a scenario beside a watcher's run. */
  setScenario(peer: Peer, make: MakeRun): void {
    const run = this.#runs.get(peer);
    if (run !== undefined) run.player = new ScenarioPlayer(make, run.root);
  }

  /** Whether a scenario is played. */
  get isPlaying(): boolean {
    for (const { player } of this.#runs.values()) if (player !== undefined) return true;
    return false;
  }

  /** Makes the steps of scenarios that are due. */
  play(kernel: Kernel): void {
    for (const { player } of this.#runs.values()) player?.play(kernel, this.check);
  }

  /** Goes on without scenarios. */
  stopPlaying(why: string): void {
    for (const { player } of this.#runs.values()) player?.stop(why);
  }

  /** Before a task exits: Linux frees what it alone has, which the program has not done. */
  exits(kernel: Kernel, task: string): void {
    const run = [...this.#runs.values()].find((one) => belongsTo(task, one));
    if (run === undefined) return;
    for (const { file } of kernel.heldBuffers(task)) {
      const holders = [...kernel.descriptorsOf(file), ...kernel.mappingsOf(file)];
      const buffer = kernel.bufferOfFile(file);
      if (buffer === undefined || holders.some((holder) => holder.task !== task)) continue;
      run.unfreed.set(buffer.ino, { buffer, task });
    }
  }

  /** A connection has ended. */
  left(peer: Peer): void {
    const run = this.#runs.get(peer);
    this.#runs.delete(peer);
    if (run !== undefined) this.#byRoot.delete(run.root);
  }

  /** Whether a process is to see the board's page size. */
  showsBoardPages({ root }: Process): boolean {
    return this.#byRoot.get(root)?.showsBoardPages ?? true;
  }

  /** Makes a call of a process, and tells of it whoever wants to know. */
  call(kernel: Kernel, process: Process, call: Syscall): SyscallResult {
    const run = this.#byRoot.get(process.root);
    const { check } = this;
    if (run === undefined) return checked(check, kernel, process.task, call);
    run.calls++;
    if (call.call === 'open') run.opened = true;
    run.supervised ||= process.supervised;
    const line = run.strace ? traced({ kernel, task: process.task, pid: process.pid }, call) : undefined;
    const result = checked(check, kernel, process.task, call);
    for (const { player } of this.#runs.values()) player?.called(kernel, process.task, call, result);
    if (line !== undefined) tell(run, { strace: line(result) });
    if (run.strace && result.why !== undefined) {
      for (const reason of this.#words.failure(result.why)) tell(run, { strace: `    ${reason}` });
    }
    if (call.call === 'mmap' && result.ret >= 0) this.#sayUncached(kernel, run, process, call.fd);
    return result;
  }

  /** Coherent pools are uncached on hardware, which a program on the host does not feel: said once. */
  #sayUncached(kernel: Kernel, run: Run, { task }: Process, fd: number): void {
    if (run.saidUncached) return;
    const open = kernel.descriptor(task, fd)?.open;
    if (open?.kind !== 'dma_buf' || open.backing.backend !== 'coherent') return;
    run.saidUncached = true;
    const { expName } = open;
    tell(run, {
      note: `memory of the heap ${expName} is uncached on hardware: the CPU reads it slowly there, which exec does not show`,
    });
  }

  /** Something that the user has to know: on the standard error of the run that it is about, or of all. */
  note(process: Process | undefined, text: string): void {
    const own = process && this.#byRoot.get(process.root);
    for (const run of own === undefined ? this.#runs.values() : [own]) tell(run, { note: text });
  }
}

/** Makes a call, and has accesses checked around it where they are. */
export function checked(
  check: CheckSync | undefined,
  kernel: Kernel,
  task: string,
  call: Syscall,
): SyscallResult {
  check?.before(kernel, task, call);
  const result = kernel.syscall(task, call);
  check?.after(kernel, task, call, result);
  return result;
}

const belongsTo = (task: string, { root }: Run): boolean => task === root || task.startsWith(`${root}.`);

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!taken.has(name)) return name;
  }
}

function tell({ watcher }: Run, words: unknown): void {
  watcher.send(new FieldWriter().begin(MESSAGE.WATCH, 0).str(JSON.stringify(words)).finish());
}

function parse(text: string): Said {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    throw new MalformedMessage('no JSON');
  }
  if (typeof said !== 'object' || said === null) throw new MalformedMessage('no JSON object');
  return said as Said;
}
