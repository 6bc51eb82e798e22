import { describe, expect, it } from 'vitest';
import { dtbTarget } from '../fuzz/dtb-target.ts';
import { Random } from '../fuzz/random.ts';
import { judge, MAX_INPUT } from '../fuzz/target.ts';

/** The short form of `npm run fuzz`, which runs the same inputs for minutes. */
const INPUTS = 1200;

describe('fuzzed blobs', () => {
  it('give a tree and a board, or a named diagnostic, in bounded time', () => {
    let accepted = 0;
    for (let index = 0; index < INPUTS; index++) {
      const input = dtbTarget.input(new Random(index));
      expect(input.length).toBeLessThanOrEqual(MAX_INPUT);
      const outcome = judge(dtbTarget, input);
      expect(outcome.finding, `input ${index}`).toBeUndefined();
      if (outcome.accepted) accepted++;
    }
    // Both sides were reached: inputs that are refused, and inputs that are understood.
    expect(accepted).toBeGreaterThan(INPUTS / 10);
    expect(accepted).toBeLessThan((INPUTS * 9) / 10);
  });
});
