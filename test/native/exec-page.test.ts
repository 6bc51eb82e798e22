/** docs/exec.md is run, and what stands under each command is what it prints; and so is the job of docs/ci.md. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { freshPlace, type Place } from '../cli/built-command.ts';
import { blocksOf, runPage } from '../docs/transcript.ts';
import { projectPath } from '../small-board.ts';
import { hasTool } from './native-programs.ts';

const CAPTURE = projectPath('test/native/programs');

function placeWithProgram(): Place {
  const place = freshPlace('built');
  cpSync(projectPath('fixtures/boards'), join(place.dir, 'fixtures/boards'), { recursive: true });
  for (const file of ['capture.c', 'heap.h']) cpSync(join(CAPTURE, file), join(place.dir, file));
  const build = 'cc -g -O1 -o capture capture.c && cc -g -fsanitize=address -o capture-asan capture.c';
  expect(place.inShell(build)).toMatchObject({ code: 0 });
  return place;
}

it('docs/exec.md prints what stands there (UPDATE_DOCS=1 writes it anew)', () => {
  const page = readFileSync(projectPath('docs/exec.md'), 'utf8');
  const isRun = (command: string) =>
    ['gdb', 'valgrind'].every((tool) => !command.includes(`-- ${tool} `) || hasTool(tool));
  const run = runPage(page, placeWithProgram(), isRun);
  expect(run.printed.filter(({ code }) => code !== 0)).toEqual([]);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(projectPath('docs/exec.md'), run.page);
  else expect(run.page).toBe(page);
});

interface Job {
  readonly strategy: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps: readonly { readonly run?: string }[];
}

it('the job of docs/ci.md runs a test on three boards and two kernels, with a report of each', () => {
  const block = blocksOf(readFileSync(projectPath('docs/ci.md'), 'utf8')).find(({ text }) =>
    text.includes('dmaheap exec'),
  );
  const { jobs } = parse(block?.text ?? '') as { readonly jobs: { readonly exec: Job } };
  const { strategy, steps } = jobs.exec;
  const lines = steps.flatMap(({ run }) => (run === undefined || run.startsWith('npm ') ? [] : [run]));
  const place = placeWithProgram();
  const { board = [], kernel = [] } = strategy.matrix;
  expect([board.length, kernel.length]).toEqual([3, 2]);
  for (const one of board.flatMap((name) => kernel.map((release) => ({ board: name, kernel: release })))) {
    for (const line of lines) {
      const command = line.replaceAll(
        /\$\{\{ matrix\.(board|kernel) \}\}/g,
        (_, key: 'board' | 'kernel') => one[key],
      );
      expect(place.inShell(command), command).toMatchObject({ code: 0 });
    }
    const report = readFileSync(join(place.dir, 'report.xml'), 'utf8');
    expect(report).toContain(`Linux ${one.kernel}`);
    expect(report).toMatch(/<testsuites name="dmaheap exec" tests="1" failures="0"/);
  }
});
