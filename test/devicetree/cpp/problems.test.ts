import { describe, expect, test } from 'vitest';
import { preprocess } from '../../../src/devicetree/cpp/preprocess.ts';
import { normalise, ourCpp } from './real-cpp.ts';

/** The problems of a source, each as `line:column code: message`. */
const problems = (text: string, files: Record<string, string> = {}): string[] =>
  ourCpp({ 'main.dts': text, ...files }).diagnostics.map(
    (d) => `${d.position?.line}:${d.position?.column} ${d.code}: ${d.message}`,
  );

describe('each mistake is told where it stands', () => {
  const CASES: [string, string, string[]][] = [
    ['missing include', '\n #include "none.h"\n', ['2:11 include-not-found: none.h was not found']],
    ['include of nothing', '#include\n', ['1:9 include-operand: expected "file" or <file> after #include']],
    [
      'include of a number',
      '#define X 1\n#include X\n',
      ['2:10 include-operand: expected "file" or <file> after #include'],
    ],
    ['unclosed name', '#include "a\n', ['1:10 include-operand: expected "file" or <file> after #include']],
    ['#error', '#error it is  /* c */ wrong\n', ['1:1 error-directive: #error it is wrong']],
    ['#error of nothing', 'x\n  #error', ['2:3 error-directive: #error']],
    ['#warning', '#warning  mind "this"\n', ['1:1 warning-directive: #warning mind "this"']],
    [
      'no #endif',
      'x\n#if 1\n#ifdef A\n',
      [
        '2:1 conditional-unterminated: this #if has no #endif in its file',
        '3:1 conditional-unterminated: this #if has no #endif in its file',
      ],
    ],
    [
      'no #if',
      '#endif\n#else\n#elif 1\n',
      [
        '1:1 conditional-unbalanced: #endif without an #if before it in its file',
        '2:1 conditional-unbalanced: #else without an #if before it in its file',
        '3:1 conditional-unbalanced: #elif without an #if before it in its file',
      ],
    ],
    [
      'two #else',
      '#if 1\n#else\n#else\n#endif\n',
      ['3:1 conditional-unbalanced: #else after the #else of the #if in line 1'],
    ],
    [
      '#elif after #else',
      '#if 1\n#else\n#elif 1\n#endif\n',
      ['3:1 conditional-unbalanced: #elif after the #else of the #if in line 1'],
    ],
    ['#ifdef of nothing', '#ifdef\n#endif\n', ["1:1 macro-name: expected a macro's name after #ifdef"]],
    ['#undef of a number', '#undef 1\n', ["1:1 macro-name: expected a macro's name after #undef"]],
    ['#if of nothing', '#if\n#endif\n', ['1:1 expression: #if has no expression']],
    ['division by zero', '#if 1 / 0\n#endif\n', ['1:7 expression: division by zero in #if']],
    ['two values', '#if 1 2\n#endif\n', ['1:7 expression: expected an operator before 2']],
    ['no value', '#if 1 +\n#endif\n', ['1:1 expression: the expression ends where a value was expected']],
    ['open parenthesis', '#if 1 + (2\n#endif\n', ["1:9 expression: there is no ')' for this '('"]],
    ['closing parenthesis', '#if 2)\n#endif\n', ["1:6 expression: there is no '(' for this ')'"]],
    ['a string in #if', '#if "a"\n#endif\n', ['1:5 expression: a string has no value in #if']],
    ['a fraction', '#if 1.5\n#endif\n', ['1:5 expression: 1.5 is not a whole number']],
    ['no number', '#if 0xg\n#endif\n', ['1:5 expression: 0xg is not a number']],
    [
      'a number beyond 64 bits',
      '#if 0x10000000000000000\n#endif\n',
      ['1:5 expression: 0x10000000000000000 does not fit into 64 bits'],
    ],
    ['no colon', '#if 1 ? 2\n#endif\n', ["1:1 expression: expected ':' after '?'"]],
    ['a property in #if', '#if = 1\n#endif\n', ['1:5 expression: expected a value, but here is =']],
    [
      'defined of nothing',
      '#if defined\n#endif\n',
      ["1:5 expression: expected a macro's name after 'defined'"],
    ],
    [
      'defined, not closed',
      '#if defined(A\n#endif\n',
      ["1:5 expression: expected ')' after the name of 'defined'"],
    ],
    [
      '__has_include of nothing',
      '#if __has_include\n#endif\n',
      ["1:5 expression: expected '(' after __has_include"],
    ],
    [
      'too few arguments',
      '#define f(a, b) a\n x f(1)\n',
      ['2:4 macro-arguments: the macro f takes 2 arguments, but here are 1'],
    ],
    [
      'too many arguments',
      '#define f(a) a\nf(1, 2)\n',
      ['2:1 macro-arguments: the macro f takes 1 argument, but here are 2'],
    ],
    [
      'arguments for none',
      '#define f() a\nf(1)\n',
      ['2:1 macro-arguments: the macro f takes 0 arguments, but here are 1'],
    ],
    [
      'too few for a variadic',
      '#define f(a, b, ...) a\nf(1)\n',
      ['2:1 macro-arguments: the macro f takes at least 2 arguments, but here are 1'],
    ],
    [
      'arguments not closed',
      '#define f(a) a\nf(1\n',
      ['2:1 macro-arguments: the argument list of the macro f is not closed'],
    ],
    [
      'a property among arguments',
      '#define f(a) a\nf(\n#x-cells)\n',
      ['2:1 macro-arguments: a line that starts with # stands among the arguments of a macro'],
    ],
    ['#define of nothing', '#define\n', ["1:1 macro-definition: expected a macro's name after #define"]],
    ['#define of defined', '#define defined\n', ['1:9 macro-definition: defined cannot be a macro']],
    [
      'parameters not closed',
      '#define f(a\n',
      ["1:12 macro-definition: expected ',' or ')' after a macro's parameter"],
    ],
    ['a parameter twice', '#define f(a, a) 1\n', ['1:14 macro-definition: the parameter a is there twice']],
    [
      'no parameter',
      '#define f(1) 1\n',
      ["1:11 macro-definition: expected a parameter's name, '...' or ')'"],
    ],
    [
      '## at an end',
      '#define f(a) a ##\n',
      ["1:13 macro-definition: '##' cannot stand at either end of a macro"],
    ],
    [
      'redefined',
      '#define A 1\n#define A 2\n',
      [
        '2:9 macro-redefined: the macro A is defined a second time, differently; the first time was at main.dts:1',
      ],
    ],
    ['comment not closed', 'x\n /* y\n', ['2:2 comment-unterminated: this comment is never closed']],
    [
      '#pragma',
      '#pragma x\n',
      ['1:1 directive-ignored: #pragma means nothing in a device tree and is left out'],
    ],
    [
      'text after #endif is fine, after #undef not',
      '#if 1\n#endif X\n#undef A B\n',
      ['3:9 directive-extra: text after #undef A is left out'],
    ],
    [
      '#line of nothing',
      '#line x\n',
      ['1:1 line-directive: expected a line number, and perhaps a file in quotes, after #line'],
    ],
    [
      'the time',
      '__DATE__ __TIME__\n',
      [
        '1:1 no-clock: __DATE__ has no value: the result must not depend on the time',
        '1:10 no-clock: __TIME__ has no value: the result must not depend on the time',
      ],
    ],
  ];
  test.each(CASES)('%s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  // Older ones of the real preprocessor do not know them: what they mean stands here.
  test.each([
    ['#elifdef A', 'yes'],
    ['#elifdef B', 'no'],
    ['#elifndef A', 'no'],
    ['#elifndef B', 'yes'],
  ])('%s: %s', (directive, taken) => {
    const { source, errors } = ourCpp({
      'main.dts': `#define A\n#if 0\nskipped\n${directive}\nyes\n#else\nno\n#endif\n`,
    });
    expect([normalise(source.text), errors]).toEqual([taken, []]);
  });

  test('several in one run, and the rest goes on', () => {
    const { source, errors } = ourCpp({
      'main.dts': '#include "a"\n#include "none1"\n#include <none2>\n#error three\n#define X 4\nX\n',
      a: '\n#include "none0"\n',
    });
    expect(errors.map((d) => d.message)).toEqual([
      'none0 was not found',
      'none1 was not found',
      'none2 was not found',
      '#error three',
    ]);
    expect(errors[0]?.position).toMatchObject({
      file: 'a',
      line: 2,
      includedFrom: { file: 'main.dts', line: 1 },
    });
    expect(normalise(source.text)).toBe('4');
  });

  test('a refusal of the reader is told at the #include', () => {
    const readFile = () => ({ refused: { code: 'outside', message: 'outside of the directories' } });
    const { diagnostics } = preprocess({ path: 'm', text: '\n#include "../x"\n' }, { readFile });
    expect(diagnostics).toMatchObject([{ code: 'outside', position: { file: 'm', line: 2 } }]);
  });

  test('a wrong -D is told', () => {
    const { diagnostics } = ourCpp({ 'main.dts': '' }, ['A', '1=2']);
    expect(diagnostics).toMatchObject([
      { code: 'macro-definition', position: { file: '<command-line>', line: 2 } },
    ]);
  });
});
