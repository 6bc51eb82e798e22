/** The manual pages: one for each command, and nothing in them that mandoc or a reader would stumble over. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commandPages } from '../../scripts/man/command-pages.ts';
import { formPages } from '../../scripts/man/form-pages.ts';
import { helpText, prose } from '../../scripts/man/mdoc.ts';
import { releaseDate } from '../../scripts/man/release-date.ts';
import { HELP_TOPICS } from '../../src/cli/help-topics.ts';
import { createProgram } from '../../src/cli/program.ts';
import { projectPath } from '../small-board.ts';

const DATE = '2026-11-29';
const pages = [...(await commandPages(DATE)), ...formPages(DATE)];
const pageOf = (file: string): string => pages.find((page) => page.file === file)?.text ?? '';
const hasMandoc = spawnSync('mandoc', ['-T', 'lint'], { input: '' }).error === undefined;

test('every command has a page, and every command of a group a part of one', async () => {
  const streams = { out: () => {}, err: () => {}, outIsTerminal: false, errIsTerminal: false };
  const { commands } = await createProgram({ streams, env: {}, cwd: '/' });
  expect(commands.length).toBeGreaterThan(50);
  for (const command of commands) {
    const page = pageOf(`man1/dmaheap-${command.name()}.1`).replaceAll('\\&', '');
    expect(page).toContain(`.Nm dmaheap-${command.name()}\n`);
    for (const inner of command.commands) {
      expect(page).toMatch(new RegExp(`^\\.Ss "dmaheap ${command.name()} ${inner.name()}[ "]`, 'm'));
    }
  }
});

test('a page has what the help has: options, choices, notes, examples', () => {
  const page = pageOf('man1/dmaheap-alloc.1');
  expect(page).toContain('.It Fl Fl fd-flags Ar flags\n');
  expect(page).toContain('.It Fl v , Fl Fl verbose\n');
  expect(page).toContain('The flags of a descriptor are O_RDWR|O_CLOEXEC unless given.');
  expect(page).toMatch(/\.Sh EXAMPLES\n[\s\S]*fd=\$\(dmaheap alloc vpu-pool@50000000 300K\)/);
  expect(pageOf('man1/dmaheap.1')).toContain('130  interrupted (Ctrl-C)');
});

test('the pages of files have every key of their schemas', () => {
  for (const [file, schema] of [
    ['man5/dmaheap-board.5', 'board.schema.json'],
    ['man5/dmaheap-scenario.5', 'scenario.json'],
  ] as const) {
    const { properties, definitions } = JSON.parse(readFileSync(projectPath(`schema/${schema}`), 'utf8'));
    const steps = schema === 'scenario.json' ? definitions.step.properties : definitions.device.properties;
    const keys = [...Object.keys(properties), ...Object.keys(steps)].filter((key) => key !== '$schema');
    const page = pageOf(file).replaceAll('\\&', '');
    expect(keys.filter((key) => !page.includes(`.It Ic ${key}\n`))).toEqual([]);
  }
});

test('text cannot become a request', () => {
  expect(prose('.so /etc/passwd')).toBe('\\&.so /etc/passwd');
  expect(prose("C:\\x isn't. 'quoted'")).toBe("C:\\ex isn't.\n\\&'quoted'");
  expect(helpText(HELP_TOPICS.sizes.text)).toContain('.Bd -literal');
});

test('the date is that of the newest version', () => {
  expect(releaseDate('# Changes\n\n## 0.2.0, 2027-01-02\n\n## 0.1.0, 2026-11-29\n')).toBe('2027-01-02');
  expect(() => releaseDate('# Changes\n')).toThrow('no line');
});

// mandoc is where .ci/run installed it.
test.runIf(hasMandoc || process.env.CI !== undefined)('mandoc has nothing to say', () => {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-man-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const { file, text } of pages) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  const env = { ...process.env, MANPATH: dir };
  spawnSync('makewhatis', [dir], { env });
  const files = pages.map(({ file }) => file);
  const { stdout, stderr, status } = spawnSync('mandoc', ['-T', 'lint', '-W', 'style', ...files], {
    cwd: dir,
    env,
    encoding: 'utf8',
  });
  expect({ said: `${stdout}${stderr}`, status }).toEqual({ said: '', status: 0 });
});
