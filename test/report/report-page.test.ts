import { expect, test } from 'vitest';
import { reportPage } from '../../src/report/report-page.ts';
import { HOSTILE, hostileReport } from './hostile-timeline.ts';

const PARTS = {
  script: 'draw()',
  style: 'body{}',
  pack: (content: string | Uint8Array) => Buffer.from(content).toString('base64'),
  hash: (text: string) => `hash-of-${text.length}`,
};

test('a name cannot leave its place in the page, and only its own script may run', () => {
  const page = reportPage(hostileReport, PARTS);
  expect(page.match(/<script\b/g)).toHaveLength(2);
  expect(page).toContain('&lt;script&gt;alert(1)');
  expect(page).toContain(
    `default-src 'none'; script-src 'sha256-hash-of-6'; style-src 'sha256-hash-of-6'; base-uri 'none'; form-action 'none'`,
  );
});

test('marks that turn or hide letters are written out in its title', () => {
  const page = reportPage({ ...hostileReport, title: `${HOSTILE[1]} vidéo 視頻` }, PARTS);
  expect(page).toContain('<title>a\\u{202e}gnp.exe vidéo 視頻</title>');
});
