/** What a step left behind, for those who look whether it is what was expected. */
import type { Report } from '../kernel/coherency/hazard-log.ts';
import type { BufferView } from '../kernel/views/views.ts';
import type { LogLine } from '../printk.ts';
import type { Moment } from './moment.ts';
import type { Outcome } from './outcome.ts';
import type { Mismatch } from './report.ts';

export class Seen {
  readonly at: Moment;
  readonly outcome: Outcome;
  readonly #logMark: number;
  readonly #hazardMark: number;
  #buffer: BufferView | undefined;

  /** @param logMark the number of the first line, and of the first hazard, that the step may have caused */
  constructor(at: Moment, outcome: Outcome, logMark: number, hazardMark: number) {
    this.at = at;
    this.outcome = outcome;
    this.#logMark = logMark;
    this.#hazardMark = hazardMark;
  }

  log(): readonly LogLine[] {
    return [...this.at.machine.kernel.printk.since(this.#logMark)];
  }

  hazards(): readonly Report[] {
    return [...this.at.machine.kernel.hazards.since(this.#hazardMark)];
  }

  /** The buffer behind the descriptor that the step made. */
  buffer(): BufferView | undefined {
    const { fd, owner } = this.outcome;
    if (fd === undefined) return undefined;
    this.#buffer ??= this.at.machine.kernel.buffer(owner ?? this.at.task, fd);
    return this.#buffer;
  }
}

/** Nothing is wrong. */
export const HOLDS: readonly Mismatch[] = [];

/** How a step ended, in a word or two. */
export function ending({ errno, ret, fault, fd, notModelled }: Outcome): string {
  if (notModelled !== undefined) return `not modelled: ${notModelled}`;
  if (fault !== undefined) return fault.name;
  if (errno !== undefined) return errno;
  return fd === undefined ? `success (${ret})` : `success (descriptor ${fd})`;
}

/** What is expected of a step that says nothing. */
export function mustSucceed({ outcome }: Seen): readonly Mismatch[] {
  const { errno, fault, notModelled } = outcome;
  if (errno === undefined && fault === undefined && notModelled === undefined) return HOLDS;
  return [{ what: fault === undefined ? 'errno' : 'fault', expected: 'success', got: ending(outcome) }];
}
