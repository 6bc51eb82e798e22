// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenarios
/** What is wrong with the form of a file is told with its place, what was expected, and what to do. */
import { describe, expect, it } from 'vitest';
import { scenarioSchema } from '../../src/scenario/form.ts';
import type { Step } from '../../src/scenario/index.ts';
import { problemsOf } from './running.ts';

const BOARD = 'board: camera.dtb\n';
const steps = (...lines: readonly string[]): string =>
  `${BOARD}steps:\n${lines.map((line) => `  ${line}\n`).join('')}`;

describe('the form of a scenario', () => {
  it.each<[string, string, string[]]>([
    [
      'another kind of file, of which nothing is repeated',
      'root: secret\ndaemon: x\n',
      ['1:1 scenario-none this is no scenario: it has none of its keys | there are schema, title'],
    ],
    ['no board', 'title: x\n', ["1:1 scenario-no-board the scenario has no 'board' | name a device tree"]],
    [
      'a key that nobody knows',
      `${BOARD}titel: x\n`,
      ["2:1 scenario-unknown-key 'titel' is no key of a scenario | did you mean title?"],
    ],
    [
      'an action at the top',
      `${BOARD}alloc: {}\n`,
      ["2:1 scenario-unknown-key 'alloc' is no key of a scenario | actions stand in the list of steps"],
    ],
    [
      'an action that nobody knows',
      steps('- aloc: { heap: system, size: 4K }'),
      ["3:5 scenario-unknown-key 'aloc' is no action, and no key of a step | did you mean alloc?"],
    ],
    [
      'a key beside an action',
      steps('- free: 4', '  exepct: { errno: EBADF }'),
      ["4:5 scenario-unknown-key 'exepct' is no action, and no key of a step | did you mean expect?"],
    ],
    [
      'a key of an action',
      steps('- alloc: { heap: system, sizes: 4K }'),
      [
        "3:5 scenario-missing-key 'alloc' has no 'size' | alloc: Opens a heap",
        "3:28 scenario-unknown-key 'sizes' is no key of alloc | did you mean size?",
      ],
    ],
    [
      'a size in no unit',
      steps('- alloc: { heap: system, size: 4Q }'),
      ["3:34 scenario-bad-size 'size' of alloc: expected a size or an address, found 4Q: unknown unit Q"],
    ],
    [
      'a size of more than 64 bits',
      steps('- alloc: { heap: system, size: 99999999999T }'),
      [
        "3:34 scenario-bad-size 'size' of alloc: expected a size or an address, found 99999999999T: it needs more",
      ],
    ],
    [
      'a number where text stands',
      steps('- alloc: { heap: 17, size: 4K }'),
      ["3:20 scenario-wrong-type 'heap' of alloc: expected text, found 17 | put it in quotes"],
    ],
    [
      'text that YAML takes for a mapping',
      steps('- free: 4', '  expect: { log: [/failed, req-size: 4/] }'),
      [
        '4:30 scenario-wrong-type item 2 of log: expected text, or /a regular expression/, found a mapping | put it',
      ],
    ],
    [
      'bytes that YAML takes for a number',
      steps('- write: { to: 4, bytes: 1234 }'),
      [
        "3:28 scenario-wrong-type 'bytes' of write: expected pairs of hexadecimal digits, found 1234 | put it in quotes",
      ],
    ],
    [
      'a comparison that is none',
      steps('- free: 4', '  expect: { ret: ">= many" }'),
      ["4:20 scenario-wrong-type 'ret' of expect: expected a number or a comparison"],
    ],
    [
      'an expectation that nobody knows',
      steps('- free: 4', '  expect: { ernno: EBADF }'),
      ["4:15 scenario-unknown-key 'ernno' is no expectation | did you mean errno?"],
    ],
    [
      'an expectation at the end',
      `${BOARD}expect: { leak: none }\n`,
      ["2:11 scenario-unknown-key 'leak' is no expectation | did you mean leaks?"],
    ],
    [
      'a step that is no mapping',
      steps('- free'),
      ['3:5 scenario-wrong-type step 1 of this list: expected a step: a mapping with an action'],
    ],
    [
      'steps in a loop without any',
      steps('- repeat: { times: 2, do: [] }'),
      ["3:29 scenario-wrong-type 'do' of repeat: expected a list of at least one step"],
    ],
    ['variables in braces without quotes', steps('- free: [a${i}]'), ['3:14 yaml-syntax not valid YAML']],
    ['two documents', `${BOARD}---\n${BOARD}`, ['2:1 yaml-multiple-documents']],
    ['a key twice', `${BOARD}${BOARD}`, ["2:1 yaml-duplicate-key 'board' is here twice"]],
    [
      'a board in place that is none',
      'board:\n  memory: { reg: [0x40000000, 1Q] }\n',
      ["2:31 board-bad-size 'reg' of memory"],
    ],
  ])('tells %s', async (_, text, expected) => {
    const found = await problemsOf(text);
    expect(found.map((line, i) => line.slice(0, expected[i]?.length ?? 0))).toEqual(expected);
  });

  it('tells everything at once, from top to bottom', async () => {
    const found = await problemsOf('titel: x\nsteps:\n  - fre: 4\n  - alloc: { heap: system }\n');
    expect(found.map((line) => line.split(' ')[1])).toEqual([
      'scenario-no-board',
      'scenario-unknown-key',
      'scenario-unknown-key',
      'scenario-missing-key',
    ]);
  });

  it('takes what stands for nothing: an empty list of steps, a schema for editors', async () => {
    expect(await problemsOf(`$schema: x\nschema: dmaheap.scenario/1\n${BOARD}steps: []\n`)).toEqual([]);
    expect(await problemsOf(`schema: dmaheap.scenario/2\n${BOARD}`)).toEqual([
      expect.stringContaining("'schema': expected dmaheap.scenario/1"),
    ]);
  });
});

it('is known to TypeScript, inside of other steps too', () => {
  const right: readonly Step[] = [
    { lseek: { fd: 'a' } },
    { repeat: { times: 2, do: [{ alloc: { heap: 'system', size: '4K' } }] } },
    { for: { x: ['a', 1], do: [{ dup: 'x' }] } },
    { parallel: [{ task: 'a', do: [{ repeat: { times: 1, do: [{ dup: 'a' }] } }] }] },
  ];
  // @ts-expect-error dop is no action
  const unknown: Step = { for: { x: ['a', 1], do: [{ dop: 'x' }] } };
  // @ts-expect-error a descriptor is no boolean
  const wrong: Step = { choose: [{ weight: 1, do: [{ dup: true }] }] };
  // @ts-expect-error lseek has an offset
  const misspelt: Step = { lseek: { fd: 'a', ofset: 1n } };
  // @ts-expect-error fcntl needs a command
  const less: Step = { fcntl: { fd: 'a' } };
  const read = (steps: readonly Step[]) => scenarioSchema.safeParse({ board: 'b', steps }).success;
  expect(right).toHaveLength(4);
  expect([unknown, wrong, misspelt, less].map((step) => read([step]))).not.toContain(true);
});
