import { describe, expect, it } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { reconstructTarget } from '../fuzz/reconstruct-target.ts';
import { judge, MAX_INPUT } from '../fuzz/target.ts';

/** The short form of the long fuzz run. */
const INPUTS = 150;

describe('fuzzed logs and files', () => {
  it('give a session or a named diagnostic, in bounded time', () => {
    let accepted = 0;
    for (let index = 0; index < INPUTS; index++) {
      const input = reconstructTarget.input(new Random(index));
      expect(input.length).toBeLessThanOrEqual(MAX_INPUT);
      const outcome = judge(reconstructTarget, input);
      expect(outcome.finding, `input ${index}`).toBeUndefined();
      if (outcome.accepted) accepted++;
    }
    expect(accepted).toBeGreaterThan(INPUTS / 2);
  });
});
