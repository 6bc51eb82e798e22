/** The tables of list, regions, buffers, tasks and devices, as their commands print them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { COMMAND_LINES } from './every-command.ts';
import { dmaheap } from './in-process.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const CAMERA = 'a200000.camera';
/** The commands, and the first column of each. */
const FIRST: Readonly<Record<string, string>> = {
  list: 'HEAP',
  regions: 'REGION',
  buffers: 'FD',
  tasks: 'TASK',
  devices: 'DEVICE',
};

const place = mkdtempSync(join(tmpdir(), 'dmaheap-tables-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  dmaheap(words, {}, { cwd: place, env });

beforeAll(async () => {
  await run(['boot', BOARD]);
  await run([
    'alloc',
    'video-cma@60000000',
    '64K',
    '--count',
    '3',
    '--name',
    'a-name-of-31-bytes-at-the-most-',
  ]);
  await run(['device', 'attach', CAMERA, '4']);
  await run(['mmap', '5']);
  for (const task of ['camera', 'encoder']) await run(['task', 'send', '4', task]);
  await run(['device', 'add', 'dsp', '--dma-range', '0x40000000:0x0:1G', '--bus-limit', '0x3fffffff']);
});

/** The lines of the table: after what Linux it is of, before the notes. */
const tableOf = (text: string): string[] => {
  const parts = text.trimEnd().split('\n\n');
  return (parts.find((part) => /^[A-Z]+ {2}/.test(part)) ?? '').split('\n');
};

describe.each(Object.keys(FIRST))('%s', (command) => {
  test('fits 80 columns in a pipe, and any width that COLUMNS says', async () => {
    for (const width of [40, 57, 80, 100, 200]) {
      const { stdout } = await run([command], width === 80 ? {} : { COLUMNS: String(width) });
      const lines = tableOf(stdout);
      expect(lines.length).toBeGreaterThan(1);
      expect(lines.filter((line) => line.length > width)).toEqual([]);
    }
  });

  test('has the columns that are asked for, and tells which there are', async () => {
    const wrong = await run([command, '-o', 'nope']);
    expect(wrong.code).toBe(2);
    const [, list = ''] = /There is no column nope\. There are ([^.]+)\./.exec(wrong.stderr) ?? [];
    const titles = list.split(', ');
    expect(titles.length).toBeGreaterThan(5);
    const help = (await run([command, '--help'])).stdout.replace(/\s+/g, ' ');
    expect(help).toContain(`these columns: ${list}`);
    const asked = titles.toReversed().join(',').toLowerCase();
    const [heading = ''] = tableOf((await run([command, '--output', asked])).stdout);
    expect(heading.trim().split(/ +/)).toEqual(titles.toReversed());
  });

  test('is rows alone with -n, and refuses what JSON would ignore', async () => {
    const rows = (await run([command, '-n'])).stdout.trimEnd().split('\n');
    expect(rows).toHaveLength(tableOf((await run([command])).stdout).length - 1);
    for (const words of [['-n'], ['-b'], ['-o', FIRST[command] ?? '']]) {
      expect((await run([command, '--json', ...words])).code).toBe(2);
    }
  });
});

test('names are whole in a column alone, and cut with the sign that the locale has', async () => {
  const name = 'a-name-of-31-bytes-at-the-most-';
  expect((await run(['buffers', '-no', 'NAME'], { COLUMNS: '20' })).stdout).toBe(`${name}\n`.repeat(3));
  const cut = async (env: Readonly<Record<string, string>>) =>
    (await run(['buffers', '-o', 'NAME,FD'], env)).stdout;
  expect(await cut({ COLUMNS: '20', LANG: 'C' })).toMatch(/^a-[a-z-]*\.\.[a-z-]+ /m);
  expect(await cut({ COLUMNS: '20', LANG: 'en_GB.UTF-8' })).toMatch(/^a-[a-z-]*…[a-z-]+ /m);
  expect(await cut({ COLUMNS: '20', LANG: 'en_GB.UTF-8', LC_ALL: 'C' })).toMatch(/\.\./);
});

test('sizes are of one unit, or exact', async () => {
  const sizes = async (...words: string[]) =>
    (await run(['list', '-n', '-o', 'SIZE', ...words])).stdout.trim().split(/\s+/);
  expect(await sizes()).toEqual(['891312K', '32768K', '32768K', '65536K', '4096K', '1536K']);
  expect((await sizes('-b')).map(Number)).toEqual(
    (await sizes()).map((size) => Number.parseInt(size, 10) * 1024),
  );
});

test('two heaps of one area are told as such, where both are shown', async () => {
  const { stdout } = await run(['list']);
  expect(stdout).toContain('\ndefault_cma_region and linux,cma are names of one area.\n');
  expect((await run(['boot', BOARD, '--session', 'other'])).stdout).toContain('are names of one area');
  expect(
    (await run(['list', '--board', projectPath('fixtures/boards/two-bank.dtb'), '--cmdline', 'cma=0']))
      .stdout,
  ).not.toContain('one area');
});

/** The lines of every table in a text: from its titles to the next empty line. */
const tablesIn = (text: string): string[][] =>
  text
    .split(/\n{2,}/)
    .map((part) => part.split('\n'))
    .map((lines) => lines.slice(lines.findIndex((line) => /^ *[A-Z]{2,} {2,}[A-Z]/.test(line))))
    .filter(([title = '']) => /^ *[A-Z]{2,} {2,}[A-Z]/.test(title));

const SEVERAL =
  /(?<![\w.:])1 (pages|bytes|buffers|steps|heaps|regions|calls|entries|areas|tasks|boards|findings|descriptors|lines|files|pieces|names|devices|options|slots|rows|notes|warnings|errors|differences)\b(?! ?\()/;
/** What the kernel prints has its own words. */
const isOfKernel = (line: string): boolean => /^ *(<\d>)?\[ *\d+\.\d+\]|req-size:|\bof 1 pages/.test(line);

test('every table of every command fits 80 columns, and one thing is no several', async () => {
  const wide: string[] = [];
  const several: string[] = [];
  const withTable = new Set<string>();
  const place = mkdtempSync(join(tmpdir(), 'dmaheap-wide-'));
  const lines = [
    // Paths are not cut, and this one may be long.
    ...COMMAND_LINES.filter(([command]) => command !== 'boards'),
    ['boot', BOARD, '--force'],
    ['alloc', 'system', '64K', '--name', 'a-name-of-31-bytes-at-the-most-'],
    ...['camera-of-the-left-side', 'encoder-of-the-right-side'].map((task) => ['task', 'send', '4', task]),
    ['device', 'attach', CAMERA, '4'],
    ['leaks'],
    ['show', 'heap:system'],
    ['fault', 'add', 'errno=ENOMEM,heap=video-cma@60000000,size=>=1M,nth=100'],
    ['fault', 'list'],
    ['boot', BOARD, '--force', '--nofile', '5'],
    ['alloc', 'system', '4K'],
    ['alloc', 'system', '4K'],
    ['why', 'ENOENT'],
    ['report'],
    ['memmap'],
    ['show', '4'],
    ['export', '--output', join(place, 'one.yaml')],
    ['replay', join(place, 'one.yaml')],
    ['run', join(place, 'one.yaml')],
    ['alloc', 'npu-pool@52000000', '1200K'],
    ['list', '--board', BOARD, '--cmdline', 'cma=0', '--coherent', 'off'],
  ];
  for (const words of lines) {
    if (words.includes('__complete')) continue;
    const { stdout, stderr } = await dmaheap(words, {}, { cwd: place });
    for (const line of `${stdout}\n${stderr}`.split('\n')) {
      if (SEVERAL.test(line) && !isOfKernel(line)) several.push(`${words.join(' ')}: ${line}`);
    }
    for (const table of [...tablesIn(stdout), ...tablesIn(stderr)]) {
      withTable.add(words[0] ?? '');
      wide.push(...table.filter((line) => line.length > 80).map((line) => `${words.join(' ')}: ${line}`));
    }
  }
  rmSync(place, { recursive: true, force: true });
  expect(wide).toEqual([]);
  expect(several).toEqual([]);
  for (const command of ['boot', 'list', 'config', 'kernels', 'leaks', 'check', 'fault'])
    expect([...withTable]).toContain(command);
});
