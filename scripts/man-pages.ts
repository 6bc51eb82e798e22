/** Writes the manual pages, man/man1 and man/man5: a part of the build. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { commandPages } from './man/command-pages.ts';
import { formPages } from './man/form-pages.ts';
import { releaseDate } from './man/release-date.ts';

rmSync('man', { recursive: true, force: true });
const date = releaseDate(readFileSync('CHANGELOG.md', 'utf8'));
for (const { file, text } of [...(await commandPages(date)), ...formPages(date)]) {
  mkdirSync(dirname(`man/${file}`), { recursive: true });
  writeFileSync(`man/${file}`, text);
}
