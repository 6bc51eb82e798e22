/** The page's core is the command's: every recorded case of the public oracle agrees inside Chromium as it does in Node. */
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBoard, runCase } from '../conformance/conformance.ts';
import knownGaps from '../conformance/gaps.json' with { type: 'json' };
import { parseGaps } from '../conformance/gaps.ts';
import { parseCase } from '../conformance/oracle-case.ts';
import { findCases } from '../conformance/oracle-directory.ts';
import { projectPath } from '../small-board.ts';
import { launchChromium } from './chromium.ts';
import type { CaseOutcome, runCaseHere } from './oracle-page.ts';

const gaps = parseGaps(knownGaps);
const cases = findCases(projectPath('fixtures/oracle'));
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [projectPath('test/browser/oracle-page.ts')],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'oracle',
    write: false,
  });
  browser = await launchChromium();
  page = await browser.newPage();
  await page.evaluate(`${outputFiles[0]?.text}; globalThis.oracle = oracle`);
});
afterAll(() => browser.close());

declare const oracle: { readonly runCaseHere: typeof runCaseHere };

test('there are cases', () => {
  expect(cases.length).toBeGreaterThan(200);
});

test.each(cases)('$id', async ({ id, file, boards }) => {
  const text = readFileSync(file, 'utf8');
  const parsed = parseCase(text, file);
  const board = readBoard(parsed, boards);
  const outcome = await page.evaluate(
    ([name, json, blob, known]): CaseOutcome => oracle.runCaseHere(name, json, blob, known),
    [id, text, board && Buffer.from(board).toString('base64'), gaps] as const,
  );
  expect(outcome.wrong).toEqual([]);
  const here = runCase(id, parsed, boards, gaps);
  if (here.kind === 'not-modelled') expect(outcome.notModelled).toBe(here.what);
  else expect(outcome.agreed).toBe(here.grades.exact.agreed + here.grades.structural.agreed);
});
