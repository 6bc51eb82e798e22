/** What a scenario came to in TAP 14: a subtest a file, in it a test point for every step that was checked. */

import { escapeText } from '../../escape-text.ts';
import type { EndReport, RunReport, StepReport } from '../../scenario/index.ts';
import { counted } from '../../units.ts';
import { endDetails, logLines, stepDetails, stepTitle } from './run-text.ts';

/** What TAP reads as the beginning of a directive is escaped. */
const description = (text: string): string => escapeText(text).replace(/[\\#]/g, '\\$&');

const quoted = (text: string): string => `'${escapeText(text).replaceAll("'", "''")}'`;

/** The YAML block of a test point that failed. */
function block(file: string, position: StepReport['position'], details: readonly string[]): string[] {
  return [
    '  ---',
    `  file: ${quoted(position?.file ?? file)}`,
    ...(position?.line === undefined ? [] : [`  line: ${position.line}`, `  column: ${position.column}`]),
    '  reason:',
    ...details.map((line) => `    - ${quoted(line)}`),
    '  ...',
  ];
}

function stepLines(file: string, step: StepReport, number: number): string[] {
  const ok = step.verdict === 'passed';
  const line = `${ok ? 'ok' : 'not ok'} ${number} - ${description(stepTitle(step))}`;
  return ok ? [line] : [line, ...block(file, step.position, [...stepDetails(step), ...logLines(step)])];
}

function endLines(file: string, end: EndReport, number: number): string[] {
  const ok = end.verdict === 'passed';
  const line = `${ok ? 'ok' : 'not ok'} ${number} - at the end`;
  return ok ? [line] : [line, ...block(file, end.position, endDetails(end))];
}

/** One scenario. @param number which one it is, from 1 */
export function runTap(report: RunReport, number: number): string {
  const { file, title, verdict, end, steps, untold } = report;
  const points = report.reports().map((step, i) => stepLines(file, step, i + 1));
  if (end !== undefined) points.push(endLines(file, end, points.length + 1));
  if (points.length === 0) {
    const ok = verdict === 'passed' ? 'ok' : 'not ok';
    points.push([`${ok} 1 - ${counted(steps, 'step')} without an expectation`]);
  }
  if (untold > 0) points.push([`# ${untold} more that held are not listed`]);
  const name = title === undefined ? file : `${file}: ${title}`;
  const inner = [`1..${points.length - (untold > 0 ? 1 : 0)}`, ...points.flat()]
    .map((line) => `    ${line}\n`)
    .join('');
  const ok = verdict === 'passed' ? 'ok' : 'not ok';
  return `# Subtest: ${description(name)}\n${inner}${ok} ${number} - ${description(name)}\n`;
}
