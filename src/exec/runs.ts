/**
 * Runs: what `dmaheap exec` started, and what it wants to be told. A run's tasks are its first one, NAME, and NAME.PID.
 */
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { isTaskName } from '../kernel/task.ts';
import type { Session } from '../session/session.ts';
import type { Peer, Process } from './peer.ts';
import { MESSAGE } from './protocol.ts';
import { FieldWriter, MalformedMessage } from './wire.ts';

interface Run {
  readonly number: number;
  /** The name of its first task. */
  readonly root: string;
  readonly watcher: Peer;
  /** Whether it wants each call. */
  readonly strace: boolean;
  /** The number of the journal's next entry when it began. */
  readonly entry: number;
  opened: boolean;
}

export class Runs {
  readonly #session: Session;
  readonly #runs = new Map<Peer, Run>();
  #last = 0;

  constructor(session: Session) {
    this.#session = session;
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
    if (run !== undefined && said.summary === true) return this.#summary(run);
    if (typeof said.token !== 'string' || said.watch !== 1) throw new MalformedMessage('not a watch');
    checkToken(said.token);
    peer.role = 'watcher';
    return this.#begin(peer, said);
  }

  #begin(peer: Peer, said: Readonly<Record<string, unknown>>): unknown {
    const wanted = typeof said.task === 'string' && isTaskName(said.task) ? said.task : 'exec';
    const { entries } = this.#session.info();
    return this.#session.view((kernel) => {
      const taken = new Set([...kernel.taskNames(), ...[...this.#runs.values()].map(({ root }) => root)]);
      const root = freeName(wanted, taken);
      const number = ++this.#last;
      const strace = said.strace === true;
      this.#runs.set(peer, { number, root, watcher: peer, strace, entry: entries, opened: false });
      const { geometry } = kernel.profile;
      const { banner } = kernel.info();
      return { run: number, task: root, profile: banner, pageSize: geometry.pageSize, entry: entries };
    });
  }

  #summary(run: Run): unknown {
    const { entries } = this.#session.info();
    return this.#session.view((kernel) => {
      const leaks = kernel
        .buffers()
        .filter(({ maker }) => belongsTo(maker, run))
        .map(({ ino, heap, size }) => ({ text: `buffer ${ino} of ${heap}, ${size} bytes` }));
      return { opened: run.opened, leaks, hazards: [], entry: entries };
    });
  }

  /** A connection has ended. */
  left(peer: Peer): void {
    this.#runs.delete(peer);
  }

  /** A call was made. */
  told(process: Process, call: Syscall, _result: SyscallResult): void {
    const run = this.#of(process.root);
    if (run !== undefined && call.call === 'open') run.opened = true;
  }

  /** Something that the user has to know: on the standard error of the run that it is about, or of all. */
  note(process: Process | undefined, text: string): void {
    const own = process && this.#of(process.root);
    for (const run of own === undefined ? this.#runs.values() : [own]) tell(run.watcher, { note: text });
  }

  #of(root: string): Run | undefined {
    for (const run of this.#runs.values()) if (run.root === root) return run;
    return undefined;
  }
}

const belongsTo = (task: string, { root }: Run): boolean => task === root || task.startsWith(`${root}.`);

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!taken.has(name)) return name;
  }
}

function tell(watcher: Peer, words: unknown): void {
  watcher.send(new FieldWriter().begin(MESSAGE.WATCH, 0).str(JSON.stringify(words)).finish());
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    throw new MalformedMessage('no JSON');
  }
  if (typeof said !== 'object' || said === null) throw new MalformedMessage('no JSON object');
  return said as Readonly<Record<string, unknown>>;
}
