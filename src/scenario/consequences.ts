/**
 * Which steps fail only because an earlier one did: they use what it should have made, or their descriptors have other
 * numbers because it took none, or none was closed.
 */
import type { Mismatch } from './report.ts';

/** A step that ran, as far as others may follow from it. */
export interface Ended {
  readonly number: number;
  readonly task: string;
  /** What `as` calls what it makes. */
  readonly as: string | undefined;
  readonly succeeded: boolean;
  /** Names that it used. */
  readonly used: readonly string[];
  readonly mismatches: readonly Mismatch[];
}

/** What `as` of a step that makes several gives them: `buf0`, `buf1`. */
const withoutCount = (name: string): string => name.replace(/\d+$/, '');

export class Consequences {
  /** Names that stand for nothing because the step of that number failed. */
  readonly #notMade = new Map<string, number>();
  /** Tasks whose descriptors have had other numbers since that step. */
  readonly #shifted = new Map<string, number>();

  /** @returns the number of the step that it follows from, if its failure is none of its own */
  of({ number, task, as, succeeded, used, mismatches }: Ended): number | undefined {
    if (mismatches.length === 0) {
      if (as !== undefined && this.#notMade.size > 0) this.#notMade.delete(as);
      return undefined;
    }
    const missing = used.map((name) => this.#notMade.get(name) ?? this.#notMade.get(withoutCount(name)));
    const renumbered = mismatches.every(({ what }) => what === 'fd') ? this.#shifted.get(task) : undefined;
    const cause = (succeeded ? undefined : missing.find((one) => one !== undefined)) ?? renumbered;
    if (succeeded) {
      if (as !== undefined) this.#notMade.delete(as);
      return cause;
    }
    if (as !== undefined) this.#notMade.set(as, cause ?? number);
    if (!this.#shifted.has(task)) this.#shifted.set(task, cause ?? number);
    return cause;
  }
}
