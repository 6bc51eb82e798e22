import { describe, expect, it } from 'vitest';
import { firstAnswerDifference, type PreparedScenario } from '../../src/scenario/index.ts';
import { prepared } from './running.ts';

const onKernel = (scenario: PreparedScenario, kernel: string): PreparedScenario => ({
  ...scenario,
  params: { ...scenario.params, kernel },
});

async function first(text: string, before: string, after: string) {
  const scenario = await prepared(text);
  const found = firstAnswerDifference(onKernel(scenario, before), onKernel(scenario, after));
  return (
    found && [
      found.number,
      ...found.differences.map(({ what, before, after }) => `${what}: ${before} | ${after}`),
    ]
  );
}

describe('firstAnswerDifference', () => {
  it.each([
    ['the same kernel', 'steps: [ { alloc: { heap: system, size: 1M } } ]', '6.12', '6.12', undefined],
    [
      'where the system heap has its pages',
      'steps: [ { alloc: { heap: system, size: 4K } } ]',
      '6.1',
      '6.12',
      undefined,
    ],
    [
      'a heap that is not there',
      'steps:\n  - alloc: { heap: system, size: 4K }\n  - alloc: { heap: default_cma_region, size: 1M }\n    expect: { errno: any }\n',
      '6.12',
      '6.18',
      [
        2,
        'result: ENOENT | success (descriptor 5)',
        'size: none | 1048576',
        'exp_name: none | default_cma_region',
        'phys: none | 0x7e100000',
      ],
    ],
    [
      'a file of /sys',
      'steps: [ { cat: /sys/kernel/mm/cma/video-cma@60000000/available_pages } ]',
      '6.12',
      '6.18',
      [
        1,
        expect.stringMatching(/^result: ENOENT \| success/),
        expect.stringMatching(/^bytes: none \| 6 bytes/),
      ],
    ],
    [
      'the log',
      'steps: [ { alloc: { heap: "linux,cma", size: 33M }, expect: { errno: any } } ]',
      '6.12',
      '6.18',
      [1, expect.stringMatching(/^log: none \| <3>cma: __cma_alloc: linux,cma: alloc failed/)],
    ],
  ])('of %s', async (_, text, before, after, expected) => {
    expect(await first(text, before, after)).toEqual(expected);
  });

  it('looks at answers alone: what a step expects does not matter', async () => {
    const text = 'steps:\n  - alloc: { heap: system, size: 4K }\n    expect: { errno: ENOMEM }\n';
    expect(await first(text, '6.1', '6.12')).toBeUndefined();
  });
});
