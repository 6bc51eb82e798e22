/** Who makes the next step, without a kernel. */
import { expect, it } from 'vitest';
import type { Moment } from '../../src/scenario/moment.ts';
import type { Node } from '../../src/scenario/program.ts';
import { Thread } from '../../src/scenario/thread.ts';

/** A loop of that many rounds over other nodes. */
const repeat = (rounds: number, body: readonly Node[] = []): Node => ({
  kind: 'repeat',
  times: () => rounds,
  constant: rounds,
  body,
  task: undefined,
});

/** How many times `step` is called until nothing is left. */
function callsOf(...nodes: readonly Node[]): number {
  const maker = {
    make: () => {},
    below: () => 0,
    moment: ({ task, vars }: { task: string; vars: Moment['vars'] }) => ({ task, vars }) as Moment,
  };
  const thread = new Thread(maker, nodes, { task: 'shell', vars: undefined });
  let calls = 1;
  while (thread.step()) calls++;
  return calls;
}

it('rounds without a step come back every ten thousand, so that whoever waits can interrupt', () => {
  expect(callsOf(repeat(9_999))).toBe(1);
  expect(callsOf(repeat(25_000))).toBe(3);
  expect(callsOf(repeat(5, [repeat(5_000)]))).toBe(3);
});
