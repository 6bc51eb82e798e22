/**
 * The server's sockets: each connection's bytes become frames for the exchange, and its answers bytes.
 *
 * A process that has ended must be gone before the next question of another is answered, as its parent may have waited for it. Both
 * are there in the same turn of the event loop then: ends are told at once, questions answered when all ends of the turn were told.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Exchange } from './exchange.ts';
import { Lookout } from './lookout.ts';
import { Peer } from './peer.ts';
import { MAX_ANSWER } from './protocol.ts';
import { type Frame, FrameSplitter, MalformedMessage } from './wire.ts';

/** How long the server lives on without a connection, milliseconds: a shell may start the next program. */
const LINGER = 300;
/** How long it waits for the first. */
const PATIENCE = 10_000;
/** How often silent processes are looked after, milliseconds. */
const TICK = 200;
/** Questions of one connection that may wait: a carrier asks one at a time. */
const MOST_ASKED = 64;

/** A question that waits for its turn. */
interface Asked {
  /** `undefined`: what came is no frame. */
  readonly frame: Frame | undefined;
  readonly answer: () => void;
  /** What it could depend on was found out for it. */
  wasProbed: boolean;
}

export class ExchangeServer {
  readonly #exchange: Exchange;
  #onIdle: () => void = () => {};
  /** Settles when nobody has been connected for a moment, or it was told to end. */
  readonly idle: Promise<void>;
  readonly #server: Server;
  readonly #open = new Map<Socket, Peer>();
  /** What was asked in this turn, in order. */
  readonly #queue: Asked[] = [];
  #isDue = false;
  #wasAsked = false;
  readonly #lookout = new Lookout();
  #linger: NodeJS.Timeout | undefined;
  readonly #tick: NodeJS.Timeout;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.idle = new Promise((resolve) => {
      this.#onIdle = resolve;
    });
    this.#server = createServer((socket) => this.#accept(socket));
    exchange.onProbed = () => this.#schedule();
    this.#tick = setInterval(() => {
      exchange.tick(!this.#wasAsked);
      this.#wasAsked = false;
    }, TICK);
  }

  /** @throws the system's error */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#endAfter(PATIENCE);
        resolve();
      });
    });
  }

  /** Ends although somebody is connected. */
  stop(): void {
    this.#exchange.end();
    this.#onIdle();
  }

  /** Stops listening and ends all connections. */
  close(): void {
    clearInterval(this.#tick);
    clearTimeout(this.#linger);
    this.#server.close();
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #accept(socket: Socket): void {
    clearTimeout(this.#linger);
    const splitter = new FrameSplitter();
    let isEnding = false;
    let asked = 0;
    const hangUp = () => {
      isEnding = true;
    };
    const peer = new Peer((frame) => socket.write(frame), hangUp);
    this.#open.set(socket, peer);
    const answer = (frame: Frame): void => {
      if (isEnding || socket.destroyed) return;
      const bytes = this.#exchange.handle(peer, frame);
      if (bytes !== undefined) socket.write(bytes);
      if (isEnding) socket.end();
    };
    const answerNext = (frame: Frame): void => {
      asked--;
      answer(frame);
    };
    // Whoever asks on without a look at the answers would fill our memory. Those who watch are told of what others do.
    const isFlooded = (): boolean =>
      asked >= MOST_ASKED || (peer.role !== 'watcher' && socket.writableLength > MAX_ANSWER);
    const take = (chunk: Buffer): void => {
      if (isEnding) return;
      try {
        for (const frame of splitter.push(chunk)) {
          // What it tells is what the others wait for.
          if (peer.role === 'supervisor') {
            answer(frame);
            continue;
          }
          if (isFlooded()) throw new MalformedMessage('more questions than answers were read');
          asked++;
          this.#later({ frame, answer: () => answerNext(frame), wasProbed: false });
        }
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        // What came before it is answered.
        const end = () => {
          isEnding = true;
          socket.end();
        };
        this.#later({ frame: undefined, answer: end, wasProbed: true });
      }
    };
    let hasLeft = false;
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      this.#exchange.left(peer);
    };
    socket.on('data', take);
    socket.on('end', leave);
    // `close` follows.
    socket.on('error', leave);
    socket.on('close', () => {
      leave();
      this.#open.delete(socket);
      if (peer.isLast && this.#isIdle) this.stop();
      else if (this.#open.size === 0) this.#endAfter(LINGER);
    });
  }

  /** Answers a question when the events of this turn have been seen. */
  #later(asked: Asked): void {
    this.#wasAsked = true;
    this.#queue.push(asked);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue || this.#queue.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#run();
    });
  }

  #run(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (this.#exchange.isProbing) return;
      if (!next.wasProbed && next.frame !== undefined) {
        next.wasProbed = true;
        if (this.#exchange.probesBefore(next.frame)) return;
      }
      this.#queue.shift();
      next.answer();
    }
    this.#lookout.answered();
  }

  /** Supervisors stay a while after their programs, to be asked for what those left to others. */
  get #isIdle(): boolean {
    return [...this.#open.values()].every(({ role }) => role === 'supervisor');
  }

  #endAfter(milliseconds: number): void {
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (this.#open.size > 0) return;
      this.#exchange.end();
      this.#onIdle();
    }, milliseconds);
  }
}
