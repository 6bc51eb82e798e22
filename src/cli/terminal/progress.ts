/** How far a long piece of work is: on a terminal, after a second, on standard error. */
import { formatSize } from '../../units.ts';
import type { Streams } from './streams.ts';

const AFTER_MS = 1000;
const EVERY_MS = 200;

/** A line that is written over as work goes on, and wiped at its end. */
export class Progress {
  readonly #streams: Streams;
  readonly #what: string;
  readonly #total: bigint | undefined;
  readonly #unit: string;
  readonly #began = Date.now();
  #shown = 0;

  /** @param total `undefined` when it is not known @param unit what is counted */
  constructor(streams: Streams, what: string, total?: bigint, unit = 'bytes') {
    this.#streams = streams;
    this.#what = what;
    this.#total = total;
    this.#unit = unit;
  }

  /** Says how much is done. */
  show(done: bigint): void {
    const now = Date.now();
    if (now - this.#began <= AFTER_MS || now - this.#shown <= EVERY_MS || !this.#streams.errIsTerminal)
      return;
    const bytes = this.#unit === 'bytes';
    const total = this.#total ?? 0n;
    const whole = this.#total === undefined ? '' : ` of ${bytes ? formatSize(total) : total}`;
    const so = bytes ? `${done >> 20n} MiB${whole}` : `${done}${whole} ${this.#unit}`;
    this.#streams.err(`\r${this.#what}: ${so}\x1b[K`);
    this.#shown = now;
  }

  /** Wipes the line. */
  end(): void {
    if (this.#shown > 0) this.#streams.err('\r\x1b[K');
  }
}
