/**
 * What scenarios came to as JUnit XML, in the form that Jenkins, GitLab and the actions of GitHub read: a test suite
 * a file, a test case for every step that was checked, and one for the end. Times are 0: the same file gives the
 * same bytes.
 */

import type { SourcePosition } from '../../diagnostic.ts';
import type { EndReport, RunReport, StepReport } from '../../scenario/index.ts';
import { counted } from '../../units.ts';
import { content, tag } from './junit-xml.ts';
import { endDetails, logLines, mismatchText, placeText, stepDetails, stepTitle } from './run-text.ts';

interface Case {
  readonly name: string;
  readonly position: SourcePosition | undefined;
  /** Absent: it passed. */
  readonly failure?: { readonly type: string; readonly message: string; readonly lines: readonly string[] };
}

function stepCase(file: string, step: StepReport): Case {
  const line = step.position?.line === undefined ? '' : `line ${step.position.line}, `;
  const named = { name: `${line}${stepTitle(step)}`, position: step.position };
  const [first] = step.mismatches;
  if (first === undefined) return named;
  const lines = [
    `${placeText(file, step.position)}: ${stepTitle(step)}`,
    ...stepDetails(step),
    ...logLines(step),
  ];
  return { ...named, failure: { type: first.what, message: mismatchText(first), lines } };
}

function endCase(file: string, end: EndReport): Case {
  const named = { name: 'at the end', position: end.position };
  const [first] = end.mismatches;
  if (first === undefined) return named;
  const lines = [`${placeText(file, end.position)}: at the end`, ...endDetails(end)];
  return { ...named, failure: { type: first.what, message: mismatchText(first), lines } };
}

function casesOf(report: RunReport): Case[] {
  const { file, end, verdict, steps } = report;
  const cases = report.reports().map((step) => stepCase(file, step));
  if (end !== undefined) cases.push(endCase(file, end));
  if (verdict === 'unfinished') {
    const failure = { type: 'interrupted', message: `interrupted after step ${steps}`, lines: [] };
    cases.push({ name: 'interrupted', position: undefined, failure });
  }
  // A suite without a case is read as one that was not run.
  if (cases.length === 0)
    cases.push({ name: `all ${counted(steps, 'step')} without a failure`, position: undefined });
  return cases;
}

function caseXml(file: string, { name, position, failure }: Case): string {
  const open = tag('testcase', { classname: file, name, file, line: position?.line, time: '0' });
  if (failure === undefined) return `    <${open}/>\n`;
  const { type, message, lines } = failure;
  const body = content(lines.join('\n'));
  return `    <${open}>\n      <${tag('failure', { message, type })}>${body}</failure>\n    </testcase>\n`;
}

function suiteXml(report: RunReport): string {
  const { file, title, profile, seed, untold } = report;
  const cases = casesOf(report);
  const counts = {
    tests: cases.length,
    failures: cases.filter(({ failure }) => failure !== undefined).length,
    errors: 0,
    skipped: 0,
  };
  const open = tag('testsuite', { name: title ?? file, file, ...counts, time: '0' });
  const properties = [
    tag('property', { name: 'profile', value: profile }),
    tag('property', { name: 'seed', value: seed }),
    ...(untold > 0 ? [tag('property', { name: 'untold', value: untold })] : []),
  ];
  return [
    `  <${open}>\n`,
    '    <properties>\n',
    ...properties.map((property) => `      <${property}/>\n`),
    '    </properties>\n',
    ...cases.map((one) => caseXml(file, one)),
    '  </testsuite>\n',
  ].join('');
}

export function runJunit(reports: readonly RunReport[]): string {
  const cases = reports.flatMap(casesOf);
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const open = tag('testsuites', {
    name: 'dmaheap run',
    tests: cases.length,
    failures,
    errors: 0,
    time: '0',
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${open}>\n${reports.map(suiteXml).join('')}</testsuites>\n`;
}
