/**
 * Ctrl-C. The rule: nothing stands between it and the process, which SIGINT ends at once, also in the middle of a
 * transaction, since a session outlives that; shells call it exit code 130. Only work that has something to tell
 * or to tidy up when it ends (what `run` has done so far, a progress line, half a file) runs inside of
 * `interruptible`, and keeps to this:
 *
 *   - it works in slices that take a tenth of a second at most, and lets Ctrl-C in between two of them;
 *   - then it ends by `Interrupted`, which is exit code 130; what waits for input is waited for no longer;
 *   - what somebody else can hold up (a pipe whose reader sleeps) is done with nothing in between again;
 *   - a second Ctrl-C ends the process at once.
 */
import { Interrupted } from '../failures.ts';

/** Calls `stop` at the next Ctrl-C, instead of what would happen. @returns what undoes it */
export type Interrupts = (stop: () => void) => () => void;

/** How long a slice may take. */
export const SLICE_MS = 40;
/** What is not over by then waits for something else than the next slice. */
const GRACE_MS = 200;

/** Those of this process. `once`: at the second one the default action is back. */
export const processInterrupts: Interrupts = (stop) => {
  process.once('SIGINT', stop);
  return () => {
    process.removeListener('SIGINT', stop);
  };
};

export class Interruption {
  readonly #interrupts: Interrupts;
  readonly #onStop: () => void;
  #happened = false;
  #disarm: () => void;

  constructor(interrupts: Interrupts, onStop: () => void = () => {}) {
    this.#interrupts = interrupts;
    this.#onStop = onStop;
    this.#disarm = this.#arm();
  }

  #arm(): () => void {
    return this.#interrupts(() => {
      this.#happened = true;
      this.#onStop();
    });
  }

  get happened(): boolean {
    return this.#happened;
  }

  /** Between two slices: lets a Ctrl-C in. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The same, for work that ends by it. @throws Interrupted */
  async breathe(): Promise<void> {
    await this.pause();
    if (this.#happened) throw new Interrupted();
  }

  /** Does what may take as long as somebody else likes: Ctrl-C ends the process meanwhile. */
  async atMercy(work: () => void): Promise<void> {
    // One that has come already would be lost.
    await this.pause();
    this.#disarm();
    try {
      work();
    } finally {
      this.#disarm = this.#happened ? () => {} : this.#arm();
    }
  }

  end(): void {
    this.#disarm();
  }
}

/** Runs work in slices. @throws Interrupted at a Ctrl-C, when the slice at hand is over */
export async function interruptible<T>(
  interrupts: Interrupts,
  work: (interruption: Interruption) => Promise<T>,
): Promise<T> {
  let grace: NodeJS.Timeout | undefined;
  let giveUp: (reason: Error) => void = () => {};
  const waited = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const interruption = new Interruption(interrupts, () => {
    grace = setTimeout(() => giveUp(new Interrupted()), GRACE_MS);
  });
  try {
    return await Promise.race([work(interruption), waited]);
  } finally {
    clearTimeout(grace);
    interruption.end();
  }
}
