/** The problems found while preprocessing, and the exception that ends a run at a limit. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';

/** Thrown inside the preprocessor when going on makes no sense; never leaves `preprocess()`. */
export class Stop extends Error {}

/** Collects diagnostics; stops the run when there are too many. */
export class Problems {
  readonly list: Diagnostic[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds one problem; with the last one allowed, ends the run. */
  add(
    severity: Diagnostic['severity'],
    code: string,
    message: string,
    position: SourcePosition,
    hint?: string,
  ): void {
    this.list.push({ code, severity, message, position, ...(hint === undefined ? {} : { hint }) });
    if (this.list.length < this.#limit) return;
    this.list.push({
      code: 'too-many-problems',
      severity: 'error',
      message: `gave up after ${this.#limit} problems`,
      position,
    });
    throw new Stop();
  }

  /** Adds a problem after which nothing more can be read. */
  fatal(code: string, message: string, position: SourcePosition, hint?: string): never {
    this.add('error', code, message, position, hint);
    throw new Stop();
  }
}
