import { describe, expect, test } from 'vitest';
import { preprocess } from '../../../src/devicetree/cpp/preprocess.ts';
import { Random } from '../../fuzz/random.ts';
import { SEED } from '../../fuzz/seed.ts';
import { judge } from '../../fuzz/target.ts';
import { cppTarget } from './fuzz-target.ts';
import { type Files, reader } from './real-cpp.ts';

/** The code of the last problem of a hostile source, and how long it took, in milliseconds. */
function hostile(main: string, files: Files = {}): { code: string | undefined; ms: number } {
  const all = { 'main.dts': main, ...files };
  const start = performance.now();
  const { diagnostics } = preprocess({ path: 'main.dts', text: main }, { readFile: reader(all) });
  return { code: diagnostics.at(-1)?.code, ms: performance.now() - start };
}

const repeat = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

describe('hostile input ends in a named problem, soon', () => {
  const CASES: [string, string, string | undefined, Files?][] = [
    ['a file that includes itself', '#include "main.dts"\n', 'include-depth'],
    [
      'a file that includes itself twice',
      '#if __INCLUDE_LEVEL__ < 150\n#include "main.dts"\n#include "main.dts"\n#endif\n',
      'include-count',
    ],
    [
      'a large file over and over',
      repeat(100, () => '#include "large"\n'),
      'input-size',
      { large: `${'x '.repeat(500_000)}\n` },
    ],
    [
      'doubling objects',
      `${repeat(60, (i) => `#define A${i + 1} A${i} A${i}\n`)}#define A0 x\nA60\n`,
      'macro-expansion',
    ],
    ['doubling arguments', `#define f(x) x x\n${'f('.repeat(60)}y${')'.repeat(60)}\n`, 'macro-expansion'],
    [
      'doubling arguments that are nothing',
      `#define f(x) x x\n${'f('.repeat(60)}${')'.repeat(60)}\n`,
      'macro-expansion',
    ],
    [
      'doubling in #if',
      `${repeat(60, (i) => `#define A${i + 1} A${i} + A${i}\n`)}#define A0 1\n#if A60\n#endif\n`,
      'macro-expansion',
    ],
    [
      'doubling by pasting',
      `#define p(a, b) a##b\n#define q(a, b) p(a, b)\n#define A0 xxxxxxxx\n${repeat(40, (i) => `#define A${i + 1} q(A${i}, A${i})\n`)}A40\n`,
      'macro-expansion',
    ],
    [
      'doubling by quoting',
      `#define S(x) #x\n#define X(x) S(x)\n${'X('.repeat(60)}"\\""${')'.repeat(60)}\n`,
      'macro-token-size',
    ],
    [
      'long output of a short macro',
      `#define A ${'x'.repeat(10_000)}\n${'A '.repeat(200_000)}`,
      'output-size',
    ],
    ['calls within calls', `#define f(x) x\n${'f('.repeat(1_000)}${')'.repeat(1_000)}\n`, 'macro-depth'],
    ['a deep expression', `#if ${'('.repeat(300_000)}\n#endif\n`, 'expression-depth'],
    ['a long chain of signs', `#if ${'-'.repeat(1_000_000)}1\n#endif\n`.replaceAll('--', '- '), undefined],
    ['a long chain of choices', `#if ${'1?1:'.repeat(200_000)}1\n#endif\n`, 'expression-depth'],
    ['a long sum', `#if ${'1+'.repeat(400_000)}1\n#endif\n`, undefined],
    ['open groups', '#if 1\n'.repeat(150_000), 'conditional-depth'],
    ['open groups not taken', `#if 0\n${'#if 1\n'.repeat(150_000)}`, 'conditional-depth'],
    ['many problems', '#error x\n'.repeat(100_000), 'too-many-problems'],
    ['many redefinitions', repeat(50_000, (i) => `#define A ${i}\n`), 'too-many-problems'],
    ['markers ever deeper', repeat(50_000, (i) => `# ${i} "f" 1\n`), 'include-depth'],
    ['many markers', repeat(50_000, (i) => `# ${i} "f"\nx\n`), undefined],
    ['a long chain of macros', `${repeat(30_000, (i) => `#define A${i + 1} A${i}\n`)}A30000\n`, undefined],
    [
      'an unclosed argument list, again and again',
      `#define f(x) x\n${'f (\n'.repeat(200_000)}`,
      'macro-arguments',
    ],
    ['a function-like name without end', `#define f(x) x\n${'f\n'.repeat(400_000)}`, undefined],
    [
      'a name before many blank lines',
      `#define f(x) x\n${'f '.repeat(10_000)}${'\n'.repeat(500_000)}`,
      undefined,
    ],
    ['names before blank lines', `#define f(x) x\n${`f${'\n'.repeat(1000)}`.repeat(900)}`, undefined],
    [
      'expansions before blank lines',
      `#define f(x) x\n#define g f\n${'g '.repeat(1000)}g${'\n'.repeat(900_000)}`,
      undefined,
    ],
    ['comments without end', '/* '.repeat(300_000), 'comment-unterminated'],
    ['slashes', '/'.repeat(900_000), undefined],
    ['quotes', '"\n\''.repeat(300_000), undefined],
    ['hashes', '#\n# \n#x\n'.repeat(90_000), undefined],
    ['many macros', repeat(60_000, (i) => `#define A${i} 1\n`), undefined],
    [
      'many parameters',
      `#define f(${repeat(50_000, (i) => `a${i},`)}z) z\nf(${','.repeat(50_000)})\n`,
      undefined,
    ],
    [
      'many arguments',
      `#define f(...) g(__VA_ARGS__)\n#define g(...) __VA_ARGS__\nf(${'1,'.repeat(50_000)})\n`,
      undefined,
    ],
    ['many continued lines', `#define A ${'x \\\n'.repeat(200_000)}\nA\n`, undefined],
    ['__VA_OPT__ within itself', `#define f(...) ${'__VA_OPT__('.repeat(50_000)}\n`, 'macro-definition'],
    ['punctuation before macros', `#define A 1\n${`${'.'.repeat(60)}A`.repeat(12_000)}\n`, undefined],
  ];
  test.each(CASES)('%s', (_, text, code, files) => {
    const result = hostile(text, files);
    expect(result.code).toBe(code);
    // The promise is one second; the machine that runs this may be busy.
    expect(result.ms).toBeLessThan(4000);
  });

  test('limits can be set', () => {
    const { diagnostics } = preprocess(
      { path: 'm', text: 'a b c d' },
      { readFile: reader({}), limits: { outputSize: 3 } },
    );
    expect(diagnostics.map((d) => d.code)).toEqual(['output-size']);
    const file = preprocess(
      { path: 'm', text: 'a b c d' },
      { readFile: reader({}), limits: { fileSize: 3 } },
    );
    expect(file.diagnostics.map((d) => d.code)).toEqual(['file-size']);
  });
});

test('a short fuzz finds neither a crash nor a hang', () => {
  const end = performance.now() + 3000;
  let runs = 0;
  for (let seed = SEED; performance.now() < end; seed++, runs++) {
    const { finding } = judge(cppTarget, cppTarget.input(new Random(seed)));
    expect({ seed, finding }).toEqual({ seed, finding: undefined });
  }
  expect(runs).toBeGreaterThan(100);
});
