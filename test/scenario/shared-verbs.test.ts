/**
 * What the command line and scenarios both do, they do alike: every verb that both have is done both ways on machines in
 * the same state, and answers the same errno, value and reason.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stepReasons } from '../../src/cli/render/run-text.ts';
import { ACTIONS } from '../../src/scenario/actions/index.ts';
import type { Expect } from '../../src/scenario/expect-form.ts';
import { compileScenario, runScenario, type Step, type StepReport } from '../../src/scenario/index.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { commandsOf, dmaheap } from '../cli/in-process.ts';
import { projectPath } from '../small-board.ts';
import { cameraBoard } from './running.ts';
import { ALLOC_FILE, AREA, CAMERA, CASES, HELLO, type Line, LONG } from './shared-verb-cases.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const place = mkdtempSync(join(tmpdir(), 'dmaheap-shared-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const hello = join(place, 'hello');
writeFileSync(hello, 'hello');

type Json = Readonly<Record<string, unknown>>;

/** What a command answered, as JSON. */
interface Answer extends Json {
  readonly error?: {
    readonly code?: string;
    readonly message: string;
    readonly errno?: string;
    readonly why: Json | null;
    readonly reason: readonly string[];
  };
}

interface Verb {
  /** The command, as it is called. */
  readonly command: string;
  /** The value in a command's answer, as what is expected of the step. */
  readonly value: (answer: Json) => Expect;
}

const nothing = (): Expect => ({ ret: 0 });
const number = (key: string) => (answer: Json) => ({ ret: Number(answer[key]) });
const made = (key: string) => (answer: Json) => ({ fd: Number(answer[key]) });
const joined = (names: unknown): string | number => (names as string[]).join('|') || 0;
const first = (list: unknown): Json => (list as Json[])[0] ?? {};
const numbers =
  (...keys: readonly string[]) =>
  (answer: Json) => ({ value: Object.fromEntries(keys.map((key) => [key, Number(answer[key])])) });
const base64 = (text: unknown): Buffer => Buffer.from(String(text), 'base64');

/** Every verb that both have, by the scenario's word. */
const VERBS: Readonly<Record<string, Verb>> = {
  open: { command: 'open', value: made('fd') },
  alloc: {
    command: 'alloc',
    // Of several no single one is expected; that they are there is found by what follows.
    value: ({ fds, size }) => {
      const [fd, ...more] = fds as number[];
      return fd === undefined || more.length > 0 ? {} : { fd, size: Number(size) };
    },
  },
  free: { command: 'free', value: nothing },
  dup: { command: 'dup', value: made('ret') },
  name: { command: 'name', value: nothing },
  fcntl: { command: 'fcntl', value: number('ret') },
  lseek: { command: 'lseek', value: number('ret') },
  poll: {
    command: 'poll',
    value: ({ ret, fds }) => ({ ret: Number(ret), revents: joined(first(fds).revents) }),
  },
  stat: {
    command: 'stat',
    value: numbers('st_mode', 'st_uid', 'st_gid', 'st_size', 'st_blocks', 'st_blksize', 'st_ino'),
  },
  ioctl: { command: 'ioctl', value: ({ ret, arg }) => ({ ret: Number(ret), arg: String(arg) }) },
  sync: { command: 'sync', value: nothing },
  mmap: { command: 'mmap', value: number('mapping') },
  munmap: { command: 'munmap', value: nothing },
  read: { command: 'read', value: (answer) => ({ bytes: base64(answer.base64).toString('hex') }) },
  write: { command: 'write', value: nothing },
  fill: { command: 'fill', value: nothing },
  cat: { command: 'cat', value: ({ files }) => ({ text: String(first(files).text) }) },
  ls: {
    command: 'ls',
    value: ({ paths }) => ({ names: (first(paths).entries as Json[]).map(({ name }) => String(name)) }),
  },
  echo: { command: 'echo', value: number('written') },
  'task-add': { command: 'task add', value: number('pid') },
  fork: { command: 'task fork', value: number('pid') },
  exec: { command: 'task exec', value: nothing },
  exit: { command: 'task exit', value: nothing },
  send: { command: 'task send', value: made('fd') },
  'device-add': { command: 'device add', value: nothing },
  'device-set': { command: 'device set', value: nothing },
  'device-rm': { command: 'device rm', value: nothing },
  attach: { command: 'device attach', value: number('attachment') },
  map: {
    command: 'device map',
    value: ({ segments }) => ({ dma: String(first(segments).dma_address) }),
  },
  unmap: { command: 'device unmap', value: nothing },
  detach: { command: 'device detach', value: nothing },
  sleep: { command: 'sleep', value: nothing },
  fault: { command: 'fault add', value: number('id') },
  'fault-rm': { command: 'fault rm', value: nothing },
  pin: { command: 'pin', value: nothing },
  unpin: { command: 'unpin', value: nothing },
  modprobe: { command: 'modprobe', value: nothing },
  age: {
    command: 'age',
    value: numbers('allocated', 'freed', 'alive', 'alive_bytes', 'free', 'largest', 'largest_aligned'),
  },
};

/** Actions that are no commands. */
const ONLY_SCENARIOS: ReadonlySet<string> = new Set(['setrlimit', 'check']);
/** Commands that are no actions: they look, or are about files, sessions and scenarios. */
const ONLY_COMMANDS: ReadonlySet<string> = new Set(
  [
    'boot, reboot, session info, session path, session check, session compact, session rm, dt show, list, regions',
    'buffers, show, dmesg, hazards, leaks, dump, sum, cmp, tasks, devices, device show, run, export, replay',
    'fault list, completion, help',
  ].flatMap((line) => line.split(', ')),
);

/**
 * Where they do not agree, and in what; the second of two equal lines of a case has `(2)` behind it. To be mended, not to
 * grow: one that agrees again fails the test.
 */
const DISAGREE: Readonly<Record<string, readonly string[]>> = {
  // Of a path that is not there the command says no more than the errno; a scenario repeats the path.
  'open /sys/nope': ['why', 'reason'],
  'echo 1 /sys/nope': ['why', 'reason'],
  // Who the task is, which the command adds to a mode that refused it; a scenario does not.
  '--task user open system': ['reason'],
  '--task user alloc system 4K': ['reason'],
  [`--task user cat ${ALLOC_FILE}`]: ['reason'],
  [`--task user echo 1 ${ALLOC_FILE}`]: ['why', 'reason'],
  // ls of a scenario says EACCES and nothing of the mode.
  '--task user ls /sys/kernel/debug': ['why', 'reason'],
  // How many there were before the one that failed.
  [`alloc ${AREA} 24M --count 3`]: ['reason'],
  // The command's own words, beside or in the place of the kernel's numbers.
  [`alloc system 4K --name ${LONG}`]: ['reason'],
  'lseek 4 1 SEEK_END': ['why', 'reason'],
  'lseek 4 0 SEEK_CUR': ['why', 'reason'],
  // The command looks at the buffer's size; the words for the kernel's numbers are those of an allocation's length,
  // and wrong of a mapping's: nothing wraps to 0.
  'mmap 4 --length 1M': ['why', 'reason'],
  'mmap 4 --offset 1 --length 4K': ['why', 'reason'],
  'mmap 4 --offset 64K': ['why', 'reason'],
  'read 4:64K:1': ['why', 'reason'],
  'read 4:60K:8K': ['why', 'reason'],
  'write 4:64K --input HELLO_FILE': ['why', 'reason'],
  'write 4:65534 --input HELLO_FILE': ['why', 'reason'],
  // Of bytes that reach past the end the command stores those that fit, and a scenario none.
  'read 4:65534:2': ['bytes'],
  'fill 4:60K:8K 1': ['why', 'reason'],
  // The command knows more of an attachment than that the kernel refused it; a scenario names one that nobody gave.
  'read attachment:9:0:1': ['why', 'reason'],
  [`fill 4 1 --as ${CAMERA}`]: ['why', 'reason'],
  'device unmap extra attachment:1': ['why', 'reason'],
  'device map extra attachment:1': ['why', 'reason'],
  'device map extra attachment:9': ['why', 'reason'],
  'device unmap extra attachment:1 (2)': ['why', 'reason'],
  'device unmap extra attachment:9': ['why', 'reason'],
  'device detach extra attachment:1 (2)': ['why', 'reason'],
  // The command says by how many attachments the device is in use.
  'device set extra --mask 36': ['reason'],
};

const actionOf = (step: Step): string => Object.keys(step).find((key) => Object.hasOwn(ACTIONS, key)) ?? '';

/** A failure's numbers as an answer in JSON has them. */
const plain = (why: object | undefined): unknown =>
  why === undefined
    ? null
    : Object.fromEntries(
        Object.entries(why).map(([key, value]) => [
          key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          typeof value === 'bigint' ? Number(value) : value,
        ]),
      );

/** What a fault is called by a command, and by a scenario. */
const FAULTS: Readonly<Record<string, string>> = {
  'segmentation-fault': 'SegmentationFault',
  'bus-error': 'BusError',
  'iommu-fault': 'IommuFault',
};

async function commandAnswers(lines: readonly Line[], session: string): Promise<Answer[]> {
  const call = async (words: readonly string[]): Promise<Answer> => {
    const { stdout, stderr } = await dmaheap(['--json', '--session', session, ...words]);
    const text = stdout.trim() === '' ? stderr : stdout;
    try {
      return JSON.parse(text);
    } catch {
      throw new Error(`${words.join(' ')}: no JSON: ${text}`);
    }
  };
  await call(['boot', BOARD]);
  const answers: Answer[] = [];
  for (const [words] of lines) {
    answers.push(await call(words.map((word) => (word === HELLO ? hello : word))));
  }
  return answers;
}

/** @param answers the command's, whose values the steps must have */
function stepReports(lines: readonly Line[], answers: readonly Answer[]): readonly StepReport[] {
  const steps = lines.map(([, step], i): Step => {
    const answer = answers[i];
    const ended = answer?.error !== undefined;
    const value = answer === undefined || ended ? {} : VERBS[actionOf(step)]?.value(answer);
    return { ...step, expect: { ...value, errno: 'any' } };
  });
  const source = { scenario: { board: BOARD, steps }, file: 'shared.yaml' };
  return runScenario(compileScenario(source, cameraBoard(), { readFile: () => new Uint8Array(), sha256 }), {
    keepGoing: true,
  }).reports();
}

/** In what a command and a step differ, and how. */
function differences(answer: Answer, step: StepReport): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const compare = (what: string, command: unknown, scenario: unknown): void => {
    const [one, other] = [command, scenario].map((value) => JSON.stringify(value));
    if (one !== other) found.set(what, `${one} of the command, ${other} of the scenario`);
  };
  const { error } = answer;
  compare('errno', error?.errno ?? null, step.errno ?? null);
  compare('fault', FAULTS[error?.code ?? ''] ?? null, step.fault?.name ?? null);
  if (error?.code !== undefined && FAULTS[error.code] === undefined) found.set('error', error.message);
  if (error?.errno !== undefined) {
    compare('why', error.why, plain(step.why));
    compare('reason', error.reason, stepReasons(step));
  }
  for (const { what, expected, got } of step.mismatches) {
    if (error === undefined) found.set(what, `${expected} of the command, ${got} of the scenario`);
  }
  return found;
}

/** What lines are called in messages, the second of two that are equal otherwise than the first. */
function labels(lines: readonly Line[]): string[] {
  const counts = new Map<string, number>();
  return lines.map(([words]) => {
    const text = words.join(' ');
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return count === 1 ? text : `${text} (${count})`;
  });
}

describe('what both have', () => {
  it('is in the table, and what only one has is named', async () => {
    const commands = (await commandsOf())
      .filter(({ command }) => command.commands.length === 0)
      .map(({ words }) => words.join(' '));
    const told = [...Object.values(VERBS).map(({ command }) => command), ...ONLY_COMMANDS];
    expect(commands.filter((command) => !told.includes(command))).toEqual([]);
    expect(Object.values(VERBS).filter(({ command }) => !commands.includes(command))).toEqual([]);
    expect([...Object.keys(VERBS), ...ONLY_SCENARIOS].sort()).toEqual(Object.keys(ACTIONS).sort());
  });

  it('is done in some case', () => {
    const done = new Set(Object.values(CASES).flatMap((lines) => lines.map(([, step]) => actionOf(step))));
    expect(Object.keys(VERBS).filter((name) => !done.has(name))).toEqual([]);
  });

  it.each(Object.entries(CASES))('%s', async (name, lines) => {
    const session = join(place, name.replace(/\W/g, '-'));
    const answers = await commandAnswers(lines, session);
    const steps = stepReports(lines, answers);
    expect(steps).toHaveLength(lines.length);
    for (const [i, text] of labels(lines).entries()) {
      const [answer, step] = [answers[i], steps[i]];
      if (answer === undefined || step === undefined) throw new Error('none is left out');
      const found = differences(answer, step);
      const told = [...found].map(([what, how]) => `${what}: ${how}`).join('\n');
      expect.soft([...found.keys()], `${text}\n${told}`).toEqual(DISAGREE[text] ?? []);
    }
  });

  it('disagrees in nothing that is not done', () => {
    const done = Object.values(CASES).flatMap(labels);
    expect(Object.keys(DISAGREE).filter((text) => !done.includes(text))).toEqual([]);
  });
});
