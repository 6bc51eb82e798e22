/** What a replay came to: where the answers differ from the recorded ones, and how. */

import { escapeText } from '../../escape-text.ts';
import type { BootDifference, Booted, RunReport, StepReport } from '../../scenario/index.ts';
import { counted } from '../../units.ts';
import { hazardJson, logJson } from '../json/json.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { bootDifferenceJson, bootLine } from './boot-difference.ts';
import {
  endDetails,
  hazardLines,
  logLines,
  mismatchText,
  panicLines,
  placeText,
  stepReasons,
  stepTitle,
} from './run-text.ts';

/** What a replay came to. */
export interface Replayed {
  readonly report: RunReport;
  /** Set when another board or other boot inputs were asked for: the boots before and now. */
  readonly boots?: { readonly before: Booted | undefined; readonly after: Booted };
}

/** Steps of one replay that are shown; the rest is counted. */
const MAX_STEPS = 50;

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

function stepText(file: string, step: StepReport, ink: Ink): string {
  const place = ink.title(escapeText(placeText(file, step.position)));
  if (step.follows !== undefined)
    return `${place}: ${escapeText(stepTitle(step))}\n  follows from step ${step.follows}\n`;
  return (
    `${place}: ${escapeText(stepTitle(step))}\n` +
    indent(step.mismatches.map((one) => ink.bad(escapeText(mismatchText(one))))) +
    indent([...stepReasons(step), ...hazardLines(step.hazards)].map(escapeText)) +
    indent(logLines(step, ink))
  );
}

function headline({ report, boots }: Replayed): string {
  const { failures, steps, end, panic } = report;
  if (panic !== undefined) return 'the boot dies';
  const [first] = failures;
  if (first === undefined) {
    return end?.verdict === 'failed'
      ? `${counted(steps, 'step')} without a difference, and another end`
      : `no difference in ${counted(steps, 'step')}`;
  }
  if (boots === undefined) return `the answers first differ at step ${first.number}`;
  const own = failures.filter(({ follows }) => follows === undefined).length;
  const others = own === failures.length ? '' : `, and ${failures.length - own} more because of that`;
  return `${counted(own, 'step')} of ${steps} ${own === 1 ? 'answers' : 'answer'} differently${others}`;
}

export function replayText(
  file: string,
  replayed: Replayed,
  differences: readonly BootDifference[],
  ink: Ink = NO_INK,
): string {
  const { report, boots } = replayed;
  const { failures, end, panic } = report;
  const shown = failures.slice(0, MAX_STEPS).map((step) => stepText(report.file, step, ink));
  const more = failures.length > MAX_STEPS ? `… and ${failures.length - MAX_STEPS} more\n` : '';
  const boot =
    boots === undefined || panic !== undefined
      ? ''
      : boots.before === undefined
        ? "boot: not compared, because the scenario's own board cannot be read\n"
        : differences.length === 0
          ? 'boot: the same heaps and regions\n'
          : `boot:\n${indent(differences.map((one) => escapeText(bootLine(one))))}`;
  const dead = panic === undefined ? '' : indent(panicLines(panic, ink));
  const ending =
    end?.verdict === 'failed' && panic === undefined
      ? `at the end${failures.length === 0 ? '' : ', after what differs above'}:\n${indent(endDetails(end).map(escapeText))}`
      : '';
  const same = report.verdict === 'passed';
  const head = `${escapeText(file)}: ${same ? headline(replayed) : ink.bad(headline(replayed))}\n`;
  return head + boot + dead + shown.join('') + more + ending;
}

const stepJson = (step: StepReport) => ({
  step: step.number,
  position: step.position ?? null,
  path: step.path,
  task: step.task,
  action: step.action,
  text: step.text,
  follows: step.follows ?? null,
  mismatches: step.mismatches,
  errno: step.errno ?? null,
  fault: step.fault?.name ?? null,
  reason: stepReasons(step),
  log: step.log.map(logJson),
  hazards: step.hazards.map(hazardJson),
});

/** dmaheap.replay/1 */
export function replayJson(
  file: string,
  { report, boots }: Replayed,
  differences: readonly BootDifference[],
) {
  return {
    schema: 'dmaheap.replay/1',
    profile: report.profile,
    file,
    board: report.board,
    verdict: report.verdict === 'passed' && differences.length === 0 ? 'same' : 'different',
    steps: report.steps,
    boot:
      boots === undefined
        ? null
        : {
            compared: boots.before !== undefined,
            differences: differences.map((one) => {
              const { change, ...json } = bootDifferenceJson(one);
              return { ...json, change: change === 'grown' || change === 'shrunk' ? 'resized' : change };
            }),
          },
    panic: report.panic?.message ?? null,
    differences: report.failures.map(stepJson),
    end: report.end?.mismatches ?? [],
  };
}
