// biome-ignore-all lint/suspicious/noControlCharactersInRegex: finding them is the purpose
/**
 * Reports hold what scenarios and device trees say: any character at all. Whoever reads them is no part of dmaheap,
 * so others' parsers read them here: expat, libxml2, Python's and jq's JSON, tap-parser.
 */
import { spawnSync } from 'node:child_process';
import { Parser } from 'tap-parser';
import { beforeAll, describe, expect, it } from 'vitest';
import { jsonText } from '../../../src/cli/json/json-text.ts';
import { runJson } from '../../../src/cli/render/run-json.ts';
import { runJunit } from '../../../src/cli/render/run-junit.ts';
import { runTap } from '../../../src/cli/render/run-tap.ts';
import type { RunReport } from '../../../src/scenario/index.ts';
import { run } from '../../scenario/running.ts';

/** Every code unit, surrogates without their other half among them, and what the forms take for their own. */
const ALL = Array.from({ length: 0x10000 }, (_, i) => String.fromCharCode(i))
  .reverse()
  .join('');
const ODD = [
  ']]> <!-- --> <![CDATA[ &amp; &#0; &nope;',
  '\r\n\t\v\f\0\x07\x1b[31m\x7f\x85\u2028\u2029',
  '\ud800 \udc00\ud83d \ud83d\ude00 \ufffe\uffff \ufdd0 \u{1fffe}',
  'not ok 7 - forged\nok 8\n1..3\nBail out! now',
  "# skip \\# TODO it's '' \\ \\\\ ---\n...\n  ---\n",
  '\u202egnp.exe',
];

const text = (value: string): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

let reports: readonly RunReport[] = [];
beforeAll(async () => {
  const steps = ODD.map(
    (odd) => `  - alloc: { heap: ${text(odd)}, size: 4K, name: ${text(odd)} }
    note: ${text(odd)}
  - cat: /proc/cmdline
    expect: { text: ${text(odd)}, log: ${text(odd)} }
  - for: { x: [${text(odd)}], do: [ { cat: "/proc/\${x}", note: ${text(odd)}, expect: { errno: any, ret: 1 } } ] }
`,
  );
  const report = await run(
    `title: x\nsteps:\n${steps.join('')}expect: { log: ${text(ODD[1] ?? '')}, leaks: 1 }\n`,
    {
      keepGoing: true,
    },
  );
  expect(report.failures).toHaveLength(3 * ODD.length);
  reports = [...ODD, ALL].map((title) => ({ ...report, title, file: `${title}.yaml` }));
});

/** What a foreign program says of a text. */
function told(command: string, args: readonly string[], input: string): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error !== undefined || status !== 0)
    throw new Error(`${command}: ${error?.message} ${stderr.slice(0, 500)}`);
  return stdout;
}

const has = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0;
// .ci/run installs all of them.
const PYTHON = has('python3', '-c', 'import json, xml.etree.ElementTree');
const XMLLINT = has('xmllint', '--version');
const JQ = has('jq', '--version');

const COUNT = `
import sys, json, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
suites = root.findall('testsuite')
cases = root.findall('testsuite/testcase')
print(json.dumps([root.tag, int(root.get('tests')), len(cases), int(root.get('failures')),
  len(root.findall('testsuite/testcase/failure')), [suite.get('name') for suite in suites]]))
`;

/** What XML has no way to say is written out. */
const sayable = (value: string): string =>
  value.replace(
    /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

describe('JUnit', () => {
  it.skipIf(!PYTHON)('is read by expat, with all that XML can say (skipped without python3)', () => {
    const [tag, tests, cases, failures, found, names] = JSON.parse(
      told('python3', ['-c', COUNT], runJunit(reports)) ?? '',
    );
    expect([tag, tests, failures]).toEqual(['testsuites', cases, found]);
    expect(cases).toBe(reports.length * (3 * ODD.length + 1));
    expect(names).toEqual([...ODD, ALL].map(sayable));
  });

  it.skipIf(!XMLLINT)('is read by libxml2 (skipped without xmllint)', () => {
    expect(told('xmllint', ['--noout', '--huge', '-'], runJunit(reports))).toBe('');
  });
});

describe('JSON', () => {
  const titles = (json: string): unknown =>
    (JSON.parse(json) as { files: { title: string }[] }).files.map(({ title }) => title);

  /** A half of a character that UTF-16 needs two for is none that JSON passes on; a byte that is no UTF-8 is. */
  const passed = [...ODD, ALL].map((title) => title.replace(/[\ud800-\udbff](?![\udc00-\udfff])/g, '\ufffd'));

  it('says exactly what was said, in characters that no terminal obeys', () => {
    const json = jsonText(runJson(reports, reports.length));
    expect(titles(json)).toEqual(passed);
    expect(json).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]|\p{Surrogate}/u);
  });

  it.skipIf(!PYTHON)('is read by Python (skipped without python3)', () => {
    const script = 'import sys, json; print(json.dumps(json.load(sys.stdin)))';
    expect(titles(told('python3', ['-c', script], jsonText(runJson(reports, reports.length))))).toEqual(
      passed,
    );
  });

  it.skipIf(!JQ)('is read by jq (skipped without it)', () => {
    expect(jsonText({ text: '\\ud800 \\\\ud800' })).toBe('{\n  "text": "\\\\ud800 \\\\\\\\ud800"\n}\n');
    expect(told('jq', ['.files | length'], jsonText(runJson(reports, reports.length)))).toBe(
      `${reports.length}\n`,
    );
  });
});

it('TAP is read by tap-parser: nothing in it is taken for a line of the form', () => {
  const tap = `TAP version 14\n1..${reports.length}\n${reports.map((report, i) => runTap(report, i + 1)).join('')}`;
  const failed: string[] = [];
  const extra: string[] = [];
  const parser = new Parser({ strict: true });
  let points = 0;
  let blocks = 0;
  parser.on('extra', (line: string) => extra.push(line));
  parser.on('child', (child: Parser) => {
    child.on('extra', (line: string) => extra.push(line));
    child.on('assert', (point) => {
      points++;
      if (point.skip || point.todo || point.ok) failed.push(point.name);
      if (point.diag?.file !== undefined && Array.isArray(point.diag.reason)) blocks++;
    });
  });
  parser.end(tap);
  const { results } = parser;
  expect([
    results?.count,
    results?.fail,
    results?.failures.filter((one) => 'tapError' in one && one.tapError != null),
    results?.bailout,
  ]).toEqual([reports.length, reports.length, [], false]);
  expect([failed, extra]).toEqual([[], []]);
  expect([points, blocks]).toEqual([reports.length * (3 * ODD.length + 1), points]);
});
