import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { withOutputs } from './transcript.ts';

const PAGE = projectPath('docs/coherency.md');

test('docs/coherency.md prints what the command prints (UPDATE_DOCS=1 writes it anew)', () => {
  const page = readFileSync(PAGE, 'utf8');
  const now = withOutputs(page);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, now);
  else expect(page).toBe(now);
  // What the page is about.
  expect(now).toContain('missing: DMA_BUF_IOCTL_SYNC with DMA_BUF_SYNC_START|DMA_BUF_SYNC_READ by shell');
  expect(now).toContain('stray DMA: a200000.camera wrote');
});
