/**
 * Keeps the event loop looking for a moment after an answer instead of sleeping: who has got an answer asks again soon, and falling
 * asleep and waking up cost as much as an answer. Where that does not help (programs do other things between, or wait for this
 * processor), it is tried now and then only.
 */
import { availableParallelism } from 'node:os';

/** For how long, milliseconds. */
const AWAKE = 0.1;
/** After so many times in a row without a question meanwhile, it is tried once in so many answers only. */
const MOST_MISSES = 4;
const AGAIN_AFTER = 64;

export interface LookoutOptions {
  readonly now: () => number;
  /** Calls soon, when the events that are there were handled; the loop does not wait for others before. */
  readonly soon: (action: () => void) => void;
  /** With one processor, who asks next could not run meanwhile. */
  readonly processors: number;
}

const HOST: LookoutOptions = {
  now: () => performance.now(),
  soon: setImmediate,
  processors: availableParallelism(),
};

export class Lookout {
  readonly #options: LookoutOptions;
  #isAwake = false;
  #until = 0;
  #misses = 0;
  #answers = 0;

  constructor(options = HOST) {
    this.#options = options;
  }

  /** An answer was given. */
  answered(): void {
    const { now, soon, processors } = this.#options;
    if (processors < 2) return;
    this.#answers++;
    if (this.#isAwake) this.#misses = 0;
    else if (this.#misses >= MOST_MISSES && this.#answers % AGAIN_AFTER !== 0) return;
    this.#until = now() + AWAKE;
    if (this.#isAwake) return;
    this.#isAwake = true;
    soon(this.#look);
  }

  readonly #look = (): void => {
    const { now, soon } = this.#options;
    this.#isAwake = now() < this.#until;
    if (this.#isAwake) soon(this.#look);
    else this.#misses++;
  };
}
