/**
 * Dockerfile and action.yml, which cannot be run here: their form is checked, and their shell by shellcheck where it is.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { projectPath } from '../small-board.ts';

const text = (file: string): string => readFileSync(projectPath(file), 'utf8');

/** The form of a composite action, as far as this one uses it. */
const ACTION = z.strictObject({
  name: z.string(),
  description: z.string(),
  author: z.string(),
  inputs: z.record(
    z.string(),
    z.strictObject({ description: z.string(), required: z.boolean(), default: z.string() }),
  ),
  runs: z.strictObject({
    using: z.literal('composite'),
    steps: z.array(
      z.union([
        z.strictObject({
          uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/),
          with: z.record(z.string(), z.unknown()),
        }),
        z.strictObject({
          name: z.string(),
          if: z.string().optional(),
          shell: z.literal('bash'),
          'working-directory': z.string().optional(),
          env: z.record(z.string(), z.string()),
          run: z.string(),
        }),
      ]),
    ),
  }),
});

const action = () => ACTION.parse(parse(text('action.yml')));
const scripts = () => action().runs.steps.flatMap((step) => ('run' in step ? [step.run] : []));

test('action.yml is a composite action, and names only inputs that it has', () => {
  const { inputs } = action();
  const named = [...text('action.yml').matchAll(/inputs\.([\w-]+)/g)].map(([, name = '']) => name);
  expect([...new Set(named)].sort()).toEqual(Object.keys(inputs).sort());
});

test('no expression stands in a script, where its value would be run', () => {
  for (const script of scripts()) expect(script).not.toContain('${{');
});

test('its words are split, and nothing in them is run', () => {
  const script = scripts().at(-1) ?? '';
  const { stdout } = spawnSync(
    'bash',
    ['-e', '-c', script.replace('"$ACTION/bin/dmaheap"', "printf '%s\\n'")],
    {
      env: { PATH: process.env.PATH, ACTION: '/a', ARGS: 'list --board $(touch x);a --json' },
      encoding: 'utf8',
    },
  );
  expect(stdout.split('\n')).toEqual(['list', '--board', '$(touch', 'x);a', '--json', '']);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).error === undefined;
test.runIf(hasShellcheck || process.env.CI !== undefined)(
  'shellcheck has nothing to say of the scripts',
  () => {
    for (const script of scripts()) {
      const { stdout } = spawnSync('shellcheck', ['-s', 'bash', '-'], { input: script, encoding: 'utf8' });
      expect(stdout).toBe('');
    }
  },
);

const INSTRUCTIONS = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'USER', 'ENTRYPOINT', 'CMD'];

test('the Dockerfile has known instructions, a slim Node, and ends as a user', () => {
  const lines = text('Dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const instructions = lines.map((line) => line.split(' ')[0] ?? '');
  expect(instructions.filter((word) => !INSTRUCTIONS.includes(word))).toEqual([]);
  for (const line of lines.filter((one) => one.startsWith('FROM')))
    expect(line).toMatch(/^FROM node:\d+-slim( AS build)?$/);
  expect(instructions.indexOf('USER')).toBeGreaterThan(instructions.lastIndexOf('RUN'));
  expect(JSON.parse(lines.find((line) => line.startsWith('ENTRYPOINT'))?.slice(11) ?? '')).toEqual([
    'dmaheap',
  ]);
  expect(JSON.parse(lines.find((line) => line.startsWith('CMD'))?.slice(4) ?? '')).toEqual(['--help']);
});

test('what the Dockerfile copies is not left out of the context', () => {
  const left = text('.dockerignore').trim().split('\n');
  for (const needed of ['src', 'scripts', 'package.json', 'package-lock.json', 'bin', 'docs', 'fixtures']) {
    expect(left).not.toContain(needed);
  }
});
