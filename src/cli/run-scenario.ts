/** Runs one scenario in slices, so that progress is shown and a Ctrl-C comes in. */
import type { PreparedScenario, RunOptions, RunReport } from '../scenario/index.ts';
import type { Shell } from './shell.ts';
import { type Interruption, SLICE_MS } from './terminal/interruption.ts';
import { Progress } from './terminal/progress.ts';

/** The module of scenarios, which commands load when they need it. */
export type Scenarios = typeof import('../scenario/index.ts');

/** Steps between two looks at the clock, at most. */
const SLICE = 256;
/** How long they should take. */
const LOOK_MS = 5;

/** Runs one scenario; Ctrl-C ends it between two steps. @param watching who is told of the boot and of every step */
export async function runScenarioSliced(
  sh: Shell,
  scenarios: Scenarios,
  prepared: PreparedScenario,
  keepGoing: boolean,
  interruption: Interruption,
  watching: Pick<RunOptions, 'onBoot' | 'onSeen'> = {},
): Promise<RunReport> {
  const run = new scenarios.ScenarioRun(prepared, { keepGoing, ...watching });
  const { total, source } = prepared;
  const progress = new Progress(
    sh.streams,
    source.file,
    total === undefined ? undefined : BigInt(total),
    'steps',
  );
  let paused = Date.now();
  let slice = 1;
  try {
    for (let from = paused; !run.advance(slice) && !interruption.happened; from = Date.now()) {
      const now = Date.now();
      // Steps take microseconds, or a second: by how long the last ones took.
      slice = Math.max(1, now - from <= LOOK_MS ? Math.min(2 * slice, SLICE) : slice >> 1);
      if (now - paused < SLICE_MS) continue;
      progress.show(BigInt(run.done));
      await interruption.pause();
      paused = Date.now();
    }
  } finally {
    progress.end();
  }
  return run.report();
}
