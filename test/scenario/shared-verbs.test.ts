/**
 * What the command line and scenarios both do, they do alike: every verb that both have is done both ways on machines in
 * the same state, and answers the same errno, value and reason.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modeText } from '../../src/cli/json/json.ts';
import { stepReasons } from '../../src/cli/render/run-text.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import { encodeDtb } from '../../src/devicetree/dtb.ts';
import { ACTIONS } from '../../src/scenario/actions/index.ts';
import type { Expect } from '../../src/scenario/expect-form.ts';
import { compileScenario, runScenario, type Step, type StepReport } from '../../src/scenario/index.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { formatHex } from '../../src/units.ts';
import { commandsOf, dmaheap } from '../cli/in-process.ts';
import { projectPath } from '../small-board.ts';
import { cameraBoard } from './running.ts';
import { CASES, HELLO, type Line, OVERLAY, WRONG_OVERLAY } from './shared-verb-cases.ts';

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
    readonly errno: string | null;
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
  open: { command: 'open', value: made('ret') },
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
  mkdir: { command: 'mkdir', value: nothing },
  rmdir: { command: 'rmdir', value: nothing },
  'drm-import': { command: 'drm import', value: number('ret') },
  'drm-export': { command: 'drm export', value: made('ret') },
  'drm-release': { command: 'drm release', value: nothing },
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
  'device-probe': { command: 'device probe', value: nothing },
  'device-release': { command: 'device release', value: nothing },
  'device-alloc': {
    command: 'device alloc',
    value: (answer) => ({ dma: String(answer.dma_address), ...numbers('taken')(answer) }),
  },
  'device-free': { command: 'device free', value: nothing },
  'device-vb2': {
    command: 'device vb2',
    value: (answer) => ({ ret: Number(answer.granted) }),
  },
  'device-drm': {
    command: 'device drm',
    value: (answer) => ({ dma: String(answer.dma_address), ...numbers('pitch', 'told')(answer) }),
  },
  sleep: { command: 'sleep', value: nothing },
  fault: { command: 'fault add', value: number('id') },
  'fault-rm': { command: 'fault rm', value: nothing },
  pin: { command: 'pin', value: nothing },
  unpin: { command: 'unpin', value: nothing },
  modprobe: { command: 'modprobe', value: nothing },
  overlay: { command: 'overlay apply', value: number('id') },
  'call-read': { command: 'call read', value: number('ret') },
  'call-write': { command: 'call write', value: number('ret') },
  'call-pread64': { command: 'call pread64', value: number('ret') },
  'call-pwrite64': { command: 'call pwrite64', value: number('ret') },
  'call-ftruncate': { command: 'call ftruncate', value: number('ret') },
  'call-mmap': { command: 'call mmap', value: number('ret') },
  'call-munmap': { command: 'call munmap', value: nothing },
  'call-mprotect': { command: 'call mprotect', value: nothing },
  'call-mremap': { command: 'call mremap', value: number('ret') },
  setrlimit: { command: 'call setrlimit', value: nothing },
  age: {
    command: 'age',
    value: numbers('allocated', 'freed', 'alive', 'alive_bytes', 'free', 'largest', 'largest_aligned'),
  },
};

/** Actions that are no commands. */
const ONLY_SCENARIOS: ReadonlySet<string> = new Set(['await', 'check', 'occupy', 'syscall']);
/** Commands that are no actions: they look, or are about files, sessions and scenarios. */
const ONLY_COMMANDS: ReadonlySet<string> = new Set(
  [
    'boot, reboot, session info, session path, session check, session compact, session rm, dt show, list, regions',
    'buffers, show, dmesg, hazards, leaks, dump, sum, cmp, tasks, devices, device show, run, export, replay',
    'fault list, completion, help, diff, boards, kernels, config, reconstruct, capture, check, why, fit',
    'exec, memmap, playground, report',
  ].flatMap((line) => line.split(', ')),
);

const actionOf = (step: Step): string => Object.keys(step).find((key) => Object.hasOwn(ACTIONS, key)) ?? '';

/** A failure's numbers as an answer in JSON has them. */
const plain = (why: object | undefined): unknown =>
  why === undefined
    ? null
    : Object.fromEntries(
        Object.entries(why).map(([key, value]) => [
          key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          typeof value !== 'bigint'
            ? key === 'mode'
              ? modeText(value)
              : value
            : value > Number.MAX_SAFE_INTEGER
              ? formatHex(value)
              : Number(value),
        ]),
      );

/** What a fault is called by a command, and by a scenario. */
const FAULTS: Readonly<Record<string, string>> = {
  'segmentation-fault': 'SegmentationFault',
  'bus-error': 'BusError',
  'iommu-fault': 'IommuFault',
};

const overlaySource = (name: string): string | undefined =>
  name === OVERLAY
    ? readFileSync(projectPath('fixtures/boards/run-time.dtso'), 'utf8')
    : name === WRONG_OVERLAY
      ? '/dts-v1/; /plugin/; &{/nowhere} { x; };'
      : undefined;

/** A compiled overlay; other files are empty. */
function overlayBytes(name: string): Uint8Array {
  const text = overlaySource(name);
  if (text === undefined) return new Uint8Array();
  const { tree } = compileSource({ path: name, text }, { readFile: () => undefined });
  return encodeDtb(tree);
}

/** The same in a file, for the command; other words as they are. */
function overlayFile(word: string): string {
  if (overlaySource(word) === undefined) return word;
  const file = join(place, `${word}.dtbo`);
  writeFileSync(file, overlayBytes(word));
  return file;
}

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
    answers.push(await call(words.map((word) => (word === HELLO ? hello : overlayFile(word)))));
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
  return runScenario(compileScenario(source, cameraBoard(), { readFile: overlayBytes, sha256 }), {
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
  const known = [...Object.keys(FAULTS), 'call-failed'];
  if (error?.code !== undefined && !known.includes(error.code)) found.set('error', error.message);
  if (error !== undefined && error.errno !== null) {
    compare('why', error.why, plain(step.why));
    compare('reason', error.reason, stepReasons(step));
  }
  for (const { what, expected, got } of step.mismatches) {
    if (error === undefined) found.set(what, `${expected} of the command, ${got} of the scenario`);
  }
  return found;
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
    for (const [i, [words]] of lines.entries()) {
      const [answer, step] = [answers[i], steps[i]];
      if (answer === undefined || step === undefined) throw new Error('none is left out');
      const found = differences(answer, step);
      const told = [...found].map(([what, how]) => `${what}: ${how}`).join('\n');
      expect.soft([...found.keys()], `${words.join(' ')}\n${told}`).toEqual([]);
    }
  });
});
