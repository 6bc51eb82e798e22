// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenarios
/** Names, variables and combinations are checked before anything runs. */
import { describe, expect, it } from 'vitest';
import { failures, problemsOf, run } from './running.ts';

const steps = (...lines: readonly string[]): string =>
  `board: camera.dtb\nsteps:\n${lines.map((line) => `  ${line}\n`).join('')}`;
const ALLOC = '- alloc: { heap: system, size: 4K }';

describe('the meaning of a scenario', () => {
  it.each<[string, string, string[]]>([
    [
      'a name that no step makes',
      steps(ALLOC, '  as: frame', '- free: frmae'),
      [
        "5:11 scenario-unknown-name no step before this one makes a descriptor called 'frmae' | did you mean frame?",
      ],
    ],
    [
      'a name that is made later',
      steps('- free: a', ALLOC, '  as: a'),
      ["3:11 scenario-unknown-name no step before this one makes a descriptor called 'a' | give it a name"],
    ],
    [
      'a name of another kind',
      steps(ALLOC, '  as: a', '- mmap: a', '  as: m', '- munmap: a', '- free: m'),
      [
        "7:13 scenario-name-kind 'a' is a descriptor: a mapping is wanted here",
        "8:11 scenario-name-kind 'm' is a mapping: a descriptor is wanted here",
      ],
    ],
    [
      'a variable that no loop has',
      steps('- repeat:', '    times: 2', '    do:', '      - cat: /proc/${j}'),
      ["6:16 scenario-unknown-variable no loop around this step has a variable 'j' | did you mean ${i}?"],
    ],
    [
      'a name with a number that is never made',
      steps('- for:', '    n: [1, 2]', '    do:', `      ${ALLOC}`, '        as: a${n}', '- free: b1'),
      ["8:11 scenario-unknown-name no step before this one makes a descriptor called 'b1'"],
    ],
    [
      'two actions in a step',
      steps('- free: 4', '  dup: 4'),
      [
        '4:5 scenario-two-actions a step has one action, and this one has free and dup | make two steps of it',
      ],
    ],
    ['a step without an action', steps('- note: x'), ['3:5 scenario-no-action the step does nothing']],
    [
      'an errno that there is none of',
      steps('- free: 4', '  expect: { errno: EBAFD }'),
      ["4:22 scenario-errno 'EBAFD' is no errno that calls here answer | did you mean EBADF?"],
    ],
    [
      'an expectation that says nothing of the action',
      steps('- free: 4', '  expect: { phys: 0 }'),
      ["4:15 scenario-expectation 'phys' says nothing of free | of free there are errno, ret, log, hazards"],
    ],
    [
      'a number that the action does not show',
      steps('- stat: 4', '  expect: { value: { st_sise: 4 } }'),
      ["4:24 scenario-expectation stat shows no number called 'st_sise' | did you mean st_size?"],
    ],
    [
      'a name for what makes nothing',
      steps('- setrlimit: 5', '  as: a'),
      ['4:5 scenario-key setrlimit makes nothing that could have a name'],
    ],
    [
      'half a sync',
      steps('- sync: { fd: 4 }'),
      ['3:11 scenario-sync sync has one of start: true and end: true'],
    ],
    [
      'a sync of nothing',
      steps('- sync: { fd: 4, start: true }'),
      ['3:11 scenario-sync sync has read: true, write: true, or both'],
    ],
    [
      'a write of nothing',
      steps('- write: { to: 4 }'),
      ['3:12 scenario-exclusive write has bytes, text or file'],
    ],
    [
      'a file that is not there',
      steps('- write: { to: 4, file: nope.raw }'),
      ['3:27 scenario-file nope.raw: no such file'],
    ],
    [
      'an expression that is none',
      steps('- free: 4', '  expect: { log: "/(/" }'),
      ["4:20 scenario-regex 'log': /(/ is no expression that can be used: missing closing )"],
    ],
    [
      'a fault rule with a wrong word',
      steps('- fault: errno=ENOMEM,heap=x,nht=3'),
      ['3:12 scenario-fault no key is called "nht": did you mean nth?'],
    ],
    [
      'a module that is not loaded from the middle on',
      steps('- fault: module=cma_heap'),
      ['3:12 scenario-fault a module is not loaded from boot on'],
    ],
    [
      'a loop without a variable',
      steps('- for: { do: [ { free: 4 } ] }'),
      ['3:10 scenario-for for has one variable, and there is none'],
    ],
    [
      'a loop with two',
      steps('- for: { a: [1], b: [2], do: [ { free: 4 } ] }'),
      ['3:20 scenario-for for has one variable, and there are a and b | put one for inside the other'],
    ],
    [
      'an expectation of a loop',
      steps('- repeat: { times: 2, do: [ { free: 4 } ] }', '  expect: { errno: any }'),
      ["4:5 scenario-key 'expect' belongs to the steps inside of repeat"],
    ],
    [
      'one buffer of several',
      steps('- alloc: { heap: system, size: 4K, count: 2 }', '  expect: { fd: 4 }'),
      ["4:15 scenario-expectation 'fd' is of one buffer, and count makes several"],
    ],
    [
      'a panic with steps',
      `${steps('- free: 4')}expect: { panic: x }\n`,
      ['4:11 scenario-panic a boot that dies has no steps, and there are some'],
    ],
    [
      'a configuration that is not modelled',
      'board: b\nboot: { config: { CMA_SIZE_MBYTE: 4 } }\n',
      ['2:19 config-unknown CONFIG_CMA_SIZE_MBYTE is no option that is modelled'],
    ],
    [
      'a mode',
      'board: b\nboot: { mode: 0999 }\n',
      ['2:15 scenario-bad-value expected permission bits in octal'],
    ],
    ['a seed', 'board: b\nseed: 4294967296\n', ['2:7 scenario-seed a seed is a number from 0 to 4294967295']],
    ['a task', steps('- exit: true', '  task: 1st'), ["4:11 scenario-task-name '1st' is no name for a task"]],
  ])('tells %s', async (_, text, expected) => {
    const found = await problemsOf(text);
    expect(found.map((line, i) => line.slice(0, expected[i]?.length ?? 0))).toEqual(expected);
  });

  it('knows the names of branches and rounds that come first though they stand last', async () => {
    const text = steps(
      '- repeat:',
      '    times: 2',
      '    do:',
      '      - choose:',
      '          - do: [ { free: a, expect: { errno: any } } ]',
      '          - do: [ { alloc: { heap: system, size: 4K }, as: a } ]',
    );
    expect(await problemsOf(text)).toEqual([]);
  });

  it('says of a name that no step has made yet what a program would see', async () => {
    const report = await run(
      'steps:\n  - choose:\n      - weight: 0\n        do: [ { alloc: { heap: system, size: 4K }, as: a } ]\n      - do: [ { free: a } ]\n',
    );
    expect(failures(report)).toEqual(['1 errno: expected success, got EBADF']);
    expect(report.failures[0]?.unmade).toEqual(['a']);
  });

  it('stops at a value that turns out to be none', async () => {
    const text =
      'steps:\n  - for:\n      s: [4K, many]\n      do:\n        - alloc: { heap: system, size: "${s}" }\n';
    await expect(run(text)).rejects.toThrow(
      "'size': expected a size or an address: 8M, 4096, 0x60000000, found many",
    );
  });
});
