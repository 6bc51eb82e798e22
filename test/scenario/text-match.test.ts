/** Regular expressions of scenarios: what they match as before, and how long they may take. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { InvalidInput } from '../../src/diagnostic.ts';
import { runScenario } from '../../src/scenario/index.ts';
import { readPattern } from '../../src/scenario/pattern.ts';
import { projectPath } from '../small-board.ts';
import { failures, prepared, problemsOf, run } from './running.ts';

const matches = (source: string, flags: string, text: string): boolean => {
  const pattern = readPattern(source, flags);
  if ('problem' in pattern) throw new Error(pattern.problem);
  return pattern.test(text);
};

/** Every expectation that takes an expression, around one. */
const PLACES: readonly (readonly [what: string, scenario: (pattern: string) => string])[] = [
  ['text of cat', (p) => `steps:\n  - cat: /proc/meminfo\n    expect: { text: '${p}' }\n`],
  [
    'text of read',
    (p) =>
      `steps:\n  - alloc: { heap: system, size: 4K }\n    as: b\n  - read: { from: b, length: 9 }\n    expect: { text: '${p}' }\n`,
  ],
  ['log', (p) => `steps:\n  - sleep: 1\n    expect: { log: ['${p}'] }\n`],
  ['log of check', (p) => `steps:\n  - check: { log: '${p}' }\n`],
  ['no-log of check', (p) => `steps:\n  - check: { no-log: '${p}' }\n`],
  ['cat of check', (p) => `steps:\n  - check: { cat: { /proc/meminfo: '${p}' } }\n`],
  ['log at the end', (p) => `expect: { log: '${p}' }\n`],
  ['no-log at the end', (p) => `expect: { no-log: '${p}' }\n`],
  ['cat at the end', (p) => `expect: { cat: { /proc/meminfo: '${p}' } }\n`],
  ['panic', (p) => `expect: { panic: '${p}' }\n`],
];

describe('a regular expression', () => {
  it('matches as those of JavaScript do', () => {
    for (const [source, flags, text] of [
      ['^MemTotal: +\\d+ kB$', 'm', 'x\nMemTotal:   12 kB\ny'],
      ['a.b', '', 'a\nb'],
      ['a.b', 's', 'a\nb'],
      ['ABC', 'i', 'xabcx'],
      ['ABC', 'gi', 'xabcx'],
      ['ä+', 'u', 'ääh'],
      ['(?<name>x)\\/y', '', 'x/y'],
      ['\\bfoo\\b', '', 'a foo b'],
      ['[^]', '', '\n'],
      ['x$', '', 'x\n'],
      ['\\u0041[\\d-]{2}', '', 'A1-'],
      ['', '', ''],
    ] as const) {
      expect([source, matches(source, flags, text)]).toEqual([source, new RegExp(source, flags).test(text)]);
    }
  });

  it.each([
    ['(a)\\1', 'backreference'],
    ['(?<x>a)\\k<x>', 'backreference'],
    ['(?=a)b', 'lookahead'],
    ['(?!a)b', 'negative lookahead'],
    ['(?<=a)b', 'lookbehind'],
    ['(?<!a)b', 'negative lookbehind'],
    ['(', 'not closed'],
    ['(a{1000}){1000}', 'too much of it'],
    ['(a{1,100}){10}'.repeat(200), 'too much of it, in pieces'],
    ['x'.repeat(5000), 'too long'],
    [`${'('.repeat(1500)}a${')'.repeat(1500)}`, 'too deep'],
  ])('is refused by name and place: %#', async (source) => {
    for (const [, scenario] of PLACES) {
      const problems = await problemsOf(`board: camera\n${scenario(`/${source}/`)}`);
      expect(problems).toEqual([
        expect.stringMatching(/^\d+:\d+ scenario-regex '\S+': .* is no expression that can be used/),
      ]);
    }
  });

  it('made in a loop is refused when it is there', async () => {
    const text =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a scenario's own
      "steps:\n  - for: { x: ['(?=a)'], do: [ { cat: /proc/meminfo, expect: { text: '/${x}/' } } ] }\n";
    const error = await run(text).catch((thrown: unknown) => thrown);
    expect((error as InvalidInput).diagnostics[0]).toMatchObject({ code: 'scenario-regex' });
  });

  it('that JavaScript would take years for is done at once, in every place', async () => {
    const begun = performance.now();
    for (const [what, scenario] of PLACES) {
      if (what === 'panic') continue;
      const report = runScenario(await prepared(scenario('/((a|[^x]|.)+)+\\x01$/s')), { keepGoing: true });
      expect([what, failures(report).length]).toEqual([what, what.startsWith('no-log') ? 0 : 1]);
    }
    const long = `${'a'.repeat(100_000)}!`;
    expect(matches('(a+)+$', '', long)).toBe(false);
    expect(matches('(a*)*(a*)*[bc]', '', long)).toBe(false);
    expect(matches('(a|aa)+$', '', long)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('that would take long all the same is not begun', async () => {
    const text = (size: string) =>
      `steps:\n  - alloc: { heap: system, size: 64M }\n    as: b\n  - read: { from: b, length: ${size} }\n    expect: { text: '/(?:a?){900}a{900}\\b[!?]/' }\n`;
    const error = await run(text('64M')).catch((thrown: unknown) => thrown);
    expect((error as InvalidInput).diagnostics[0]).toMatchObject({
      code: 'scenario-regex-costs',
      path: 'steps[1].expect.text',
    });
    expect(failures(await run(text('1K')))).toHaveLength(1);
  });

  it('of JavaScript itself takes no text of a user anywhere', () => {
    const sources = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' });
    const found = sources
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) =>
        readFileSync(projectPath(join('src', name)), 'utf8')
          .split('\n')
          .filter((line) => line.includes('RegExp('))
          .map((line) => `${name}: ${line.trim().slice(0, 40)}`),
      )
      // All that it is made of stands in the file.
      .filter(
        (found) =>
          !/^devicetree\/repair\/(front-marks|noise)\.ts: (const PROMPT = )?new RegExp\(`/.test(found),
      );
    // Those of constants alone.
    expect(found.sort()).toEqual([
      'board/schema.ts: const CELLS = new RegExp(',
      'board/schema.ts: const cells = (text.match(new RegExp(NUM',
      'profile/architecture-by-log.ts: const ARCH = new RegExp(String.raw`\\b(${',
      'reconstruct/readers/identity-lines.ts: const UNAME = new RegExp(',
      'scenario/pattern.ts: const found = ready.get(key) ?? RE2JS.co',
      'scenario/value-forms.ts: const orTemplate = (pattern: RegExp) => ',
    ]);
  });
});
