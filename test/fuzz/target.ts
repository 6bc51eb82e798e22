/** What is fuzzed: inputs made from a random source, and a run that may only throw InvalidInput. */
import { InvalidInput } from '../../src/diagnostic.ts';
import type { Random } from './random.ts';

/** Inputs stay under this: the promises about time and memory are made for them. */
export const MAX_INPUT = 1024 * 1024;
/** An input that takes longer counts as a hang. */
export const HANG_MS = 1000;

export interface FuzzTarget {
  readonly name: string;
  /** Makes one input, at most MAX_INPUT bytes. */
  input(random: Random): Uint8Array;
  /** Handles it; throws InvalidInput when it cannot be used. */
  run(bytes: Uint8Array): void;
}

export interface Finding {
  readonly kind: 'crash' | 'hang' | 'memory';
  readonly detail: string;
}

export interface Outcome {
  readonly accepted: boolean;
  readonly milliseconds: number;
  readonly finding?: Finding;
}

/** Runs one input and judges what happened. */
export function judge(target: FuzzTarget, bytes: Uint8Array): Outcome {
  const start = performance.now();
  let accepted = true;
  let finding: Finding | undefined;
  try {
    target.run(bytes);
  } catch (error) {
    accepted = false;
    if (!(error instanceof InvalidInput)) {
      finding = {
        kind: 'crash',
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    } else if (
      error.diagnostics.length === 0 ||
      error.diagnostics.some((d) => d.code === '' || d.message === '')
    ) {
      finding = { kind: 'crash', detail: 'InvalidInput without a named diagnostic' };
    }
  }
  const milliseconds = performance.now() - start;
  if (finding === undefined && milliseconds > HANG_MS) {
    finding = { kind: 'hang', detail: `took ${Math.round(milliseconds)} ms` };
  }
  return { accepted, milliseconds, ...(finding ? { finding } : {}) };
}
