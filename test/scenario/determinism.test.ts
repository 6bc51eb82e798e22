/** The same file gives the same report, in one go or step by step, on whatever machine. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../../src/cli/json/json-text.ts';
import { runJson } from '../../src/cli/render/run-json.ts';
import { runJunit } from '../../src/cli/render/run-junit.ts';
import { runTap } from '../../src/cli/render/run-tap.ts';
import { runText } from '../../src/cli/render/run-text.ts';
import { compileScenario, type RunReport, ScenarioRun } from '../../src/scenario/index.ts';
import type { Step } from '../../src/scenario/step-form.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { CMA, cameraBoard, POOL } from './running.ts';

const NAMES = ['a', 'b', 'c'];
const any = { errno: 'any' } as const;
const name = fc.constantFrom(...NAMES);
const heap = fc.constantFrom('system', CMA, POOL, 'nope');
const size = fc.integer({ min: 0, max: 3_000_000 });

/** A step that does something, and accepts what comes of it. */
const simple: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ heap, size }).chain((alloc) => name.map((as): Step => ({ alloc, as, expect: any }))),
  name.map((free): Step => ({ free, expect: any })),
  name.map((dup): Step => ({ dup, as: dup, expect: any })),
  fc
    .record({ to: name, byte: fc.nat(255) })
    .map(({ to, byte }): Step => ({ fill: { to, byte, length: 4096 }, expect: any })),
  name.map((read): Step => ({ read, expect: any })),
  fc.record({ fd: name, to: fc.constantFrom('x', 'y') }).map((send): Step => ({ send, expect: any })),
  fc.constant<Step>({ check: { leaks: '< 3' } }),
  fc.constant<Step>({ fork: 'child', expect: any }),
  fc.nat(3).map((sleep): Step => ({ sleep })),
  fc.integer({ min: 1, max: 4 }).map((nth): Step => ({ fault: `errno=ENOMEM,every=${nth}` })),
);

/** Steps in loops, choices and tasks. */
const { steps } = fc.letrec<{ steps: readonly Step[]; step: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    simple,
    fc
      .record({ times: fc.integer({ min: 0, max: 4 }), do: tie('steps') })
      .map((repeat): Step => ({ repeat })),
    tie('steps').map((inner): Step => ({ for: { v: ['1', '2'], do: inner } })),
    fc
      .array(tie('steps'), { minLength: 1, maxLength: 3 })
      .map((branches): Step => ({ choose: branches.map((inner) => ({ do: inner })) })),
    fc.array(tie('steps'), { minLength: 1, maxLength: 3 }).map(
      (branches): Step => ({
        parallel: branches.map((inner, i) => ({ task: `t${i}`, do: inner })),
        order: 'seeded',
      }),
    ),
  ),
  steps: fc.array(tie('step'), { minLength: 1, maxLength: 6 }),
}));

const BEGIN: readonly Step[] = NAMES.map((as) => ({ alloc: { heap: 'system', size: 4096 }, as }));

function report(inner: readonly Step[], seed: number, slice: number): RunReport {
  const scenario = { board: 'camera', seed, steps: [...BEGIN, ...inner], expect: { leaks: 'none' } } as const;
  const prepared = compileScenario({ scenario, file: 'random' }, cameraBoard(), {
    readFile: () => new Uint8Array(),
    sha256,
  });
  const run = new ScenarioRun(prepared, { keepGoing: true });
  while (!run.advance(slice)) {
    // On to the next slice.
  }
  return run.report();
}

const everything = (one: RunReport): string =>
  [jsonText(runJson([one], 1)), runText(one), runTap(one, 1), runJunit([one])].join('\n');

describe('a scenario', () => {
  it('comes to the same each time, in slices of any length', () => {
    fc.assert(
      fc.property(steps, fc.nat(1000), fc.integer({ min: 1, max: 50 }), (inner, seed, slice) => {
        const first = everything(report(inner, seed, 10_000));
        expect(everything(report(inner, seed, 10_000))).toBe(first);
        expect(everything(report(inner, seed, slice))).toBe(first);
      }),
      { numRuns: 20 },
    );
  });
});
