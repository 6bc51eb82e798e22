/** Every command of README.md and docs/ is run, and what stands under it is what it prints. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshPlace, type Place } from '../cli/built-command.ts';
import { projectPath } from '../small-board.ts';
import { NO_COMMANDS, NOT_RUN, SETTINGS } from './page-settings.ts';
import { blocksOf, commandsIn, runPage } from './transcript.ts';

const PAGES = ['README.md', ...readdirSync(projectPath('docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);
const pageText = (name: string): string => readFileSync(projectPath(name), 'utf8');
const isRunOn = (name: string) => (command: string) =>
  !(NOT_RUN[name] ?? []).some(([pattern]) => pattern.test(command));

function placeOf(name: string): Place {
  const place = freshPlace('built');
  const { files = {}, before } = SETTINGS[name] ?? {};
  for (const part of ['boards', 'scenarios']) {
    cpSync(projectPath(`fixtures/${part}`), join(place.dir, 'fixtures', part), { recursive: true });
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place.dir, file)), { recursive: true });
    writeFileSync(join(place.dir, file), text);
  }
  if (before !== undefined) expect(place.inShell(before)).toMatchObject({ code: 0 });
  return place;
}

describe('the commands of', () => {
  test.each(PAGES)('%s print what stands there (UPDATE_DOCS=1 writes it anew)', (name) => {
    const page = pageText(name);
    const run = runPage(page, placeOf(name), isRunOn(name));
    // Of examples without output it only matters that they mean something: 1 is the answer no.
    const examples = blocksOf(page).flatMap((block) => (block.language === 'sh' ? commandsIn(block) : []));
    const failed = run.printed.filter(
      ({ command, code }) => examples.includes(command) && (code > 1 || code < 0),
    );
    expect(failed).toEqual([]);
    expect(run.printed.filter(({ code }) => code === 127 || code < 0)).toEqual([]);
    if (process.env.UPDATE_DOCS === '1') writeFileSync(projectPath(name), run.page);
    else expect(page).toBe(run.page);
  });

  test('docs/coherency.md show what the page is about', () => {
    const page = pageText('docs/coherency.md');
    expect(page).toContain('missing: DMA_BUF_IOCTL_SYNC with DMA_BUF_SYNC_START|DMA_BUF_SYNC_READ by shell');
    expect(page).toContain('stray DMA: a200000.camera wrote');
  });

  test('docs/accounting.md show what the page is about', () => {
    expect(pageText('docs/accounting.md')).toContain('the OOM killer ended the caller');
  });
});

describe('the blocks of', () => {
  test.each(PAGES)('%s are run, or of a kind without commands', (name) => {
    for (const block of blocksOf(pageText(name))) {
      const where = `${name}:${block.line}`;
      if (['console', 'sh'].includes(block.language)) {
        expect(commandsIn(block).length, where).toBeGreaterThan(0);
        continue;
      }
      expect(NO_COMMANDS, `${where}: give it a language`).toContain(block.language);
      expect(block.text, `${where}: has a command`).not.toMatch(/^(\$ |dmaheap |npm |npx )/m);
    }
  });

  test('which commands are not run is said of such as there are', () => {
    for (const [name, commands] of Object.entries(NOT_RUN)) {
      const all = blocksOf(pageText(name)).flatMap(commandsIn);
      for (const [pattern] of commands)
        expect(all.filter((command) => pattern.test(command))).not.toEqual([]);
    }
  });
});

describe('what a newcomer types', () => {
  test('dmaheap is found on the PATH as README puts it there', () => {
    const [line = ''] = /export PATH="[^"]+"/.exec(pageText('README.md')) ?? [];
    const { stdout } = spawnSync('sh', ['-c', `${line}\ncommand -v dmaheap && cd / && dmaheap --version`], {
      cwd: projectPath('.'),
      env: { HOME: '/', PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) },
      encoding: 'utf8',
    });
    const { version } = JSON.parse(pageText('package.json'));
    expect(stdout.split('\n').slice(1)).toEqual([version, '']);
    expect(stdout).toContain('/bin/dmaheap\n');
  });

  test.each(PAGES)('%s sends nobody to a registry that has no dmaheap', (name) => {
    expect(pageText(name)).not.toMatch(
      /(npm (install|i|add|exec)|npx|yarn add|pnpm add)( -\S+)* dmaheap(\s|$|@)/m,
    );
  });
});
