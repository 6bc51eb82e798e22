/** Random programs that define and use macros in every way, for the comparison with gcc. */
import fc from 'fast-check';

const NAMES = ['A', 'B', 'C', 'f', 'g', 'h', 'v'];
const PARAMETERS = ['x', 'y', 'z'];
const ATOMS = [
  '1',
  '0x1e',
  'a',
  'foo',
  '-',
  '+',
  '.',
  '<',
  '>',
  '#',
  '@',
  ':',
  ',',
  '(',
  ')',
  '"s"',
  "'c'",
  '/',
  '&',
  '=',
  ';',
  '\\',
  'L',
];

const space = fc.constantFrom('', '', '', ' ', '  ', '/**/', '\\\n');
const spaced = (words: fc.Arbitrary<string>, max: number): fc.Arbitrary<string> =>
  fc.array(fc.tuple(space, words), { maxLength: max }).map((list) => list.map(([s, w]) => s + w).join(''));

/** Text with balanced parentheses, so that most invocations are complete. */
const text: fc.Arbitrary<string> = fc.letrec<{ text: string; word: string }>((tie) => ({
  text: spaced(tie('word'), 6),
  word: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...NAMES, ...PARAMETERS, ...ATOMS.filter((a) => !'()#\\'.includes(a))),
    fc.constantFrom(...NAMES),
    fc
      .tuple(fc.constantFrom(...NAMES), space, fc.array(tie('text'), { maxLength: 3 }))
      .map(([name, s, args]) => `${name}${s}(${args.join(',')})`),
    tie('text').map((inner) => `(${inner})`),
  ),
})).text;

const body = spaced(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PARAMETERS, ...NAMES) },
    { weight: 3, arbitrary: fc.constantFrom(...ATOMS) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'x##y',
        'x ## y',
        'a##x',
        'x##1',
        '#x',
        '# y',
        '__VA_ARGS__',
        ', ## __VA_ARGS__',
        ',##z',
        '#__VA_ARGS__',
        '-##x',
        'x##y##z',
      ),
    },
    { weight: 1, arbitrary: text },
  ),
  8,
);

const definition = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom('', '', '()', '(x)', '(x, y)', '( x,y , z )', '(...)', '(x, ...)', '(x, z...)', '(y, x)'),
    body,
  )
  .map(([name, parameters, tokens]) => `#define ${name}${parameters} ${tokens.replace(/\(|\)/g, (c) => c)}`);

const line = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 3, arbitrary: definition },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES).map((name) => `#undef ${name}`) },
  { weight: 1, arbitrary: fc.constantFrom('#ifdef A\nyes\n#else\nno\n#endif', '#if 0\nf(\n#endif') },
);

export const macroProgram = (): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(definition, { minLength: 1, maxLength: 6 }),
      fc.array(line, { minLength: 1, maxLength: 6 }),
    )
    .map(([definitions, lines]) => `${[...definitions, ...lines].join('\n')}\n`);
