/** The help of every command: it fits 80 columns, mostly a screen, and shows no option that is another command's. */
import { describe, expect, test } from 'vitest';
import * as exitCodes from '../../src/cli/exit-code.ts';
import { TOPIC_NAMES } from '../../src/cli/help-topic-names.ts';
import { commandPaths } from './every-command.ts';
import { commandsOf, dmaheap } from './in-process.ts';

/** Lines of a screen; these say more, most of all how a board is booted. */
const SCREEN = 45;
const LONGER = ['boot', 'reconstruct', 'replay', 'dt'];

const helpOf = async (path: string): Promise<string> =>
  (await dmaheap([...path.split(' '), '--help'])).stdout;
const optionsIn = (help: string): string[] =>
  [...help.matchAll(/^ {2}(?:-\S, )?(--[\w-]+)/gm)].map(([, option = '']) => option);

const paths = (await commandPaths()).filter((path) => path !== 'help');

describe.each(paths)('%s --help', (path) => {
  test('fits', async () => {
    const lines = (await helpOf(path)).trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(LONGER.includes(path) ? 60 : SCREEN);
  });
});

test('a group of commands, and all of them, fit into 80 columns', async () => {
  for (const words of [[], ['session'], ['task'], ['device'], ['fault']]) {
    const { stdout } = await dmaheap([...words, '--help']);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  }
});

test.each(TOPIC_NAMES)('help %s is a screen', async (topic) => {
  const { stdout, code } = await dmaheap(['help', topic]);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.length).toBeLessThanOrEqual(SCREEN);
});

test('the help names its topics, and what is nearly one', async () => {
  const { stdout } = await dmaheap(['--help']);
  for (const topic of TOPIC_NAMES) expect(stdout).toContain(topic);
  expect(await dmaheap(['help', 'exit-code'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean exit-codes?'),
  });
  // With the name of a command as well, its help has both.
  expect((await dmaheap(['help', 'kernels'])).stdout).toContain('nearest:6.15');
});

test('help exit-codes has every exit code there is', async () => {
  const { stdout } = await dmaheap(['help', 'exit-codes']);
  const told = [...stdout.matchAll(/^ {2}(\d+) {2,}/gm)].map(([, code]) => Number(code));
  for (const [name, code] of Object.entries(exitCodes)) {
    if (typeof code === 'number') expect(told, name).toContain(code);
  }
});

test('shows options that the command takes, each once, and leaves those of a boot to boot', async () => {
  const commands = new Map((await commandsOf()).map(({ words, command }) => [words.join(' '), command]));
  const all = optionsIn(await helpOf('boot'));
  for (const path of paths) {
    const shown = optionsIn(await helpOf(path));
    const taken: string[] = ['--help', '--version'];
    for (let at = commands.get(path) ?? null; at !== null; at = at.parent) {
      taken.push(...at.options.flatMap(({ long }) => long ?? []));
    }
    expect(shown.filter((option) => !taken.includes(option))).toEqual([]);
    expect([...new Set(shown)]).toEqual(shown);
    // What the help leaves out stands in that of boot, and the help says so; those of dtc stand there in short.
    const help = await helpOf(path);
    const own = commands.get(path)?.options ?? [];
    const left = own
      .filter(({ long, short, description }) => {
        const inShort = short !== undefined && help.includes(` ${short}`);
        return long && description !== '' && !shown.includes(long) && !inShort;
      })
      .flatMap(({ long }) => long ?? []);
    expect(left.filter((option) => !all.includes(option))).toEqual([]);
    if (left.length > 0) expect(help).toMatch('dmaheap boot --help');
  }
});
