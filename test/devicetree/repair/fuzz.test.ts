import { expect, it } from 'vitest';
import { Random } from '../../fuzz/random.ts';
import { SEED } from '../../fuzz/seed.ts';
import { judge } from '../../fuzz/target.ts';
import { pastedTarget } from './fuzz-target.ts';

it('a paste is a tree that compiles strictly, or diagnostics', () => {
  let accepted = 0;
  const end = performance.now() + 6000;
  for (let seed = SEED; seed < SEED + 1500 && performance.now() < end; seed++) {
    const outcome = judge(pastedTarget, pastedTarget.input(new Random(seed)));
    expect({ seed, finding: outcome.finding }).toEqual({ seed, finding: undefined });
    if (outcome.accepted) accepted++;
  }
  expect(accepted).toBeGreaterThan(20);
});
