/** `dmaheap run` as a user runs it: exit codes, reports in four forms, files from elsewhere, Ctrl-C. */
import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectPath } from '../small-board.ts';
import { COMMAND, freshPlace, type Place } from './built-command.ts';

/** A place with the examples in it. */
function scenarioPlace(): Place & { write(name: string, text: string): void } {
  const place = freshPlace();
  symlinkSync(projectPath('fixtures/scenarios'), join(place.dir, 'scenarios'));
  return { ...place, write: (name, text) => writeFileSync(join(place.dir, name), text) };
}

const FAILS = `title: Does not fit
board: boards/camera-soc.dtb
steps:
  - alloc: { heap: video-cma@60000000, size: 65M }
    as: large
    note: "<b>&"
  - free: 77
expect: { leaks: none }
`;

/** The tags of well-formed XML in order; throws when they do not match. */
function tagsOf(xml: string): string[] {
  const open: string[] = [];
  const seen: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  for (const [, end, name = '', attributes = '', empty] of body.matchAll(
    /<(\/)?([a-z]+)((?:\s+[a-z]+="[^"<]*")*)(\/)?>/g,
  )) {
    expect(attributes.replace(/&(amp|lt|gt|quot|#\d+);/g, '')).not.toContain('&');
    if (end === undefined) seen.push(name);
    if (end !== undefined) expect(open.pop()).toBe(name);
    else if (empty === undefined) open.push(name);
  }
  expect(open).toEqual([]);
  expect(body.replace(/<[^>]*>/g, '')).not.toMatch(/[<]|&(?!(amp|lt|gt|quot|#\d+);)/);
  return seen;
}

describe('dmaheap run', () => {
  it('tells of scenarios that hold in a line', async () => {
    const { transcript } = scenarioPlace();
    expect(
      await transcript(
        'dmaheap run scenarios/ci-gate.yaml',
        'dmaheap run scenarios/s*.yaml scenarios/boot-panic.yaml',
      ),
    ).toMatchInlineSnapshot(`
        "$ dmaheap run scenarios/ci-gate.yaml
          ok scenarios/ci-gate.yaml: Four 4K buffers fit (9 steps, 6 expectations)

        $ dmaheap run scenarios/s*.yaml scenarios/boot-panic.yaml
          ok scenarios/sharing.yaml: Two tasks share a buffer (10 steps, 6 expectations)
          ok scenarios/boot-panic.yaml: A CMA area outside of RAM kills the boot (the boot dies, 1 expectation)
          2 scenarios: 2 passed
        "
      `);
  });

  it('tells why one does not hold', async () => {
    const { write, transcript } = scenarioPlace();
    write('fails.yaml', FAILS);
    expect(
      await transcript('dmaheap run fails.yaml', 'dmaheap run --keep-going fails.yaml | grep -A1 step.2'),
    ).toMatchInlineSnapshot(`
      "$ dmaheap run fails.yaml
        FAILED fails.yaml: Does not fit (1 step, 1 expectation)
        fails.yaml:4:5: step 1: alloc: { heap: video-cma@60000000, size: 65M }, as: large
          errno: expected success, got ENOMEM
          16640 pages (65 MiB) asked; the whole area video-cma@60000000 has 16384 pages (64 MiB)
          its line in the log ends in ret: -16; Linux up to 6.12 has no line of a request larger than the area
          note: <b>&
          [    0.000000] cma: __cma_alloc_frozen: video-cma@60000000: alloc failed, req-size: 16640 pages, ret: -16
          [    0.000000] cma: number of available pages: 
          [    0.000000] cma: range 0: 16384@0
          [    0.000000] cma: 
          [    0.000000] => 16384 free of 16384 total pages
      [exit 1]

      $ dmaheap run --keep-going fails.yaml | grep -A1 step.2
        fails.yaml:7:5: step 2: free: 77
          errno: expected success, got EBADF
      "
    `);
  });

  it('tells everything that is wrong with files before it runs any', async () => {
    const { write, transcript } = scenarioPlace();
    write('a.yaml', 'board: boards/camera-soc.dtb\nsteps:\n  - aloc: { heap: system, size: 4K }\n');
    write('b.yaml', 'board: boards/nope.dtb\n');
    expect(
      await transcript(
        'dmaheap run scenarios/ci-gate.yaml a.yaml b.yaml',
        'dmaheap run nope.yaml',
        'dmaheap run a.yaml --json | grep -A4 position',
      ),
    ).toMatchInlineSnapshot(`
      "$ dmaheap run scenarios/ci-gate.yaml a.yaml b.yaml
      ! a.yaml:3:5: error: steps[0].aloc: 'aloc' is no action, and no key of a step
      !   did you mean alloc?
      ! b.yaml:1:8: error: the board boards/nope.dtb: no such file
      [exit 3]

      $ dmaheap run nope.yaml
      ! error: nope.yaml: no such file
      [exit 3]

      $ dmaheap run a.yaml --json | grep -A4 position
                "position": {
                  "file": "a.yaml",
                  "line": 3,
                  "column": 5
                },
      "
    `);
  });

  it('refuses what does not go together', async () => {
    const { sh, write } = scenarioPlace();
    write('fails.yaml', FAILS);
    for (const line of [
      'dmaheap run',
      'dmaheap run --tap --json fails.yaml',
      'dmaheap run - - < fails.yaml',
      'dmaheap --session x run fails.yaml',
      'dmaheap --task x run fails.yaml',
    ]) {
      expect((await sh(line)).code, line).toBe(2);
    }
    const { code, stderr } = await sh('dmaheap run scenarios/ci-gate.yaml --junit nope/report.xml');
    expect([code, stderr]).toEqual([3, 'error: nope/report.xml: cannot be written (ENOENT)\n']);
  });

  it('reads standard input, and takes another board', async () => {
    const { sh } = scenarioPlace();
    const piped = await sh('dmaheap run - < scenarios/ci-gate.yaml');
    expect([piped.code, piped.stdout]).toEqual([
      0,
      'ok standard input: Four 4K buffers fit (9 steps, 6 expectations)\n',
    ]);
    const other = await sh('dmaheap run scenarios/ci-gate.yaml --board boards/two-bank.dtb');
    expect([other.code, other.stdout]).toEqual([1, expect.stringContaining('ENOENT')]);
    const broken = await sh('dmaheap run scenarios/ci-gate.yaml --board boards/nope.dtb');
    expect([broken.code, broken.stderr]).toEqual([
      3,
      expect.stringContaining('boards/nope.dtb: no such file'),
    ]);
  });

  it('reports as JSON, TAP and JUnit, the same bytes each time', async () => {
    const { sh, write, dir } = scenarioPlace();
    write('fails.yaml', FAILS);
    const line = 'dmaheap run scenarios/[a-m]*.yaml fails.yaml --keep-going';
    const json = await sh(`${line} --json --junit one.xml`);
    expect(json.code).toBe(1);
    expect((await sh(`${line} --json --junit two.xml`)).stdout).toBe(json.stdout);
    const answer = JSON.parse(json.stdout);
    expect(answer).toMatchObject({ schema: 'dmaheap.run/1', failed: 1, unfinished: 0, not_run: 0 });
    expect(answer.files.at(-1).results.map((one: { errno: string }) => one.errno)).toEqual([
      'ENOMEM',
      'EBADF',
    ]);

    const xml = readFileSync(join(dir, 'one.xml'), 'utf8');
    expect(readFileSync(join(dir, 'two.xml'), 'utf8')).toBe(xml);
    const tags = tagsOf(xml);
    const count = (tag: string) => tags.filter((one) => one === tag).length;
    expect(count('testsuite')).toBe(answer.files.length);
    expect(xml).toContain(
      `<testsuites name="dmaheap run" tests="${count('testcase')}" failures="${count('failure')}"`,
    );
    expect(xml).toContain('note: &lt;b&gt;&amp;');

    const tap = await sh('dmaheap run scenarios/ci-gate.yaml fails.yaml --tap');
    expect(tap.code).toBe(1);
    expect(tap.stdout).toMatch(
      /^TAP version 14\n1\.\.2\n# Subtest: scenarios\/ci-gate\.yaml: Four 4K buffers fit\n {4}1\.\.6\n/,
    );
    expect(tap.stdout).toMatch(/\n {4}not ok 1 - step 1: alloc: .*\n {6}---\n/);
    const [, block = ''] = /---\n([\s\S]*?)\n {6}\.\.\./.exec(tap.stdout) ?? [];
    expect(parse(block)).toMatchObject({ file: 'fails.yaml', line: 4, column: 5 });
    expect(tap.stdout.endsWith('not ok 2 - fails.yaml: Does not fit\n')).toBe(true);
  });

  it('ends between two steps on Ctrl-C, and tells what was done so far', async () => {
    const { dir, env, write } = scenarioPlace();
    write(
      'long.yaml',
      'board: boards/camera-soc.dtb\nsteps:\n  - repeat:\n      times: 100000000\n      do: [ { cat: /proc/meminfo, expect: { text: /MemTotal/ } } ]\n',
    );
    const child = spawn(process.execPath, [COMMAND, 'run', 'long.yaml', '--junit', 'long.xml'], {
      cwd: dir,
      env,
    });
    const out: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(130);
    expect(Buffer.concat(out).toString()).toMatch(
      /^STOPPED long\.yaml \(\d+ steps, \d+ expectations\)\n1 scenario: 0 passed, 1 interrupted\n$/,
    );
    expect(readFileSync(join(dir, 'long.xml'), 'utf8')).toContain('<failure message="interrupted after step');
  });
});

describe('docs/ci.md', () => {
  it('has a workflow whose commands work', async () => {
    const place = scenarioPlace();
    symlinkSync(projectPath('fixtures/boards'), join(place.dir, 'dts'));
    const [, yaml = ''] =
      /```yaml\n(# \.github[\s\S]*?)```/.exec(readFileSync(projectPath('docs/ci.md'), 'utf8')) ?? [];
    const { steps } = parse(yaml).jobs.scenarios as { steps: readonly { run?: string }[] };
    const lines = steps.flatMap(({ run }) => (run?.startsWith('dmaheap') ? [run] : []));
    expect(lines.length).toBe(2);
    for (const line of lines) expect([line, (await place.sh(line)).code]).toEqual([line, 0]);
    expect(readFileSync(join(place.dir, 'report.xml'), 'utf8')).toContain('failures="0"');
  });
});
