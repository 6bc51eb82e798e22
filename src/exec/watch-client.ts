/** The connection of the command that starts a run: what it asks the server, and what it is told meanwhile. */
import { connect, type Socket } from 'node:net';
import { ExecFailure } from './exec-failure.ts';

const HEADER = 12;
const WATCH = 40;
/** How often, and after how many milliseconds, a summary is asked for again that came too early. */
const TRIES = 200;
const PAUSE = 5;

/** A run as it is asked for. */
export interface RunRequest {
  readonly token: string;
  readonly watch: 1;
  /** The name that the first process's task shall have. */
  readonly task: string;
  readonly command: readonly string[];
  readonly strace: boolean;
  readonly checkSync: boolean;
  readonly hostPageSize: boolean;
  readonly seccomp: boolean;
}

/** What the server says to it. */
export interface RunGranted {
  readonly run: number;
  readonly task: string;
  readonly profile: string;
  readonly pageSize: number;
  /** The number of the next entry of the journal. */
  readonly entry: number;
}

/** What is left of a run. */
export interface RunSummary {
  /** Whether a heap, a buffer's message or a virtual file was opened at all. */
  readonly opened: boolean;
  /** Whether the supervisor carried a process that opened something: by seccomp. */
  readonly supervised: boolean;
  /** Whether the server has yet to notice that the first process has ended. */
  readonly running: boolean;
  readonly leaks: readonly { readonly text: string }[];
  readonly hazards: readonly { readonly text: string }[];
  /** What came of the scenario that was played. */
  readonly scenario?: {
    readonly verdict: 'passed' | 'failed' | 'unfinished';
    readonly text: string;
  };
  readonly entry: number;
}

type Words = Readonly<Record<string, unknown>>;

export class WatchClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #seq = 0;
  #answer: ((words: Words | undefined) => void) | undefined;
  /** Called for everything that the server tells unasked. */
  onTold: (words: Words) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('close', () => this.#answer?.(undefined));
    // `close` follows.
    socket.on('error', () => {});
  }

  /** @returns `undefined` when nobody listens there */
  static connect(path: string): Promise<WatchClient | undefined> {
    return new Promise((resolve) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(new WatchClient(socket)));
      socket.once('error', () => resolve(undefined));
    });
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= HEADER) {
      const size = this.#bytes.readUInt32LE(0);
      if (this.#bytes.length < size) return;
      const frame = this.#bytes.subarray(0, size);
      this.#bytes = this.#bytes.subarray(size);
      this.#frame(frame);
    }
  }

  #frame(frame: Buffer): void {
    const seq = frame.readUInt32LE(8);
    // An answer begins with its `ret`.
    const at = HEADER + (seq === 0 ? 0 : 8);
    const length = frame.length >= at + 4 ? frame.readUInt32LE(at) : 0;
    const text = frame.toString('utf8', at + 4, at + 4 + length);
    const words = JSON.parse(text === '' ? '{}' : text) as Words;
    if (seq === 0) {
      this.onTold(words);
      return;
    }
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(words);
  }

  async #ask(question: Words): Promise<Words> {
    const text = Buffer.from(JSON.stringify(question));
    const frame = Buffer.alloc(HEADER + 4 + text.length);
    frame.writeUInt32LE(frame.length, 0);
    frame.writeUInt16LE(WATCH, 4);
    frame.writeUInt32LE(++this.#seq, 8);
    frame.writeUInt32LE(text.length, HEADER);
    text.copy(frame, HEADER + 4);
    const answer = await new Promise<Words | undefined>((resolve) => {
      this.#answer = resolve;
      if (this.#socket.destroyed) resolve(undefined);
      else this.#socket.write(frame);
    });
    if (answer === undefined) throw new ExecFailure('exec-server', 'the server of the session has gone');
    const { error } = answer as { readonly error?: { readonly message: string; readonly hint?: string } };
    if (error !== undefined) throw new ExecFailure('exec-board', error.message, error.hint);
    return answer;
  }

  /** Asks for a run. @throws ExecFailure when the server refuses or goes away */
  async begin(request: RunRequest): Promise<RunGranted> {
    return (await this.#ask({ ...request })) as unknown as RunGranted;
  }

  /** Has a scenario played beside the run, until its first step that waits. @throws ExecFailure when it cannot be */
  async play(file: string): Promise<void> {
    await this.#ask({ with: file });
  }

  /**
   * What is left of the run, after its last process has ended.
   *
   * @param last whether the server may end with this connection: its session is nobody else's
   * @throws ExecFailure when the server has gone
   */
  async summary(last: boolean): Promise<RunSummary> {
    for (let tries = 0; ; tries++) {
      const summary = (await this.#ask({ summary: true, last })) as unknown as RunSummary;
      if (!summary.running || tries === TRIES) return summary;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
