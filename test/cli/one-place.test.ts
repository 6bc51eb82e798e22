/** What has one place in the command stays there: a second one would not keep its rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';

const CLI = projectPath('src/cli');

const code = readdirSync(CLI, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    return { name: entry.name, text: text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '') };
  });

const withText = (pattern: RegExp): string[] =>
  code.flatMap(({ name, text }) => (pattern.test(text) ? [name] : [])).sort();

test.each([
  ['signals are listened to', /process\.(on|once|addListener)\(/, ['interruption.ts']],
  ['the process is ended', /process\.(exit|abort|reallyExit)\(/, ['process.ts']],
  ['standard output and error are written', /process\.std(out|err)\.write|console\./, []],
  ['files that a user names are written', /\bwriteFile|\bcreateWriteStream|\bappendFile/, []],
  ['files are opened to be written', /\b(openOutput|createOutput)\(/, ['output-file.ts']],
  ['bytes are written', /\b(writeSync|writeHost)\(/, ['output-file.ts', 'streams.ts']],
])('%s in one place', (_, pattern, files) => {
  expect(withText(pattern)).toEqual(files);
});
