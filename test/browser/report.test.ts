/** The page of a report in headless Chromium: as its reader has it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportParts } from '../../src/cli/read/page-parts.ts';
import { reportPage } from '../../src/report/report-page.ts';
import { dmaheap } from '../cli/in-process.ts';
import { HOSTILE, hostileReport } from '../report/hostile-timeline.ts';
import { projectPath } from '../small-board.ts';
import { accessibleNodes, axeViolations, launchChromium, type OpenPage, openFile } from './chromium.ts';

const LIMIT = 2 << 20;
const PAINTED = 'performance.getEntriesByName("first map")[0].startTime';

let browser: Browser;
const directory = mkdtempSync(join(tmpdir(), 'dmaheap-report-'));
const at = (name: string): string => join(directory, name);

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  rmSync(directory, { recursive: true });
});

/** Opens a page and waits until all is listed. */
async function opened(file: string, options?: BrowserContextOptions): Promise<OpenPage> {
  const open = await openFile(browser, file, options);
  await open.page.waitForSelector('body[data-ready]', { timeout: 90_000 });
  return open;
}

describe('of a scenario', () => {
  const file = at('report.html');
  beforeAll(async () => {
    const scenario = projectPath('fixtures/scenarios/ci-gate.yaml');
    const { code } = await dmaheap(['report', scenario, '--html', file, '--compare', '6.12']);
    expect(code).toBe(0);
  });

  test('shows each step by slider, keyboard and number', async () => {
    const { page, complaints, requests } = await opened(file);
    const slider = page.locator('#step');
    const buffers = page.locator('#picture g.buffer');
    expect(await buffers.count()).toBe(0);
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await page.locator('#now').textContent()).toBe('before the first of 9 steps');
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    await buffers.first().waitFor();
    expect(await slider.getAttribute('aria-valuetext')).toContain('after step 4 of 9: shell: alloc');
    await page.locator('#number').fill('9');
    await page.keyboard.press('Enter');
    await expect.poll(() => buffers.count()).toBe(0);
    await page.locator('#window').selectOption({ label: 'video-cma@60000000' });
    await expect.poll(() => page.locator('#picture').textContent()).toContain('0x60000000');
    expect([complaints, requests]).toEqual([[], []]);
  });

  test('buffer, step and region lead to each other', async () => {
    const { page } = await opened(file);
    await page.locator('#b0 >> text=step 1').click();
    expect(await page.evaluate('location.hash')).toBe('#s1');
    await page.locator('#s1 a').click();
    expect(await page.evaluate('location.hash')).toBe('#b0');
    await page.locator('#b0 >> text=video-cma').last().click();
    expect(await page.locator(':target').textContent()).toContain('67108864CMA');
    await page.locator('#b2 button').click();
    await page.waitForSelector('#picture g.chosen rect');
    expect(await page.locator('#number').inputValue()).toBe('3');
    await page.locator('#picture g.chosen rect').first().click();
    expect(await page.evaluate('location.hash')).toBe('#b2');
  });

  test('the scenario can be saved, and is the one that was given', async () => {
    const { page } = await opened(file);
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('#files button', { hasText: 'scenario.yaml' }).click(),
    ]);
    await saved.saveAs(at('scenario.yaml'));
    expect(saved.suggestedFilename()).toBe('scenario.yaml');
    const given = readFileSync(projectPath('fixtures/scenarios/ci-gate.yaml'), 'utf8');
    expect(readFileSync(at('scenario.yaml'), 'utf8')).toBe(given);
  });

  test.each(['light', 'dark'] as const)('axe-core finds nothing, %s', async (colorScheme) => {
    const { page } = await opened(file, { colorScheme });
    expect(await axeViolations(page)).toEqual([]);
    await page.locator('summary').first().click();
    await page.locator('#b0 button').click();
    await page.waitForSelector('#picture g.chosen rect');
    expect(await axeViolations(page)).toEqual([]);
  });

  test('every buffer’s name, address and size are in the accessibility tree', async () => {
    const { page } = await opened(file);
    const names = (await accessibleNodes(page)).map(({ name }) => name);
    for (const address of ['0x60000000', '0x60c00000', '0x61800000', '0x62400000']) {
      expect(names).toContain(address);
    }
    expect(names.filter((name) => name === '12443648').length).toBeGreaterThanOrEqual(4);
    expect(names.filter((name) => name === 'frame').length).toBeGreaterThanOrEqual(4);
  });
});

test('hostile names are text', async () => {
  writeFileSync(at('hostile.html'), reportPage(hostileReport, await reportParts()));
  const { page, complaints, requests } = await opened(at('hostile.html'));
  expect([complaints, requests]).toEqual([[], []]);
  const [script, , long] = HOSTILE;
  expect(await page.title()).toBe(script);
  expect(await page.locator('#b0 th').textContent()).toBe(script);
  expect(await page.locator('#b1 th').textContent()).toBe('a\\u{202e}gnp.exe');
  expect(await page.locator('#r0 th').textContent()).toBe(long);
  expect(await page.evaluate('document.body.scrollWidth <= innerWidth')).toBe(true);
  expect(await axeViolations(page)).toEqual([]);
});

test('of a kernel that dies while it boots: the reason, the log and the inputs, and no empty pictures', async () => {
  cpSync(projectPath('fixtures/boards/camera-soc.dtb'), at('board.dtb'));
  writeFileSync(at('dies.yaml'), 'board: board.dtb\nboot: { cmdline: mem=8M }\n');
  const { code } = await dmaheap(['report', at('dies.yaml'), '--html', at('dies.html'), '--compare', '6.12']);
  expect(code).toBe(0);
  const { page, complaints, requests } = await opened(at('dies.html'));
  expect([complaints, requests]).toEqual([[], []]);
  expect(await page.locator('.panic').textContent()).toContain('Failed to allocate');
  expect(await page.locator('#finding-list').textContent()).toContain('boot-panic');
  expect(await page.locator('#s0').textContent()).toContain('Kernel panic - not syncing');
  expect(await page.locator('#files button').allTextContents()).toHaveLength(2);
  expect(await page.locator('#map, #buffers, #use').count()).toBe(0);
  expect(await axeViolations(page)).toEqual([]);
});

test('ten thousand steps are one small page, whose map is there at once', async () => {
  const steps = Array.from(
    { length: 5000 },
    (_, i) =>
      `  - { alloc: { heap: ${i % 3 === 0 ? 'system' : 'video-cma@60000000'}, size: ${(i % 7) + 1}00K, name: frame-${i} }, as: f${i} }\n${i < 40 ? '  - { sleep: 1 }\n' : `  - { free: f${i - 40} }\n`}`,
  );
  cpSync(projectPath('fixtures/boards/camera-soc.dtb'), at('board.dtb'));
  writeFileSync(at('long.yaml'), `board: board.dtb\nsteps:\n${steps.join('')}`);
  const { code, stdout, stderr } = await dmaheap([
    'report',
    at('long.yaml'),
    '--html',
    at('long.html'),
    '--json',
  ]);
  expect([code, stderr]).toEqual([0, '']);
  const { bytes, steps: count } = JSON.parse(stdout);
  expect(count).toBe(10_000);
  expect(bytes).toBeLessThan(LIMIT);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { page } = await openFile(browser, at('long.html'));
    await page.waitForSelector('#picture svg');
    times.push(await page.evaluate<number>(PAINTED));
    await page.context().close();
  }
  const median = times.toSorted((a, b) => a - b)[2];
  // The figure, for people.
  console.log(`${bytes} bytes, first map ${median?.toFixed(0)} ms (median of 5)`);
  expect(median).toBeLessThan(2000);
}, 300_000);
