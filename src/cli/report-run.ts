/** Runs what a report is about, step by step, and keeps what the page shows. */
import { checkBoard } from '../check/check-board.ts';
import type { Finding } from '../check/finding.ts';
import { lintLevels } from '../devicetree/lint/lint.ts';
import type { ReportFinding, TimelineData } from '../report/report-data.ts';
import { Timeline } from '../report/timeline.ts';
import type { PreparedScenario, RunReport, Seen, SeenStep } from '../scenario/index.ts';
import { explainFailure } from './explain/explain-failure.ts';
import { explainHazard } from './explain/explain-hazard.ts';
import { Interrupted } from './failures.ts';
import { mismatchText } from './render/run-text.ts';
import { runScenarioSliced, type Scenarios } from './run-scenario.ts';
import type { Shell } from './shell.ts';
import { Interruption } from './terminal/interruption.ts';

/** What became of a run; without a timeline when the boot died. */
export interface WatchedRun {
  readonly report: RunReport;
  readonly timeline?: TimelineData;
}

/** Why a step failed and what went wrong with shared memory in it, in sentences. */
function findingsOf(seen: Seen): readonly Omit<ReportFinding, 'step'>[] {
  const { errno, why } = seen.outcome;
  const hazards = seen.hazards().map((report): Omit<ReportFinding, 'step'> => {
    return { severity: 'warning', name: 'hazard', message: explainHazard(report).join('; ') };
  });
  if (errno === undefined) return hazards;
  const reasons = why === undefined ? [] : explainFailure(why);
  return [{ severity: 'note', name: errno, message: reasons.join('; ') || 'no reason is known' }, ...hazards];
}

/** Runs a scenario to its end. A Ctrl-C ends the command. @throws Interrupted */
export async function watchRun(
  sh: Shell,
  scenarios: Scenarios,
  prepared: PreparedScenario,
): Promise<WatchedRun> {
  let timeline: Timeline | undefined;
  const onSeen = (seen: Seen, { leaf, task, vars }: SeenStep): void => {
    const { outcome } = seen;
    const failed =
      outcome.errno !== undefined || outcome.fault !== undefined || outcome.notModelled !== undefined;
    const line = prepared.source.position?.(leaf.path)?.line;
    timeline?.stepped({
      text: scenarios.stepText(leaf.step, leaf.action, vars),
      task,
      ...(failed && { ended: scenarios.ending(outcome) }),
      ...(line !== undefined && { line }),
      findings: findingsOf(seen),
    });
  };
  const interruption = new Interruption(sh.interrupts);
  try {
    const report = await runScenarioSliced(sh, scenarios, prepared, true, interruption, {
      onBoot: (kernel) => {
        timeline = new Timeline(kernel);
      },
      onSeen,
    });
    if (interruption.happened) throw new Interrupted();
    return { report, ...(timeline && { timeline: timeline.data() }) };
  } finally {
    interruption.end();
  }
}

/** Expectations that did not hold. */
function failedSteps({ failures, end }: RunReport): readonly ReportFinding[] {
  const steps = failures.map(({ number, mismatches, follows }): ReportFinding => {
    const message =
      follows === undefined ? mismatches.map(mismatchText).join('; ') : `follows from step ${follows}`;
    return { severity: 'error', name: 'expectation', message, step: number };
  });
  const last = end?.verdict === 'failed' ? end.mismatches : [];
  return [
    ...steps,
    ...last.map(
      (one): ReportFinding => ({
        severity: 'error',
        name: 'expectation at the end',
        message: mismatchText(one),
      }),
    ),
  ];
}

function boardFinding({ check, severity, message, path, hint, repair }: Finding): ReportFinding {
  const place = path?.split(':')[0]?.split('/').at(-1);
  const help = repair?.say ?? hint;
  return {
    severity,
    name: check,
    message: path === undefined ? message : `${path}: ${message}`,
    ...(place !== undefined && { place }),
    ...(help !== undefined && { hint: help }),
  };
}

/** The same of several steps is said once. */
function grouped(findings: readonly ReportFinding[]): readonly ReportFinding[] {
  const groups = new Map<string, ReportFinding>();
  for (const finding of findings) {
    const { severity, name, message, place } = finding;
    const key = JSON.stringify([severity, name, message, place]);
    const first = groups.get(key);
    groups.set(key, first === undefined ? finding : { ...first, steps: (first.steps ?? 1) + 1 });
  }
  return [...groups.values()];
}

/** All that is said: of the board by `check`, of steps by their reasons. The worst come first. */
export function allFindings(
  { board, params }: PreparedScenario,
  { report, timeline }: WatchedRun,
): readonly ReportFinding[] {
  const checked = checkBoard({ board, params }, { levels: lintLevels(), disabled: new Set() });
  const order = ['error', 'warning', 'note'];
  const ofBoard = checked.findings.map(boardFinding);
  // What the kernel died of explains what else failed.
  const isCause = ({ name }: ReportFinding): boolean => name === 'boot-panic';
  const all = [
    ...ofBoard.filter(isCause),
    ...failedSteps(report),
    ...ofBoard.filter((one) => !isCause(one)),
    ...(timeline?.findings ?? []),
  ];
  return grouped(all)
    .slice()
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
