import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { withOutputs } from './transcript.ts';

const PAGE = projectPath('docs/accounting.md');

test('docs/accounting.md prints what the command prints (UPDATE_DOCS=1 writes it anew)', () => {
  const page = readFileSync(PAGE, 'utf8');
  const now = withOutputs(page);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, now);
  else expect(page).toBe(now);
  // What the page is about.
  expect(now).toContain('the OOM killer ended the caller');
});
