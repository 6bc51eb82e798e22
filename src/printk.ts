/**
 * The kernel log: lines as data, with level, logical time and rate limits. Models kernel/printk and
 * lib/ratelimit.c: ___ratelimit() (Linux 7.3). Who prints them, and how, is not its business.
 */
import type { Records } from './records.ts';
import { recordKey } from './records.ts';

/** Log levels by number, as in `<3>`: 0 emergency, 3 error, 4 warning, 6 information. */
export type LogLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export interface LogLine {
  readonly seq: number;
  readonly level: LogLevel;
  /** Logical time in nanoseconds since boot. */
  readonly time: number;
  readonly text: string;
  /** The line was dropped by a rate limit: a real log does not have it. */
  readonly suppressed?: boolean;
  /** Some of its numbers are the model's: docs/fidelity.md says which. */
  readonly estimated?: boolean;
}

interface LogState {
  nextSeq: number;
  /** Logical time in nanoseconds since boot. */
  time: number;
  limits: Record<string, { begin: number; printed: number; missed: number }>;
  /** Names of WARN_ONCE() sites that have fired. */
  once: string[];
  /** Numbers of lines that are no longer kept. */
  dropped?: readonly [from: number, to: number];
}

const STATE = 'printk';
/** DEFAULT_RATELIMIT_INTERVAL and DEFAULT_RATELIMIT_BURST. */
const DEFAULT_LIMITS = { interval: 5_000_000_000, burst: 10 };

export class Printk {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  #state(): LogState {
    return this.#records.get<LogState>(STATE) ?? { nextSeq: 0, time: 0, limits: {}, once: [] };
  }

  /** Logical time in nanoseconds since boot. */
  get time(): number {
    return this.#state().time;
  }

  /** Lets logical time pass. */
  advance(nanoseconds: number): void {
    const state = this.#state();
    state.time += nanoseconds;
    this.#records.put(STATE, state);
  }

  /** The number that the next line gets: a mark to collect a call's lines by `since`. */
  get nextSeq(): number {
    return this.#state().nextSeq;
  }

  /** Appends a line: printk(). */
  print(level: LogLevel, text: string): void {
    this.#append(this.#state(), level, text);
  }

  /** Appends a line with numbers that are the model's own. */
  printEstimate(level: LogLevel, text: string): void {
    this.#append(this.#state(), level, text, { estimated: true });
  }

  /** Appends a line the first time that `site` gets here, as WARN_ONCE() does. */
  printOnce(site: string, level: LogLevel, text: string): void {
    const state = this.#state();
    if (state.once.includes(site)) return;
    state.once.push(site);
    this.#append(state, level, text);
  }

  /**
   * Appends a line unless its function has printed 10 within 5 seconds: pr_err_ratelimited().
   * A dropped line is kept as `suppressed`; the first one after the interval is preceded by the
   * count of those missed, as ___ratelimit() prints it.
   *
   * @param func the name of the kernel function that prints, which owns the limit
   * @param limits another interval in nanoseconds and number of lines
   */
  printRatelimited(func: string, level: LogLevel, text: string, limits = DEFAULT_LIMITS): void {
    const state = this.#state();
    let limit = state.limits[func];
    if (limit === undefined || state.time - limit.begin > limits.interval) {
      if (limit !== undefined && limit.missed > 0) {
        this.#append(state, 4, `${func}: ${limit.missed} callbacks suppressed`);
      }
      limit = { begin: state.time, printed: 0, missed: 0 };
      state.limits[func] = limit;
    }
    const suppressed = limit.printed >= limits.burst;
    if (suppressed) limit.missed++;
    else limit.printed++;
    this.#append(state, level, text, suppressed ? { suppressed } : {});
  }

  /** The lines from number `seq` on, the suppressed ones included. */
  *since(seq = 0): Iterable<LogLine> {
    const { nextSeq: end, dropped: [from, to] = [0, 0] } = this.#state();
    for (let i = seq; i < end; i++) {
      if (i >= from && i < to) i = to;
      const line = this.#records.get<LogLine>(recordKey('log', i));
      if (line !== undefined) yield line;
    }
  }

  /** How many lines `trim` dropped. */
  get dropped(): number {
    const [from, to] = this.#state().dropped ?? [0, 0];
    return to - from;
  }

  /**
   * Drops old lines when there are many, as the kernel's ring buffer does, some at a time.
   *
   * @param first so many lines stay for ever
   * @param newest so many of the others stay
   */
  trim(first: number, newest: number): void {
    const state = this.#state();
    const [from, to] = state.dropped ?? [first, first];
    const end = state.nextSeq - newest;
    if (end - to < newest / 16) return;
    for (let seq = to; seq < end; seq++) this.#records.delete(recordKey('log', seq));
    state.dropped = [from, end];
    this.#records.put(STATE, state);
  }

  #append(
    state: LogState,
    level: LogLevel,
    text: string,
    marks: Pick<LogLine, 'suppressed' | 'estimated'> = {},
  ): void {
    const seq = state.nextSeq++;
    this.#records.put<LogLine>(recordKey('log', seq), { seq, level, time: state.time, text, ...marks });
    this.#records.put(STATE, state);
  }
}
