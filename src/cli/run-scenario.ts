/** Runs one scenario in slices, so that progress is shown and a Ctrl-C comes in. */
import type { PreparedScenario, RunReport } from '../scenario/index.ts';
import { Progress } from './progress.ts';
import type { Shell } from './shell.ts';

/** The module of scenarios, which commands load when they need it. */
export type Scenarios = typeof import('../scenario/index.ts');

/** Steps between two looks at the clock. */
const SLICE = 256;
/** How long Ctrl-C may wait. */
const SLICE_MS = 40;

/** Runs one scenario; Ctrl-C ends it between two steps. */
export async function runScenarioSliced(
  sh: Shell,
  scenarios: Scenarios,
  prepared: PreparedScenario,
  keepGoing: boolean,
  interrupted: () => boolean,
): Promise<RunReport> {
  const run = new scenarios.ScenarioRun(prepared, { keepGoing });
  const { total, source } = prepared;
  const progress = new Progress(
    sh.streams,
    source.file,
    total === undefined ? undefined : BigInt(total),
    'steps',
  );
  let looked = Date.now();
  try {
    while (!run.advance(SLICE) && !interrupted()) {
      if (Date.now() - looked < SLICE_MS) continue;
      await progress.at(BigInt(run.done));
      looked = Date.now();
    }
  } finally {
    progress.end();
  }
  return run.report();
}
