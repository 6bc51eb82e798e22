// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenarios
/** Scenarios that ask for too much: refused by name, or run in bounded memory and interruptible slices. */
import { describe, expect, it } from 'vitest';
import { runJson } from '../../src/cli/render/run-json.ts';
import { runTap } from '../../src/cli/render/run-tap.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { BoundNames } from '../../src/scenario/bound-names.ts';
import { ScenarioRun } from '../../src/scenario/index.ts';
import { MAX_TEXT } from '../../src/scenario/limits.ts';
import type { Leaf } from '../../src/scenario/program.ts';
import { StepsByCall } from '../../src/scenario/steps-by-call.ts';
import { prepared, problemsOf, run } from './running.ts';

/** The first problem's code and place, wherever it is found. */
async function refused(text: string): Promise<string> {
  try {
    await run(text);
    return 'nothing';
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const [first] = error.diagnostics;
    return `${first?.code} ${first?.path}`;
  }
}

const nested = (levels: number, times: number): string =>
  levels === 0 ? '{ sleep: 0 }' : `{ repeat: { times: ${times}, do: [ ${nested(levels - 1, times)} ] } }`;

/** Variables of variables: each ten of the one before. */
function grown(levels: number): string {
  let step = `{ cat: "\${v${levels}}", expect: { errno: any } }`;
  for (let i = levels; i >= 0; i--) {
    const value = i === 0 ? 'x'.repeat(100) : `\${v${i - 1}}`.repeat(10);
    step = `{ for: { v${i}: ["${value}"], do: [ ${step} ] } }`;
  }
  return `steps: [ ${step} ]\n`;
}

const BIG = 'boot: { memory: [0x40000000:60G], nofile: 1048576 }\n';

describe('a scenario that asks for too much', () => {
  it.each([
    ['repeat', `steps: [ ${nested(1, 1e12)} ]\n`, 'scenario-too-many-steps steps'],
    ['nested repeats', `steps: [ ${nested(10, 10)} ]\n`, 'scenario-too-many-steps steps'],
    [
      'nested repeats without end',
      `steps: [ ${nested(25, 999999999999999)} ]\n`,
      'scenario-too-many-steps steps',
    ],
    [
      'rounds of nothing',
      'steps: [ { repeat: { times: 99999999999, do: [ { repeat: { times: 0, do: [ { sleep: 0 } ] } } ] } } ]\n',
      'scenario-too-many-steps steps',
    ],
    [
      'ranges in ranges',
      'steps: [ { for: { a: "0..999999", do: [ { for: { b: "0..999999", do: [ { sleep: 0 } ] } } ] } } ]\n',
      'scenario-too-many-steps steps',
    ],
    [
      'a range',
      'steps: [ { for: { a: "0..1000000", do: [ { sleep: 0 } ] } } ]\n',
      'scenario-for steps[0].for.a',
    ],
    [
      'buffers',
      `${BIG}steps: [ { alloc: { heap: system, size: 4K, count: 1000000000000 } } ]\n`,
      'scenario-bad-value steps[0].alloc.count',
    ],
    [
      'age',
      'steps: [ { age: { area: system, steps: 1000001 } } ]\n',
      'scenario-bad-value steps[0].age.steps',
    ],
    [
      'sizes of age',
      `steps: [ { age: { area: system, sizes: "${'4K,'.repeat(1000)}4K" } } ]\n`,
      'scenario-bad-value steps[0].age.sizes',
    ],
    [
      'memory',
      `${BIG}steps: [ { fill: { to: "@0x80000000:16G", byte: 1, length: 16G } } ]\n`,
      'scenario-memory steps[0]',
    ],
    [
      'bytes',
      `${BIG}steps: [ { read: { from: "@0x80000000:2G", length: 2G } } ]\n`,
      'scenario-too-long steps[0].read',
    ],
    [
      'bytes as text',
      `${BIG}steps: [ { read: { from: "@0x80000000:1G", length: 128M }, expect: { text: x } } ]\n`,
      'scenario-too-long steps[0].expect.text',
    ],
    ['text', grown(6), 'scenario-text-too-long'],
    [
      'tasks in turn',
      `steps: [ { parallel: [ ${'{ task: t, do: [ { sleep: 0 } ] }, '.repeat(1001)} ] } ]\n`,
      'scenario-too-many steps[0].parallel',
    ],
    [
      'a name',
      `steps: [ { alloc: { heap: system, size: 4K }, as: ${'x'.repeat(300)} } ]\n`,
      'scenario-name steps[0].as',
    ],
    ['depth', `steps: ${'['.repeat(200)}${']'.repeat(200)}\n`, 'yaml-too-deep undefined'],
    [
      'aliases',
      `steps:\n${Array.from(
        { length: 8 },
        (_, i) =>
          `  - note: x\n    free: &a${i} [${
            i === 0
              ? '1'
              : Array(10)
                  .fill(`*a${i - 1}`)
                  .join()
          }]\n`,
      ).join('')}`,
      'yaml-too-many-aliases undefined',
    ],
  ])('is refused: %s', async (_, text, code) => {
    const begun = performance.now();
    expect(await refused(text)).toMatch(new RegExp(`^${code.replace(/[[\].]/g, '\\$&')}`));
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('has names with variables in bounds, and suggestions for some', async () => {
    const step = (i: number) =>
      `  - for: { x: [a], do: [ { alloc: { heap: system, size: 4K }, as: "n${i}\${x}" } ] }\n`;
    const many = Array.from({ length: 1001 }, (_, i) => step(i)).join('');
    expect((await problemsOf(`board: camera\nsteps:\n${many}`)).join()).toContain('scenario-too-many');
    const counted = Array.from(
      { length: 1500 },
      (_, i) =>
        `  - alloc: { heap: system, size: 4K, count: 2 }\n    as: c${i}\n  - free: [c${i}0, c${i}1]\n`,
    );
    expect(await problemsOf(`board: camera\nsteps:\n${counted.join('')}`)).toEqual([]);
    const unknown = Array.from({ length: 5000 }, (_, i) => `  - free: q${i}\n`).join('');
    const made = Array.from(
      { length: 5000 },
      (_, i) => `  - alloc: { heap: system, size: 4K }\n    as: m${i}\n`,
    ).join('');
    const begun = performance.now();
    expect(await problemsOf(`board: camera\nsteps:\n${made}${unknown}`)).toHaveLength(100);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('a long run', () => {
  it('goes in slices, whatever its loops are made of', async () => {
    for (const body of [
      '{ sleep: 0 }',
      '{ repeat: { times: 0, do: [ { sleep: 0 } ] } }',
      '{ for: { x: [], do: [ { sleep: 0 } ] } }',
      '{ choose: [ { weight: 0, do: [ { sleep: 0 } ] } ] }',
      '{ parallel: [ { task: a, do: [ { repeat: { times: 100000000, do: [ { for: { x: "1..0", do: [ { sleep: 0 } ] } } ] } } ] } ] }',
    ]) {
      const times = body.includes('parallel') ? 1 : 100_000_000;
      const going = new ScenarioRun(
        await prepared(`steps: [ { repeat: { times: ${times}, do: [ ${body} ] } } ]\n`),
      );
      const begun = performance.now();
      for (let slice = 0; slice < 3; slice++) expect(going.advance(10)).toBe(false);
      expect([body, performance.now() - begun < 2000]).toEqual([body, true]);
    }
  });

  it('takes a range of a million without writing it down', async () => {
    const many = Array.from(
      { length: 200 },
      () => '  - for: { x: "0..999999", do: [ { sleep: 0 } ] }\n',
    ).join('');
    const going = new ScenarioRun(await prepared(`steps:\n${many}`));
    expect(going.advance(100)).toBe(false);
    const report = await run(
      'steps:\n  - for: { x: "7..9", do: [ { alloc: { heap: system, size: "${x}K" }, expect: { size: ">= ${x}K" } } ] }\n',
    );
    expect([report.verdict, report.reports().map(({ vars }) => vars.x)]).toEqual(['passed', ['7', '8', '9']]);
  });

  it('knows who made what is left, and forgets the others', () => {
    const steps = new StepsByCall();
    const leaf = (name: string) => ({ name }) as unknown as Leaf;
    for (let i = 0; i < 1 << 20; i++) steps.add(3 * i, i + 1, leaf(`${i}`));
    expect(steps.isFull).toBe(true);
    steps.keep([0, 31, 32, 3000]);
    expect(steps.isFull).toBe(false);
    expect([0, 2, 31, 3001].map((call) => steps.of(call)?.number)).toEqual([1, 1, 11, 1001]);
    steps.add(3 << 20, 1 + (1 << 20), leaf('next'));
    expect(steps.of(4 << 20)?.number).toBe(1 + (1 << 20));
    expect(new StepsByCall().of(7)).toBeUndefined();
  });

  it('tells so many steps one by one, and counts the others', async () => {
    const report = await run(
      'steps:\n  - repeat: { times: 100100, do: [ { sleep: 0, expect: { ret: 0 } } ] }\n',
    );
    expect([report.checked, report.untold, report.reports().length]).toEqual([100_100, 100, 100_000]);
    const tap = runTap({ ...report, reports: () => report.reports().slice(0, 2) }, 1);
    expect(tap).toContain('    1..2\n');
    expect(tap).toContain('    # 100 more that held are not listed\n');
    expect(runJson([{ ...report, reports: () => [] }], 1)).toMatchObject({ files: [{ untold: 100 }] });
  });
});

it('the text of a variable may have as many characters as the limit says', async () => {
  const value = 'x'.repeat(MAX_TEXT / 16);
  const text = (times: number) =>
    `steps: [ { for: { v: ["${value}"], do: [ { cat: "${'${v}'.repeat(times)}", expect: { errno: any } } ] } } ]\n`;
  expect((await run(text(16))).verdict).toBe('passed');
  expect(await refused(text(17))).toContain('scenario-text-too-long');
});

it.each([
  ['a${x}', false, 'ab', true],
  ['a${x}', false, 'a', false],
  ['a${x}', false, 'b', false],
  ['${x}', false, 'b', true],
  ['${x}_${y}', false, 'a_b', true],
  ['${x}_${y}', false, '_b', false],
  ['${x}_${y}', false, 'a__', true],
  ['${x}_${y}z', false, 'a_bz', true],
  ['${x}_${y}z', false, 'a_z', false],
  ['a${x}', true, 'ab1', true],
  ['a${x}', true, 'a12', true],
  ['a${x}', true, 'a1', false],
  ['a${x}b', true, 'a1b2', true],
  ['a${x}b', true, 'a1b', false],
  ['a', true, 'a1', true],
  ['a', true, 'a', false],
  ['a1', true, 'a12', true],
  ['${x}'.repeat(60), false, `${'a'.repeat(59)}`, false],
  ['${x}'.repeat(60), false, `${'a'.repeat(200)}`, true],
] as const)('the name %s (count: %s) may be %s: %s', (name, many, use, is) => {
  const names = new BoundNames();
  names.add(name, 'descriptor', many);
  expect(names.check(use, 'descriptor', undefined) === undefined).toBe(is);
});

it('the arena is full where it may hold no more', () => {
  const memory = new InMemoryPhysMemory([{ base: 0n, size: 1n << 30n }], 2 << 20);
  memory.write(0n, new Uint8Array(2 << 20));
  memory.write(5n, new Uint8Array(9));
  expect(() => memory.write(2n << 20n, new Uint8Array(1))).toThrow('more than 2 MiB');
  memory.zero(0n, 1n << 20n);
  memory.write(2n << 20n, new Uint8Array(1));
});
