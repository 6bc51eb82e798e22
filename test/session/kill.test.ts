import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childTests } from './child-tests.ts';
import { KilledSession, POINTS } from './killed-session.ts';

describe('a session whose processes are killed', () => {
  const tests = childTests('kill');
  const { directory } = tests;

  it('agrees with a model of the acknowledged calls after kills at every point of a transaction', async () => {
    const session = new KilledSession(join(directory, 'points'), tests.bundle);
    for (const [index, point] of POINTS.entries()) {
      for (const hits of [1, 7]) await session.killAt(point, hits, 100 * index + hits);
    }
    expect(session.counts.kills).toBe(2 * POINTS.length);
    // Both kinds of end were seen: the call that was cut off had happened, and it had not.
    expect(session.counts.lost).toBeGreaterThan(0);
    expect(session.counts.kept).toBeGreaterThan(0);
  });

  it('agrees with it after kills at any time', async () => {
    const session = new KilledSession(join(directory, 'times'), tests.bundle);
    for (let round = 0; round < 16; round++) await session.killAfter((round * 37) % 150, round);
    expect(session.counts.kills).toBe(16);
    expect(session.counts.calls).toBeGreaterThan(8);
  });
});
