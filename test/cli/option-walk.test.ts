/**
 * Every command with every option: an option changes what the command answers, keeps or writes, or it is refused by
 * name. None is passed over in silence, and a value that is nonsense is never taken.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { SqliteStore } from '../../src/session/sqlite-store.ts';
import { type Answer, type Called, commandsOf, dmaheap } from './in-process.ts';
import { badValue, LINES, MAKING, OTHER_LINES, PERMISSIONS, VALUES } from './option-walk.ts';
import { FILES } from './option-walk-board.ts';

/** What the boots of a command were made of: an input that reaches one has not been passed over. */
const boots = vi.hoisted((): string[] => []);
vi.mock('../../src/kernel/boot/boot.ts', async (original) => {
  const actual = await original<typeof import('../../src/kernel/boot/boot.ts')>();
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
  return {
    ...actual,
    boot: (...[board, params, ...rest]: Parameters<typeof actual.boot>) => {
      boots.push(JSON.stringify([params, board.tree], plain));
      return actual.boot(board, params, ...rest);
    },
  };
});

let place = '';
let made: State = { text: '', booted: '' };
const origin = process.cwd();
const at = (name: string) => join(place, name);

beforeAll(async () => {
  // In memory where there is such a place: the walk commits a thousand times.
  place = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dmaheap-walk-'));
  process.chdir(place);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(at(name), text);
  writeFileSync(at('walk.dtb'), '');
  expect(await run(['dt', 'walk.dts', '-O', 'dtb', '-o', 'walk.dtb'])).toMatchObject({ code: 0 });
  for (const words of MAKING) expect(await run(words), words.join(' ')).toMatchObject({ code: 0 });
  execFileSync('cp', ['-R', '.dmaheap', 'kept']);
  made = state();
});
afterAll(() => {
  process.chdir(origin);
  rmSync(place, { recursive: true, force: true });
});

/** Presses Ctrl-C after one picture of what would go on for ever. */
const ENDLESS = '--watch';
const pressed = (stop: () => void) => {
  const timer = setTimeout(stop, 50);
  return () => clearTimeout(timer);
};

const run = (words: readonly string[]): Promise<Answer> =>
  dmaheap(words, {}, { cwd: place, ...(words.includes(ENDLESS) && { interrupts: pressed }) });

/** Everything as it was when it was made. */
function restore(): void {
  for (const name of readdirSync(place)) {
    if (!Object.hasOwn(FILES, name) && !['kept', 'walk.dtb'].includes(name))
      rmSync(at(name), { recursive: true, force: true });
  }
  execFileSync('cp', ['-R', 'kept', '.dmaheap']);
}

interface State {
  /** The records of a session, and the bytes of every other file. */
  readonly text: string;
  /** When the session was booted, and how often. */
  readonly booted: string;
}

function state(): State {
  const seen: string[] = [];
  let booted = '';
  for (const name of readdirSync(place).sort()) {
    const store = join(name, 'store');
    if (existsSync(store)) {
      const reader = new SqliteStore(at(store));
      reader.read((records) => {
        for (const key of records.keys('').sort()) {
          const sum = `${name} ${key} ${sha256(records.get(key) ?? new Uint8Array())}`;
          // When it was booted differs, whatever the options.
          if (key === 'session') booted += sum;
          else seen.push(sum);
        }
      });
      reader.close();
    } else if (!Object.hasOwn(FILES, name) && name !== 'kept')
      seen.push(`${name} ${sha256(readFileSync(at(name)))}`);
  }
  return { text: seen.join('\n'), booted };
}

const isAsMade = ({ text, booted }: State): boolean => text === made.text && booted === made.booted;

interface Ran extends Answer {
  readonly all: string;
}

async function observed(words: readonly string[]): Promise<Ran> {
  boots.length = 0;
  const answer = await run(words);
  // Wrong usage changes nothing: the same session serves the next line.
  if (answer.code === 2) return { ...answer, all: JSON.stringify(answer) };
  const left = state();
  const all = JSON.stringify([answer, boots, left.text]).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  // Most lines only look.
  if (!isAsMade(left)) restore();
  return { ...answer, all };
}

const bases = new Map<string, Promise<Ran>>();
const observedOnce = (words: readonly string[]): Promise<Ran> => {
  const key = words.join('\0');
  const known = bases.get(key) ?? observed(words);
  bases.set(key, known);
  return known;
};

const optionsOf = (command: Command): readonly Option[] => {
  const all: Option[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) all.push(...at.options);
  return all.filter(({ long }) => long !== '--help' && long !== '--version');
};

/** What a command with an option came to: `shows` where it changed anything. */
type Verdict = 'shows' | 'refused' | 'permission' | string;

async function tried({ words, command }: Called, option: Option, more: readonly string[]): Promise<Verdict> {
  const path = words.join(' ');
  const long = option.long ?? option.short ?? '';
  const of = <T>(table: Readonly<Record<string, T>>) => table[`${path} ${long}`] ?? table[long];
  const line = [...words, ...(OTHER_LINES[`${path} ${long}`] ?? LINES[path] ?? []), ...more];
  const value = of(VALUES);
  if (option.required && long !== '--wait' && value === undefined) return 'has no value in this test';
  const withValue = (text: string) => (option.long === undefined ? [`${long}${text}`] : [`${long}=${text}`]);
  const taken = option.required ? withValue(value ?? '5') : [long];
  if (long === '--board' && more.length > 0) return 'permission';
  const bad = badValue(path, long);
  if (option.required && bad !== undefined) {
    const answer = await observed([...line, ...withValue(bad)]);
    const told = answer.code !== 0 || (['--include', '-i'].includes(long) && answer.stderr.includes(bad));
    if (!told) return `takes ${bad} in silence`;
  }
  const after = await observed([...line, ...taken]);
  const before = await observedOnce(line);
  if (after.code === 2) {
    const named =
      after.stderr.includes(long) || /no session|works on a session|which task makes/.test(after.stderr);
    return named ? 'refused' : `refused, but not by name: ${after.stderr}`;
  }
  if (after.all !== before.all) return 'shows';
  return of(PERMISSIONS) === undefined ? `passed over: ${command.name()} answers the same` : 'permission';
}

test('no option of any command is passed over in silence, and no nonsense is taken', async () => {
  const wrong: string[] = [];
  const counts = { pairs: 0, shows: 0, refused: 0, permission: 0 };
  const commands = (await commandsOf()).filter(
    ({ words, command }) =>
      // Runs a program, which needs a compiler: test/native has its options.
      words[0] !== 'exec' && (command.registeredArguments.length > 0 || command.commands.length === 0),
  );
  expect(commands.map(({ words }) => words.join(' ')).filter((path) => LINES[path] === undefined)).toEqual(
    [],
  );
  for (const called of commands) {
    const path = called.words.join(' ');
    const { code } = await observedOnce([...called.words, ...(LINES[path] ?? [])]);
    if (code > 1) wrong.push(`${path}: the line of this test answers ${code}`);
    const takesBoard =
      (await observed([...called.words, ...(LINES[path] ?? []), '--board=walk.dts'])).code !== 2;
    for (const option of optionsOf(called.command)) {
      // How source is read differs between source and a blob; nothing else does.
      const source = ['--include', '--define', '--symbols', '--overlay'].includes(option.long ?? '');
      const boards = [
        [],
        ...(takesBoard ? [['--board=walk.dtb']] : []),
        ...(takesBoard && source ? [['--board=walk.dts']] : []),
      ];
      const verdicts = [];
      for (const more of boards) verdicts.push([more, await tried(called, option, more)] as const);
      counts.pairs++;
      for (const [more, verdict] of verdicts) {
        if (verdict === 'shows' || verdict === 'refused' || verdict === 'permission') counts[verdict]++;
        else wrong.push(`${[path, ...more, option.long ?? option.short].join(' ')}: ${verdict}`);
      }
    }
  }
  // The figure of the walk, for people.
  console.log(JSON.stringify({ commands: commands.length, ...counts }));
  expect(wrong).toEqual([]);
}, 600_000);

test('a task that there is none of is started, and said to be, or it is said that there is none', async () => {
  const commands = (await commandsOf()).filter(
    ({ words, command }) =>
      words[0] !== 'exec' && (command.registeredArguments.length > 0 || command.commands.length === 0),
  );
  const silent: string[] = [];
  let taken = 0;
  for (const { words } of commands) {
    const path = words.join(' ');
    const { code, stdout, stderr } = await observed([...words, ...(LINES[path] ?? []), '--task=ghost']);
    if (code === 2) continue;
    taken++;
    const isSaid = /started task ghost|ESRCH|there is no task ghost/.test(stdout + stderr);
    if (!isSaid) silent.push(path);
  }
  expect(silent).toEqual([]);
  expect(taken).toBeGreaterThan(30);
}, 120_000);

test('help for a command that there is none of is wrong usage', async () => {
  const groups = (await commandsOf()).filter(({ command }) => command.registeredArguments.length === 0);
  const paths = [
    [],
    ...groups.filter(({ command }) => command.commands.length > 0).map(({ words }) => words),
  ];
  for (const path of paths) {
    for (const line of [
      [...path, 'nosuch', '--help'],
      [...path, 'nosuch', '-h'],
      ['help', ...path, 'nosuch'],
    ]) {
      expect(await run(line), line.join(' ')).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining("unknown command 'nosuch'"),
      });
    }
  }
  expect(paths.length).toBeGreaterThan(4);
});

test('what is given for a board is refused where no board is given, files that are not there first of all', async () => {
  const all: readonly (readonly string[])[] = [
    ['replay', 'walk.yaml', '--overlay', 'no-such.dtso'],
    ['run', 'walk.yaml', '--overlay', 'no-such.dtso'],
    ['dt', 'show', '/', '--overlay', 'no-such.dtso'],
    ['replay', 'walk.yaml', '-I', 'no-such'],
    ['replay', 'walk.yaml', '-D', 'NO_SUCH'],
  ];
  for (const words of all) {
    expect(await run(words), words.join(' ')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: --\w+ goes with --board FILE.*ignored\n {2}Add --board/),
    });
  }
});

test('a board that would replace none is refused, and one that replaces some says which stay', async () => {
  const board = ['--board', 'walk.dts'];
  expect(await run(['run', 'inline.yaml', ...board])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /--board would be ignored: the board of inline\.yaml stands in the scenario/,
    ),
  });
  expect(await run(['run', 'inline.yaml', 'walk.yaml', ...board])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^note: the board of inline\.yaml stands in the scenario and stays$/m),
  });
  expect(await run(['replay', 'inline.yaml', ...board])).toMatchObject({ code: 1 });
});
