import { expect, test } from 'vitest';
import { stepReasons } from '../../src/cli/render/run-text.ts';
import { CMA, run } from './running.ts';

/** The steps that failed, with the step that each follows from. */
async function follows(steps: string): Promise<string[]> {
  const { failures } = await run(`steps:\n${steps}`, { keepGoing: true });
  return failures.map(({ number, action, follows }) => `${number} ${action} ${follows ?? 'by itself'}`);
}

test('steps follow from the one that should have made what they use', async () => {
  expect(
    await follows(`
  - alloc: { heap: nowhere, size: 4K }
    as: a
  - mmap: a
    as: m
  - fill: { to: 'map:m', byte: 1 }
  - dup: a
    as: b
  - free: b
  - alloc: { heap: ${CMA}, size: 1G }
  - alloc: { heap: system, size: 4K }
    as: a
  - mmap: a
    as: m
  - fill: { to: 'map:m', byte: 1 }
  - free: 77
`),
  ).toEqual([
    '1 alloc by itself',
    '2 mmap 1',
    '3 fill 1',
    '4 dup 1',
    '5 free 1',
    '6 alloc by itself',
    '10 free by itself',
  ]);
});

test('descriptors that have other numbers follow from the step that took none, in its task alone', async () => {
  expect(
    await follows(`
  - alloc: { heap: nowhere, size: 4K }
    expect: { fd: 4 }
  - alloc: { heap: system, size: 4K }
    expect: { fd: 5 }
  - alloc: { heap: system, size: 4K }
    expect: { fd: 6, size: 8K }
  - alloc: { heap: system, size: 4K }
    task: other
    expect: { fd: 9 }
`),
  ).toEqual(['1 alloc by itself', '2 alloc 1', '3 alloc by itself', '4 alloc by itself']);
});

test('what was expected to fail has no consequences', async () => {
  expect(
    await follows(`
  - alloc: { heap: nowhere, size: 4K }
    as: a
    expect: { errno: ENOENT }
  - free: a
  - alloc: { heap: nowhere, size: 4K, count: 2 }
    as: b
  - free: b1
`),
  ).toEqual(['2 free by itself', '3 alloc by itself', '4 free 3']);
});

test('what follows from another step has no reason of its own', async () => {
  const { failures } = await run(
    'steps:\n  - alloc: { heap: nowhere, size: 4K }\n    as: a\n  - mmap: a\n  - sync: { fd: a, start: true, read: true }\n  - free: 77\n',
    { keepGoing: true },
  );
  expect(failures.map(stepReasons)).toEqual([
    [expect.stringContaining('the heaps are')],
    ['follows from step 1'],
    ['follows from step 1'],
    [expect.stringContaining('77 is not an open descriptor')],
  ]);
});
