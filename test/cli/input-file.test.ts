/** What is not a regular file is never waited for, by any command that reads files; and a NUL is told by name. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegular } from '../../src/cli/read/input-file.ts';
import { OUTPUT_OPTIONS } from '../../src/cli/words/refuse-unwritable.ts';
import { projectPath } from '../small-board.ts';
import { commandsOf, dmaheap } from './in-process.ts';

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'dmaheap-input-')));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string) => join(dir, name);
const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const SESSION = at('session');

const socket = createServer();

beforeAll(async () => {
  execFileSync('mkfifo', [at('fifo')]);
  await new Promise<void>((resolve) => socket.listen(at('socket'), resolve));
  mkdirSync(at('directory'));
  writeFileSync(at('large'), '');
  truncateSync(at('large'), (64 << 20) + 1);
  writeFileSync(at('source.dts'), '/dts-v1/;\n#include "fifo"\n/ { };\n');
  expect(await dmaheap(['--session', SESSION, 'boot', BOARD])).toMatchObject({ code: 0 });
  expect(await dmaheap(['--session', SESSION, 'alloc', 'system', '4K'])).toMatchObject({ code: 0 });
});
afterAll(() => socket.close());

/** What else a command line needs, where that is a file it is a good one. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  boot: [BOARD],
  reconstruct: [BOARD],
  dt: [BOARD],
  diff: [BOARD, BOARD],
  boards: [BOARD],
  check: [BOARD],
  fit: [BOARD, '1M@system'],
  'dt show': ['/'],
  'overlay apply': [projectPath('fixtures/boards/run-time.dtso')],
  write: ['4'],
  cmp: ['4', BOARD],
  run: [projectPath('fixtures/scenarios/ci-gate.yaml')],
  replay: [projectPath('fixtures/scenarios/ci-gate.yaml')],
  report: [projectPath('fixtures/scenarios/ci-gate.yaml')],
  alloc: ['system', '4K'],
  age: ['system'],
  why: ['system'],
  cat: ['/proc/meminfo'],
  ls: ['/proc'],
  exec: ['true'],
};
/** Flags of an option with a file, or with one that may be left out. */
const NAMES_FILE = / [<[]file/;
const FILE_ARGUMENTS = new Set(['file', 'board', 'a', 'b', 'scenario']);

/** Every option and argument of every command that names a file to read, as command lines around it. */
const INPUTS = (await commandsOf()).flatMap(({ words, command }) => {
  const name = words.join(' ');
  const args = ARGUMENTS[name] ?? [];
  const withBoard = command.options.some(({ long }) => long === '--overlay');
  const isOwn = ['boot', 'reconstruct', 'dt', 'diff', 'boards', 'check', 'fit', 'report'].includes(
    words[0] ?? '',
  );
  const board = withBoard && !isOwn ? ['--board', BOARD] : [];
  const session = withBoard || isOwn ? [] : ['--session', SESSION];
  const options = command.options
    .filter(({ flags, long }) => NAMES_FILE.test(flags) && !OUTPUT_OPTIONS.has(long ?? ''))
    .map(({ long = '' }) => ({
      what: `${name} ${long}`,
      line: (file: string) => [...session, ...board, ...words, ...args, long ?? '', file],
    }));
  const given = command.registeredArguments.flatMap((argument, i) =>
    FILE_ARGUMENTS.has(argument.name())
      ? [
          {
            what: `${name} <${argument.name()}>`,
            line: (file: string) => [...session, ...words, ...args.map((word, j) => (i === j ? file : word))],
          },
        ]
      : [],
  );
  const global =
    withBoard && !isOwn
      ? [
          {
            what: `${name} --board`,
            line: (file: string) => ['--board', file, ...words, ...args],
          },
        ]
      : [];
  return [...options, ...given, ...global];
});

describe('an output', async () => {
  const OUTPUTS = (await commandsOf()).flatMap(({ words, command }) =>
    command.options
      .filter(({ flags, long }) => NAMES_FILE.test(flags) && OUTPUT_OPTIONS.has(long ?? ''))
      .map(({ long = '' }) => [words.join(' '), long, command.registeredArguments.length] as const),
  );
  it.each(OUTPUTS)('of %s %s that cannot be written is told before the work', async (name, option, count) => {
    // What the work itself would fail of is told after it.
    const args = Array.from({ length: count }, () => at('missing'));
    const words = name.split(' ');
    const session = words[0] === 'exec' ? ['--board', at('missing')] : [];
    for (const [file, code] of [
      [at('nowhere/file'), 'ENOENT'],
      [at('directory'), 'EISDIR'],
      [join(BOARD, 'file'), 'ENOTDIR'],
    ] as const) {
      const { code: exit, stderr } = await dmaheap([...words, ...session, option, file, ...args]);
      expect([exit, stderr]).toEqual([
        words[0] === 'exec' ? 125 : 3,
        `error: ${file}: cannot be written (${code})\n`,
      ]);
    }
  });

  it('is looked for by more options than one would list by heart', () => {
    expect(OUTPUTS.length).toBeGreaterThan(6);
  });
});

describe('an input', () => {
  it('is asked for by more commands than one would list by heart', () => {
    expect(INPUTS.length).toBeGreaterThan(25);
  });

  it.each(INPUTS.map((input) => [input.what, input] as const))(
    '%s: is no FIFO, device or socket',
    async (what, { line }) => {
      for (const [file, kind] of [
        [at('fifo'), 'a FIFO'],
        ['/dev/zero', 'a device'],
        [at('socket'), 'a socket'],
      ] as const) {
        const { code, stderr: err } = await dmaheap(line(file));
        expect([code, err]).toEqual([
          what.startsWith('exec ') ? 125 : 3,
          expect.stringContaining(
            `${file}: is ${kind}: only regular files are read, and - for standard input`,
          ),
        ]);
      }
    },
  );

  it('is no directory where that is no board, and not endless', async () => {
    for (const words of [
      ['--session', SESSION, 'write', '4', '--input'],
      ['run'],
      ['replay'],
      ['--session', SESSION, 'cmp', '4'],
    ]) {
      const { code, stderr: err } = await dmaheap([...words, at('directory')]);
      expect([code, err]).toEqual([3, expect.stringContaining('is a directory')]);
    }
    for (const words of [['run'], ['replay'], ['boot']]) {
      const { code, stderr: err } = await dmaheap(
        ['--session', at('none'), ...words, at('large')].slice(words[0] === 'boot' ? 0 : 2),
      );
      expect([code, err]).toEqual([3, expect.stringContaining('larger than 64 MiB')]);
    }
  });

  it('of a source is no FIFO either', async () => {
    const { code, stderr: err } = await dmaheap(['dt', at('source.dts')]);
    expect([code, err]).toEqual([3, expect.stringContaining('only regular files are read')]);
  });

  it('may be /dev/null, which ends at once', async () => {
    expect(await dmaheap(['--session', SESSION, 'write', '4', '--input', '/dev/null'])).toMatchObject({
      code: 0,
    });
    expect(await dmaheap(['dt', '/dev/null'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('is empty'),
    });
  });

  it('that loops, or is too long, is told', async () => {
    execFileSync('ln', ['-s', 'circle', at('circle')]);
    for (const file of [at('circle'), at('x'.repeat(5000)), join(BOARD, 'x')]) {
      expect(await dmaheap(['dt', file])).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('cannot be read'),
      });
    }
  });

  it('is opened once, and asked what it is then', () => {
    const opened = openRegular(BOARD);
    expect(opened.stats.isFile()).toBe(true);
    expect(() => openRegular(at('fifo'))).toThrow('is a FIFO');
    expect(() => openRegular('a\0b')).toThrow('a path cannot have a NUL character in it');
  });
});

describe('a NUL', async () => {
  const LINES = (await commandsOf()).flatMap(({ words, command }) => {
    const args = command.registeredArguments.map(() => '1');
    const globals = ['--session', '--board', '--task'];
    const options = command.options
      .filter((option) => option.required || option.optional)
      .map(({ long = '' }) => [[...words, ...args, long ?? '', 'x\0y'], long ?? ''] as const);
    return [
      ...options,
      ...globals.map((name) => [[name, 'x\0y', ...words, ...args], name] as const),
      ...command.registeredArguments.map(
        (argument, i) => [[...words, ...args.with(i, 'x\0y')], argument.name()] as const,
      ),
    ];
  });

  it('in any option or argument of any command is wrong usage that names it', async () => {
    expect(LINES.length).toBeGreaterThan(250);
    for (const [words, name] of LINES) {
      const { code, stderr: err } = await dmaheap(words);
      // Some commands only print their help, and of some the other words are wrong already.
      const only = /no command given|unknown command|["']1["']/.test(err);
      // What exec fails of is told apart from what its program fails of.
      const wrong = words.includes('exec') && !words.includes('task') ? 125 : 2;
      expect([words, code, only || err.includes(name)]).toEqual([words, wrong, true]);
    }
  });
});
