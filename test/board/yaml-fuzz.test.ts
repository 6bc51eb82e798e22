import { describe, expect, it } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { judge, MAX_INPUT } from '../fuzz/target.ts';
import { yamlTarget } from './yaml-fuzz-target.ts';

/** The short form of the long fuzz run. */
const INPUTS = 1200;

describe('fuzzed YAML', () => {
  it('gives a board or a named diagnostic, in bounded time', () => {
    let accepted = 0;
    for (let index = 0; index < INPUTS; index++) {
      const input = yamlTarget.input(new Random(index));
      expect(input.length).toBeLessThanOrEqual(MAX_INPUT);
      const outcome = judge(yamlTarget, input);
      expect(outcome.finding, `input ${index}`).toBeUndefined();
      if (outcome.accepted) accepted++;
    }
    // Both sides were reached: inputs that are refused, and inputs that are understood.
    expect(accepted).toBeGreaterThan(INPUTS / 50);
    expect(accepted).toBeLessThan((INPUTS * 9) / 10);
  });
});
