/** Random #if expressions, right and wrong ones. */

import fc from 'fast-check';
import { OPERATORS } from '../operators.ts';

const NUMBERS = [
  '0',
  '1',
  '2',
  '7',
  '63',
  '64',
  '0xff',
  '010',
  '3u',
  '0x7fffffffffffffff',
  '0x8000000000000000',
  '18446744073709551615',
  '1UL',
  "'a'",
  "'\\0'",
  'A',
  'B',
  'UNKNOWN',
  'defined A',
  'defined(B)',
  'defined UNKNOWN',
];

const expression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(...NUMBERS),
    fc.tuple(tie('e'), fc.constantFrom(...OPERATORS), tie('e')).map(([a, o, b]) => `${a} ${o} ${b}`),
    fc.tuple(fc.constantFrom('-', '+', '!', '~'), tie('e')).map(([o, a]) => `${o} ${a}`),
    tie('e').map((a) => `(${a})`),
    fc.tuple(tie('e'), tie('e'), tie('e')).map(([a, b, c]) => `${a} ? ${b} : ${c}`),
  ),
})).e;

/** One #if with everything around it; now and then a character is missing. */
export const expressionProgram = (): fc.Arbitrary<string> =>
  fc
    .tuple(expression, fc.option(fc.nat({ max: 60 }), { freq: 8 }))
    .map(([e, cut]) => (cut === null ? e : e.slice(0, cut) + e.slice(cut + 1)))
    .map((e) => `#define A 3\n#define B (A - 5)\n#if ${e}\nyes\n#else\nno\n#endif\n`);
