/** Public reports, played: each scenario holds, says what was seen and why, and stands in the list. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { scenarioFiles } from '../../src/cli/read/scenario-files.ts';
import { prepareScenario, readScenario, runScenario } from '../../src/scenario/index.ts';
import { projectPath } from '../small-board.ts';
import { failures } from './running.ts';

const FOLDER = projectPath('fixtures/reports');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const list = readFileSync(`${FOLDER}/README.md`, 'utf8');
const read = (name: string): string => readFileSync(`${FOLDER}/${name}`, 'utf8');

/** The numbers of the collection: it has none of these. */
const NUMBERS = Array.from({ length: 46 }, (_, i) => i + 1).filter(
  (number) => ![9, 17, 28, 40].includes(number),
);

const rows = [...list.matchAll(/^\| ([^|]+?) +\| ([^|]*?) *\|/gm)].map(([, report = '', cell = '']) => ({
  report,
  cell,
}));

interface Expecting {
  readonly steps?: readonly { readonly expect?: unknown }[];
  readonly expect?: unknown;
}

describe.each(files)('%s', (name) => {
  it('holds', async () => {
    const path = `${FOLDER}/${name}`;
    const source = readScenario(read(name), path);
    const prepared = await prepareScenario(source, scenarioFiles(path, { warn: () => undefined }));
    expect(failures(runScenario(prepared, { keepGoing: true }))).toEqual([]);
  });

  it('says what was seen and why, and whose report it is', () => {
    const text = read(name);
    const report = /^# Report: (.+)$/m.exec(text)?.[1] ?? '';
    expect(text).toMatch(/^# Symptom: .{20}/m);
    expect(text).toMatch(/^# Cause: .{10}/m);
    expect(text).toContain(`title: "${report}: `);
    const row = rows.find((one) => one.report === report);
    expect(row?.cell).toContain(`](${name})`);
  });

  it('expects something, or shows the other half of one that does', () => {
    const { steps = [], expect: end } = parse(read(name)) as Expecting;
    const expects = end !== undefined || steps.some((step) => step.expect !== undefined);
    expect(expects || name === 'r45-with-a-rule.yaml').toBe(true);
  });
});

it('every report is played, or the list says why not', () => {
  const named = rows.map(({ report }) => report);
  expect(NUMBERS.filter((number) => !named.includes(`R${number}`))).toEqual([]);
  const linked = [...list.matchAll(/\]\(([^)]+\.yaml)\)/g)].map(([, file]) => file);
  expect([...linked].sort()).toEqual([...files].sort());
});
