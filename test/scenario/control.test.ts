// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenarios
/** Loops, choices and tasks that take turns: which steps run, in which order, with which variables. */
import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/scenario/index.ts';
import { passes, run } from './running.ts';

/** A step that leaves nothing but its text, `word` with its variables. */
const say = (word: string): string => `{ cat: "${word}", expect: { errno: any } }`;

/** The words in the order in which they were said. */
const said = (report: RunReport): string =>
  report
    .reports()
    .map(({ text }) => text.replace(/^cat: /, ''))
    .join(' ');

const steps = (...lines: readonly string[]): string =>
  `steps:\n${lines.map((line) => `  ${line}\n`).join('')}`;

describe('repeat and for', () => {
  it('counts from 0', async () => {
    expect(said(await run(steps(`- repeat: { times: 3, do: [ ${say('a${i}')}, ${say('b')} ] }`)))).toBe(
      'a0 b a1 b a2 b',
    );
    expect(said(await run(steps(`- repeat: { times: 0, do: [ ${say('a')} ] }`, `- ${say('z')}`)))).toBe('z');
  });

  it('takes values and ranges', async () => {
    expect(said(await run(steps(`- for: { s: [4K, x, 7], do: [ ${say('${s}')} ] }`)))).toBe('4K x 7');
    expect(said(await run(steps(`- for: { n: 8..11, do: [ ${say('n${n}')} ] }`)))).toBe('n8 n9 n10 n11');
    expect(said(await run(steps(`- for: { n: 3..2, do: [ ${say('${n}')} ] }`)))).toBe('');
  });

  it('nests, with the inner variable before an outer one of its name', async () => {
    const inner = `- repeat: { times: 2, do: [ { repeat: { times: 2, do: [ ${say('${i}')} ] } }, ${say('o${i}')} ] }`;
    expect(said(await run(steps(inner)))).toBe('0 1 o0 0 1 o1');
    const two = `- for: { a: [x, y], do: [ { for: { b: [1, 2], do: [ ${say('${a}${b}')} ] } } ] }`;
    expect(said(await run(steps(two)))).toBe('x1 x2 y1 y2');
  });

  it('takes its number from a loop around it, and gives numbers to sizes and names', async () => {
    expect(
      said(
        await run(
          steps(`- for: { n: [1, 3], do: [ { repeat: { times: "\${n}", do: [ ${say('${n}')} ] } } ] }`),
        ),
      ),
    ).toBe('1 3 3 3');
    const report = await passes(
      steps(
        '- for:',
        '    size: [4K, 64K]',
        '    do:',
        '      - alloc: { heap: system, size: "${size}" }',
        '        as: b${size}',
        '        expect: { size: "${size}" }',
        '- free: [b4K, b64K]',
        '- check: { leaks: none }',
      ),
    );
    expect(report.reports().map(({ vars }) => vars)).toEqual([{ size: '4K' }, { size: '64K' }, {}]);
  });

  it('ends a loop when a step fails, unless it shall go on', async () => {
    const text = steps('- repeat: { times: 3, do: [ { free: 99 } ] }');
    expect((await run(text)).steps).toBe(1);
    const all = await run(text, { keepGoing: true });
    expect([all.steps, all.failures.length]).toEqual([3, 3]);
  });
});

describe('choose', () => {
  const pick = (seed: number, times = 200): string =>
    `seed: ${seed}\n${steps(
      '- repeat:',
      `    times: ${times}`,
      `    do: [ { choose: [ { weight: 3, do: [ ${say('a')} ] }, { do: [ ${say('b')} ] }, { weight: 0, do: [ ${say('c')} ] } ] } ]`,
    )}`;

  it('follows the seed, and the weights', async () => {
    const words = said(await run(pick(1))).split(' ');
    expect(said(await run(pick(1))).split(' ')).toEqual(words);
    expect(said(await run(pick(2))).split(' ')).not.toEqual(words);
    const count = (word: string) => words.filter((one) => one === word).length;
    expect(count('c')).toBe(0);
    expect(count('a')).toBeGreaterThan(120);
    expect(count('b')).toBeGreaterThan(25);
  });
});

describe('parallel', () => {
  const branches = `[ { task: one, do: [ ${say('a1')}, ${say('a2')}, ${say('a3')} ] }, { task: two, do: [ ${say('b1')} ] }, { task: three, do: [ { repeat: { times: 2, do: [ ${say('c${i}')} ] } } ] } ]`;

  it('takes turns', async () => {
    const report = await run(steps(`- parallel: ${branches}`));
    expect(said(report)).toBe('a1 b1 c0 a2 c1 a3');
    expect(report.reports().map(({ task }) => task)).toEqual(['one', 'two', 'three', 'one', 'three', 'one']);
  });

  it('takes turns by the seed', async () => {
    const text = (seed: number) => `seed: ${seed}\n${steps(`- parallel: ${branches}`, '  order: seeded')}`;
    const orders = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map(async (seed) => said(await run(text(seed)))),
    );
    expect(new Set(orders).size).toBeGreaterThan(3);
    for (const order of orders) {
      const words = order.split(' ');
      expect(words.filter((word) => word.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
      expect([...words].sort().join(' ')).toBe('a1 a2 a3 b1 c0 c1');
    }
    expect(said(await run(text(3)))).toBe(orders[3]);
  });

  it('gives names to all of them, and tasks to loops inside', async () => {
    await passes(
      steps(
        '- parallel:',
        '    - task: one',
        '      do: [ { alloc: { heap: system, size: 4K }, as: a }, { send: { fd: a, to: two }, as: b } ]',
        '    - task: two',
        '      do: [ { dup: 0, as: filler }, { dup: 0 }, { free: b } ]',
      ),
    );
    const report = await run(
      steps(
        `- task: cam`,
        `  repeat: { times: 1, do: [ ${say('x')}, { cat: y, task: other, expect: { errno: any } } ] }`,
      ),
    );
    expect(report.reports().map(({ task }) => task)).toEqual(['cam', 'other']);
  });
});

describe('names', () => {
  it('stand for what a failed call returned, as in a program that does not look', async () => {
    const report = await passes(
      steps(
        '- alloc: { heap: video-cma@60000000, size: 1G }',
        '  as: a',
        '  expect: { errno: ENOMEM }',
        '- free: a',
        '  expect: { errno: EBADF }',
      ),
    );
    expect(report.steps).toBe(2);
  });

  it('count when an allocation makes several', async () => {
    await passes(
      steps(
        '- alloc: { heap: system, size: 4K, count: 3 }',
        '  as: f',
        '- free: [f0, f1, f2]',
        '- check: { leaks: none }',
      ),
    );
  });
});
