/**
 * What a command has done and said so far, for when standard output fails: a buffer whose descriptor nobody was
 * told is lost, and so the answer is repeated on standard error.
 */
import type { Session } from '../../session/session.ts';

export class Ledger {
  #kept = false;
  #answer: string | undefined;
  #failure: Error | undefined;

  /** Something was done that outlives the command. */
  keep(): void {
    this.#kept = true;
  }

  /** The answer that is about to be written. */
  say(answer: string): void {
    this.#answer = answer;
  }

  /** The command fails as well, with this, once it has answered. */
  willFail(failure: Error): void {
    this.#failure = failure;
  }

  get kept(): boolean {
    return this.#kept;
  }

  get answer(): string | undefined {
    return this.#answer;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The session, its transactions written down here. */
  over(session: Session): Session {
    return {
      transact: (body) => {
        const value = session.transact(body);
        this.keep();
        return value;
      },
      view: (body) => session.view(body),
      journal: (from) => session.journal(from),
      info: () => session.info(),
      assumed: () => session.assumed(),
      close: () => session.close(),
    };
  }
}
