/** The script and the style of a page, which the build compiles for browsers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageParts } from '../../report/report-page.ts';
import { packageRoot } from './package-root.ts';

const built = (name: string): string => readFileSync(join(packageRoot(), 'dist', name), 'utf8').trim();

/** What a report's page is made of. */
export async function reportParts(): Promise<PageParts> {
  const [{ createHash }, { gzipSync }] = await Promise.all([import('node:crypto'), import('node:zlib')]);
  return {
    script: built('report-page.js'),
    style: built('report-page.css'),
    pack: (content) => gzipSync(content, { level: 9 }).toString('base64'),
    hash: (text) => createHash('sha256').update(text).digest('base64'),
  };
}
