/** What scenarios came to, for people: a line for one that passed, the reasons for one that did not. */
import type { SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../../escape-text.ts';
import type { EndReport, LiveBuffer, Mismatch, Panic, RunReport, StepReport } from '../../scenario/index.ts';
import { counted, formatSize } from '../../units.ts';
import { explainOutcome } from '../explain/explain-failure.ts';
import { explainGroup, groupReports } from '../explain/explain-hazard.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { droppedNote, renderLogLine, splitLog } from './log.ts';

/** `gate.yaml:12:5`, or the place in the data of a scenario that is no file. */
export const placeText = (file: string, position: SourcePosition | undefined): string =>
  [position?.file ?? file, position?.line, position?.column].filter((part) => part !== undefined).join(':');

export const mismatchText = ({ what, expected, got }: Mismatch): string =>
  `${what}: expected ${expected}, got ${got}`;

/** More live buffers than this are counted only. */
const MAX_ALIVE = 20;

function aliveText({ buffer, madeBy }: LiveBuffer): string {
  const { ino, size, heap, name, maker, call, fds, mappings, attachments } = buffer;
  const title = name === undefined || name === '' ? '' : ` "${name}"`;
  const holders = [
    ...fds.map(({ task, fd }) => `fd ${fd} of ${task}`),
    ...mappings.map(({ task, id }) => `mapping ${id} of ${task}`),
    ...attachments.map(({ device }) => device),
  ];
  const made =
    madeBy === undefined
      ? `call ${call} of ${maker}`
      : `step ${madeBy.number}${madeBy.position === undefined ? '' : ` (line ${madeBy.position.line})`}`;
  const held = holders.length === 0 ? 'nobody' : holders.join(', ');
  return `alive: ino ${ino}${title}, ${formatSize(size)} of ${heap}, made by ${made}, held by ${held}`;
}

function aliveLines(alive: readonly LiveBuffer[] = []): string[] {
  const lines = alive.slice(0, MAX_ALIVE).map(aliveText);
  if (alive.length > MAX_ALIVE) lines.push(`… and ${alive.length - MAX_ALIVE} more`);
  return lines;
}

/** What explains a step that failed: lines without line breaks, the kernel log apart. */
export function stepReasons(step: StepReport): string[] {
  const unmade = step.unmade.map((name) => `no step before has made '${name}'`);
  const loops = Object.entries(step.vars).map(([name, value]) => `${name} = ${value}`);
  return [
    ...(step.follows === undefined ? [] : [`follows from step ${step.follows}`]),
    ...(step.fault === undefined ? [] : [step.fault.message]),
    ...(step.follows === undefined ? explainOutcome(step) : []),
    ...unmade,
    ...(loops.length === 0 ? [] : [`in the loop: ${loops.join(', ')}`]),
    ...aliveLines(step.alive),
    ...(step.note === undefined ? [] : [`note: ${step.note}`]),
  ];
}

export const hazardLines = (hazards: StepReport['hazards']): string[] =>
  groupReports(hazards).flatMap(explainGroup);

export function logLines(step: StepReport, ink: Ink = NO_INK): string[] {
  const { shown, dropped } = splitLog(step.log);
  const lines = shown.map((line) => renderLogLine(line, false, ink));
  return dropped === 0 ? lines : [...lines, `(${droppedNote(dropped)})`];
}

/** Everything that is said of a step that failed, below its headline. */
export const stepDetails = (step: StepReport): string[] => [
  ...step.mismatches.map(mismatchText),
  ...stepReasons(step),
  ...hazardLines(step.hazards),
];

export const endDetails = (end: EndReport): string[] => [
  ...end.mismatches.map(mismatchText),
  ...aliveLines(end.alive),
  ...hazardLines(end.hazards),
];

export const stepTitle = ({ number, task, text }: StepReport): string =>
  `step ${number}${task === 'shell' ? '' : ` (${task})`}: ${text}`;

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

function failureText(file: string, step: StepReport, ink: Ink): string {
  const head = `${ink.title(escapeText(placeText(file, step.position)))}: ${escapeText(stepTitle(step))}\n`;
  const { mismatches } = step;
  const reasons = [...stepReasons(step), ...hazardLines(step.hazards)];
  return (
    head +
    indent(mismatches.map((one) => ink.bad(escapeText(mismatchText(one))))) +
    indent(reasons.map(escapeText)) +
    indent(logLines(step, ink))
  );
}

const VERDICTS = { passed: 'ok', failed: 'FAILED', unfinished: 'STOPPED' } as const;

/** One scenario: its verdict, and what did not hold. */
export function runText(report: RunReport, ink: Ink = NO_INK): string {
  const { file, title, verdict, steps, checked, end, panic } = report;
  const expectations = checked + (end === undefined ? 0 : 1);
  const name = `${escapeText(file)}${title === undefined ? '' : `: ${escapeText(title)}`}`;
  const mark = verdict === 'passed' ? ink.title(VERDICTS.passed) : ink.bad(VERDICTS[verdict]);
  const what = panic === undefined ? counted(steps, 'step') : 'the boot dies';
  const head = `${mark} ${name} (${what}, ${counted(expectations, 'expectation')})\n`;
  const failures = report.failures.map((step) => failureText(file, step, ink));
  if (end?.verdict !== 'failed') return head + failures.join('');
  const place = ink.title(escapeText(placeText(file, end.position)));
  const boot = panic === undefined ? [] : panicLines(panic, ink);
  const ending = `${place}: ${panic === undefined ? `at the end, after ${counted(steps, 'step')}` : 'at boot'}\n`;
  return head + failures.join('') + ending + indent(endDetails(end).map(escapeText)) + indent(boot);
}

/** The end of a log that ends in a panic, and what it was of. */
export const panicLines = ({ log, cause }: Panic, ink: Ink): string[] => [
  ...log.slice(-3).map((line) => renderLogLine(line, false, ink)),
  ...(cause === undefined ? [] : [escapeText(cause.message)]),
];

/** All of them, in one line. */
export function runSummary(reports: readonly RunReport[], total: number, ink: Ink = NO_INK): string {
  const count = (verdict: RunReport['verdict']) =>
    reports.filter((report) => report.verdict === verdict).length;
  const [failed, stopped] = [count('failed'), count('unfinished')];
  const parts = [`${count('passed')} passed`];
  if (failed > 0) parts.push(ink.bad(`${failed} failed`));
  if (stopped > 0) parts.push(`${stopped} interrupted`);
  if (total > reports.length) parts.push(`${total - reports.length} not run`);
  return `${counted(total, 'scenario')}: ${parts.join(', ')}\n`;
}
