/** Every answer as JSON has a form, is of it, and stands in docs/cli.md; `schema/` has them for others. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ANSWERS,
  answerFile,
  answerJsonSchema,
  formId,
  wrongWith,
} from '../../scripts/answer-forms/answers.ts';
import { SCENARIO_FORM } from '../../src/scenario/form-name.ts';
import { CASES, HELLO } from '../scenario/shared-verb-cases.ts';
import { projectPath } from '../small-board.ts';
import { COMMAND_LINES, commandPaths } from './every-command.ts';
import { dmaheap } from './in-process.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const WHY = 'what is known of the failure; the members depend on the kind';
const DETAIL = 'the numbers of why; the members depend on what it is';
const CAMERA = 'a200000.camera';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-answers-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** The answers that were seen, by the name of their form. */
const seen = new Map<string, unknown[]>();

/** Runs a line with --json; what it prints is held to its form in `dmaheap`. @returns the answer */
async function answer(words: readonly string[], session = 's'): Promise<Record<string, unknown> | undefined> {
  const { stdout } = await dmaheap(
    [...words, '--json'],
    {},
    { cwd: place, env: { DMAHEAP_SESSION: session } },
  );
  if (!stdout.startsWith('{')) return undefined;
  const json = JSON.parse(stdout);
  seen.set(json.schema, [...(seen.get(json.schema) ?? []), json]);
  return json;
}

/** Answers that the line of each command alone does not give. */
const MORE: readonly (readonly string[])[] = [
  ['boot', BOARD],
  ['show', 'heap:linux,cma'],
  ['show', 'heap:system'],
  ['why', 'video-cma@60000000', '80M'],
  ['-v', 'alloc', 'video-cma@60000000', '80M'],
  ['why', 'ENOMEM'],
  ['why', 'linux,cma'],
  ['fit', BOARD, '6x3840x2160:NV12@video-cma@60000000', '--all-orders', '--after', 'age:1m'],
  ['pin'],
  ['pin', '@0x60400000:64K'],
  ['pin'],
  ['alloc', 'system', '64K', '--name', 'frame'],
  ['mmap', '4'],
  ['task', 'send', '4', 'shell'],
  ['buffers'],
  ['leaks'],
  ['tasks'],
  ['device', 'attach', CAMERA, '4'],
  ['device', 'map', CAMERA, '4'],
  ['write', '4:0:4', '--input', BOARD],
  ['read', '4:0:4', '--as', CAMERA],
  ['dump', '@0x60000000:16'],
  ['hazards'],
  ['devices'],
  ['device', 'show', CAMERA],
  ['device', 'rm', CAMERA],
  ['read', 'map:1:0:16', '--output', 'frame.raw'],
  ['sum', '4', 'map:1'],
  ['cmp', '4:0:4', BOARD],
  ['fcntl', '4', 'F_DUPFD', '10'],
  ['fcntl', '4', 'F_GETFD'],
  ['ioctl', '4', 'FIOCLEX', '--null'],
  ['export', '--output', 'out.yaml'],
  ['export', '--bundle', 'out.tar.gz'],
  ['replay', 'out.tar.gz'],
  ['report', '--html', 'report.html'],
  ['report', 'out.tar.gz', '--compare', '6.12'],
  ['report', 'out.yaml', '--compare-board', projectPath('fixtures/boards/two-bank.dtb')],
  ['replay', 'out.yaml', '--board', projectPath('fixtures/boards/two-bank.dtb')],
  ['run', 'out.yaml', 'wrong.yaml'],
  ['dt', BOARD, '--out', 'out.dtb', '-O', 'dtb'],
  ['dt', BOARD, '--origin'],
  // Errors: 1, 2, 3, 4.
  ['alloc', 'video-cma@60000000', '1G'],
  ['alloc', 'video-cma@60000000', '24M', '--count', '3'],
  ['alloc', 'system', '0xffffffffffffffff'],
  ['alloc', 'nope', '4K'],
  ['free', '98', '99'],
  ['cat', '/proc/iomem', '/proc/nope'],
  ['ls', '/dev', '/proc/nope'],
  ['read', '@0x10:16'],
  ['dump', 'map:9'],
  ['write', '4:60K', '--input', BOARD],
  ['ioctl', '4', '0x1234'],
  ['sync', '4', '--flags', '0xffffffffffffffff'],
  ['--task', 'nobody', 'show', '4'],
  ['lst'],
  ['alloc', 'system'],
  ['boot', 'nowhere.dtb'],
  ['boot', 'broken.yaml'],
  ['run', 'broken.yaml'],
];

const WRONG = `
board: ${JSON.stringify(BOARD)}
steps:
  - { alloc: { heap: system, size: 4K }, as: a, expect: { errno: ENOMEM } }
expect: { leaks: none }
`;

/** A region of more bytes than a JSON number holds. */
const FAR = `/dts-v1/;
/ {
\t#address-cells = <2>; #size-cells = <2>; compatible = "a,b";
\tmemory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x10000000>; };
\treserved-memory {
\t\t#address-cells = <2>; #size-cells = <2>; ranges;
\t\tfar@4 { reg = <4 0 0x200000 0x1000>; no-map; };
\t};
};
`;

beforeAll(async () => {
  cpSync(BOARD, join(place, 'board.dtb'));
  writeFileSync(join(place, 'wrong.yaml'), WRONG.replace(JSON.stringify(BOARD), 'board.dtb'));
  writeFileSync(join(place, 'broken.yaml'), 'memory: [1\n');
  writeFileSync(join(place, 'hello'), 'hello');
  const before = process.cwd();
  process.chdir(place);
  try {
    for (const words of COMMAND_LINES) if (!words.includes('__complete')) await answer(words);
    for (const words of MORE) await answer(words);
    for (const lines of Object.values(CASES)) {
      await answer(['boot', BOARD, '--force'], 'cases');
      for (const [words] of lines) {
        await answer(
          words.map((word) => (word === HELLO ? 'hello' : word)),
          'cases',
        );
      }
    }
    await answer(['list'], 'nowhere');
  } finally {
    process.chdir(before);
  }
});

describe('every answer', () => {
  /** The forms that the source names; a part that is made when it runs is any word. */
  const named = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(projectPath(`src/${file}`), 'utf8').matchAll(/schema: ['`](dmaheap\.[^'`]+)['`]/g),
    ])
    .map(([, name = '']) => name)
    // Not an answer: a file within a bundle.
    .filter((name) => name !== 'dmaheap.bundle/1');
  const pattern = (name: string) =>
    new RegExp(`^${name.replaceAll(/\$\{\w+\}|([./])/g, (_, sign) => (sign ? `\\${sign}` : '[\\w-]+'))}$`);

  test('has a form, and there is none for nothing', () => {
    expect(named.length).toBeGreaterThan(60);
    const names = [...ANSWERS.keys()];
    expect(named.filter((name) => !names.some((one) => pattern(name).test(one)))).toEqual([]);
    expect(names.filter((one) => !named.some((name) => pattern(name).test(one)))).toEqual([]);
  });

  test('was seen, and was of its form: dmaheap() holds it to that', () => {
    // No file here takes ftruncate(2), and what runs a program needs a compiler: test/native.
    const elsewhere = ['dmaheap.call-ftruncate/1', 'dmaheap.exec/1'];
    const given = [...ANSWERS.keys()].filter((name) => !elsewhere.includes(name));
    expect([...seen.keys()].sort()).toEqual(given.sort());
  });

  test('of every command was asked for', async () => {
    const called = COMMAND_LINES.map((words) => words.join(' '));
    const paths = (await commandPaths()).filter((path) => path !== 'help');
    expect(paths.filter((path) => !called.some((line) => `${line} `.startsWith(`${path} `)))).toEqual([]);
  });

  test('stands in docs/cli.md by its name', () => {
    const docs = readFileSync(projectPath('docs/cli.md'), 'utf8');
    expect([...ANSWERS.keys()].filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
    const rows = docs.split('\n').filter((row) => row.startsWith('| '));
    const common = new Set(['schema', 'hazards', 'unverified', 'assumed', 'fd', 'target', 'offset', 'as']);
    const untold = [...ANSWERS.keys()].flatMap((name) => {
      const told = rows.filter((row) => row.includes(`\`${name}\``)).join();
      const { properties } = answerJsonSchema(name) as { readonly properties: object };
      const members = Object.keys(properties).filter(
        (key) => !common.has(key) && !told.includes(`\`${key}\``),
      );
      return members.map((key) => `${name}: ${key}`);
    });
    // Of an error it is told in words.
    expect(untold.filter((one) => !one.startsWith('dmaheap.error/'))).toEqual([]);
    const told = [...docs.matchAll(/`(dmaheap\.[\w-]+\/\d+)`/g)].map(([, name = '']) => name);
    const others = new Set([...ANSWERS.keys(), SCENARIO_FORM, 'dmaheap.board/1']);
    expect(told.filter((name) => !others.has(name))).toEqual([]);
  });
});

describe('schema/', () => {
  const read = (file: string) => JSON.parse(readFileSync(projectPath(`schema/${file}`), 'utf8'));

  test('has a JSON Schema for each, with a versioned id', () => {
    const files = [...ANSWERS.keys()].map(answerFile);
    const inputs = ['board.schema.json', 'scenario.json', 'vendor.schema.json'];
    expect(readdirSync(projectPath('schema')).sort()).toEqual([...files, ...inputs].sort());
    for (const name of ANSWERS.keys()) {
      expect(read(answerFile(name))).toEqual(answerJsonSchema(name));
      expect(read(answerFile(name)).$id).toMatch(/^urn:dmaheap:[a-z][a-z\d-]*:\d+$/);
    }
    expect(inputs.map((file) => read(file).$id)).toEqual([
      formId('dmaheap.board/1'),
      formId(SCENARIO_FORM),
      formId('dmaheap.vendor/1'),
    ]);
  });

  test('refuses what it does not know, and what is not there', () => {
    const free = { schema: 'dmaheap.free/1', closed: [4] };
    expect(wrongWith(free)).toBeUndefined();
    expect(wrongWith({ ...free, more: 1 })).toMatch('Unrecognized key: "more"');
    expect(wrongWith({ schema: 'dmaheap.free/1' })).toMatch('closed');
    expect(wrongWith({ ...free, schema: 'dmaheap.free/2' })).toMatch('no form');
    const objects = (schema: unknown): Record<string, unknown>[] => {
      if (typeof schema !== 'object' || schema === null) return [];
      const inner = Object.values(schema).flatMap(objects);
      return 'type' in schema && schema.type === 'object' && 'properties' in schema
        ? [schema as Record<string, unknown>, ...inner]
        : inner;
    };
    const open = [...ANSWERS.keys()].flatMap((name) =>
      objects(answerJsonSchema(name))
        .filter(({ additionalProperties }) => additionalProperties !== false)
        .map(({ description }) => description),
    );
    // The numbers of a failure depend on its kind, and those of a region without a heap.
    expect(new Set(open)).toEqual(new Set([WHY, DETAIL]));
  });
});

describe('the rules of docs/cli.md', () => {
  const walk = (value: unknown, visit: (key: string, value: unknown, of: object) => void): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      visit(key, inner, value);
      walk(inner, visit);
    }
  };
  const all = (visit: (key: string, value: unknown, of: object) => void) => {
    for (const answers of seen.values()) for (const one of answers) walk(one, visit);
  };

  test('mode is four octal digits, flags a number with its names beside it', () => {
    const wrong: unknown[] = [];
    const met = { mode: 0, flags: 0 };
    all((key, value, of) => {
      if (key === 'mode') {
        met.mode += 1;
        if (!/^[0-7]{4}$/.test(String(value)) || typeof value !== 'string') wrong.push({ [key]: value });
      }
      // A failure's own numbers have no names.
      if (key === 'flags' && !('kind' in of)) {
        met.flags += 1;
        if (Array.isArray(value) || !('flag_names' in of)) wrong.push(of);
      }
    });
    expect(wrong).toEqual([]);
    expect(met.mode).toBeGreaterThan(10);
    expect(met.flags).toBeGreaterThan(10);
  });

  test('errors are of one shape', () => {
    const errors = (seen.get('dmaheap.error/1') ?? []) as { error: object; more?: object[] }[];
    const shapes = new Set(
      errors.flatMap(({ error, more = [] }) => [error, ...more]).map((one) => Object.keys(one).join()),
    );
    expect(errors.length).toBeGreaterThan(20);
    expect([...shapes]).toHaveLength(1);
  });

  test('ret is what the call returned: a descriptor where it makes one', async () => {
    process.chdir(place);
    await answer(['boot', BOARD, '--force']);
    await answer(['alloc', 'system', '4K']);
    expect(await answer(['dup', '4'])).toMatchObject({ fd: 4, ret: 3 });
    expect(await answer(['fcntl', '4', 'F_DUPFD', '9'])).toMatchObject({ fd: 4, ret: 9 });
    expect(await answer(['open', 'system'])).toMatchObject({
      ret: 5,
      fd: 5,
      flag_names: ['O_RDWR', 'O_CLOEXEC'],
    });
    await answer(['--task', 'camera', 'open', 'system']);
    expect(await answer(['task', 'send', '4', 'camera'])).toMatchObject({ ret: 4, fd: 4 });
  });

  test('alloc gives what show gives', async () => {
    process.chdir(place);
    await answer(['boot', BOARD, '--force']);
    const made = (await answer(['alloc', 'video-cma@60000000', '300001', '--count', '3'])) ?? {};
    expect(made).toMatchObject({ len: 300001, size: 300001, fds: [4, 5, 6] });
    const shown = [];
    for (const fd of [4, 5, 6]) shown.push((await answer(['show', String(fd)]))?.buffer);
    expect(made.buffers).toEqual(shown);
    expect(shown[0]).toMatchObject({
      ino: 1,
      size: 303104,
      sg_table: [{ base: '0x60000000', length: 303104 }],
    });
    const half = (await answer(['alloc', 'video-cma@60000000', '24M', '--count', '3'])) ?? {};
    expect(half).toMatchObject({
      fds: [7, 8],
      buffers: [{ ino: 4 }, { ino: 5 }],
      error: { errno: 'ENOMEM' },
    });
  });

  test('numbers that JSON cannot hold are hexadecimal strings', async () => {
    process.chdir(place);
    await answer(['boot', BOARD, '--force']);
    await answer(['alloc', 'system', '4K']);
    const asked = await answer(['sync', '4', '--flags', '0xffffffffffffffff']);
    expect(asked).toMatchObject({ error: { why: { value: '0xffffffffffffffff' } } });
    writeFileSync(join(place, 'far.dts'), FAR);
    expect(await answer(['regions', '--board', 'far.dts'])).toMatchObject({
      regions: expect.arrayContaining([
        expect.objectContaining({ name: 'far@4', base: '0x400000000', size: '0x20000000001000' }),
      ]),
    });
  });
});
