/** A run of a program as JUnit XML: one test case, which fails with the program, or with what `--fail-on` names. */
import type { RunOutcome } from '../exec/run-summary.ts';
import { content, tag } from './junit-xml.ts';

function failureOf({
  code,
  failed,
  summary,
}: RunOutcome): { type: string; message: string; body: string } | undefined {
  const lines = [...summary.leaks, ...summary.hazards].map(({ text }) => text).join('\n');
  if (code !== 0) return { type: 'exit', message: `exit code ${code}`, body: lines };
  if (failed.length === 0) return undefined;
  return { type: failed.join(' '), message: failed.join(' and '), body: lines };
}

/** The report of one run; its times are 0, as those of scenarios. */
export function execJunit(outcome: RunOutcome): string {
  const { command, profile, task } = outcome;
  const failure = failureOf(outcome);
  const counts = { tests: 1, failures: failure === undefined ? 0 : 1, errors: 0 };
  const open = tag('testcase', { classname: profile, name: command.join(' '), time: '0' });
  const body =
    failure === undefined
      ? `    <${open}/>\n`
      : `    <${open}>\n      <${tag('failure', { message: failure.message, type: failure.type })}>${content(failure.body)}</failure>\n    </testcase>\n`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<${tag('testsuites', { name: 'dmaheap exec', ...counts, time: '0' })}>\n`,
    `  <${tag('testsuite', { name: task, ...counts, skipped: 0, time: '0' })}>\n`,
    '    <properties>\n',
    `      <${tag('property', { name: 'profile', value: profile })}/>\n`,
    '    </properties>\n',
    body,
    '  </testsuite>\n',
    '</testsuites>\n',
  ].join('');
}
