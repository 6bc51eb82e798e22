import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessibleNodes, axeViolations, launchChromium, openFile } from './chromium.ts';

let browser: Browser;
const directory = mkdtempSync(join(tmpdir(), 'dmaheap-browser-'));

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  rmSync(directory, { recursive: true });
});

test('what a page does that none of ours may is seen', async () => {
  const path = join(directory, 'bad.html');
  writeFileSync(
    path,
    `<!doctype html><title>bad</title><img src="http://127.0.0.1:9/x.png"><button>free 4</button>
<script>alert('a name ran'); throw new Error('broken');</script>`,
  );
  const { page, complaints, requests } = await openFile(browser, path);
  await page.waitForLoadState('load');
  expect(complaints).toContain('dialog: a name ran');
  expect(complaints).toContain('broken');
  expect(requests).toEqual(['http://127.0.0.1:9/x.png']);
  expect((await axeViolations(page)).join('\n')).toContain('image-alt: img');
  expect(await accessibleNodes(page)).toContainEqual({ role: 'button', name: 'free 4' });
});
