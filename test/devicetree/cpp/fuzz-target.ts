/** The preprocessor as the fuzzer sees it. */
import { preprocess } from '../../../src/devicetree/cpp/preprocess.ts';
import { type FuzzTarget, MAX_INPUT } from '../../fuzz/target.ts';
import { reader } from './real-cpp.ts';

const PIECES = [
  '#define ',
  '#undef ',
  '#include "main.dts"\n',
  '#include "a"\n',
  '#include ',
  '#if ',
  '#ifdef ',
  '#ifndef ',
  '#elif ',
  '#else\n',
  '#endif\n',
  '#line ',
  '# 3 "x" 1\n',
  '# 4 "y" 2\n',
  '#error ',
  '#pragma once\n',
  '#address-cells = <1>;\n',
  '#',
  'A',
  'B',
  'f',
  'g',
  'x',
  'y',
  'defined ',
  '__VA_ARGS__',
  '__VA_OPT__',
  '__LINE__',
  '__COUNTER__',
  '__FILE__',
  '__has_include',
  'f(x)',
  'g(x, y)',
  'f(x, ...)',
  'g(x...)',
  'A A',
  'f(f(',
  'x##y',
  '#x',
  ', ## __VA_ARGS__',
  'g(A, B)',
  'f(A)',
  ' ',
  ' ',
  '\n',
  '\n',
  '\n',
  '\\\n',
  '\t',
  '\r\n',
  '/*',
  '*/',
  '//',
  '"',
  "'",
  '\\',
  '(',
  ')',
  ',',
  '<',
  '>',
  '##',
  '.',
  '...',
  '-',
  '+',
  '=',
  '?',
  ':',
  '0',
  '1',
  '0x1e',
  '18446744073709551615',
  '1.5',
  '@',
  '$',
  '\0',
  '\ufeff',
  'é',
  '\u{1f600}',
  '&&',
  '||',
  '<<',
  '/ { n@1 { r = <A>; }; };\n',
];

export const cppTarget: FuzzTarget = {
  name: 'cpp',

  /** A source of pieces that mean something to the preprocessor, sometimes repeated, now and then any bytes. */
  input(random) {
    const length = Math.floor((random.below(2 ** 20) / 2 ** 20) ** 3 * 2000);
    let text = '';
    if (!random.oneIn(3))
      text = '#define A B\n#define B A 1\n#define f(x) x f x\n#define g(x, y) f(x) y##x #y\n';
    for (let i = 0; i < length; i++) {
      const piece = random.pick(PIECES);
      text += random.oneIn(100) ? piece.repeat(random.below(200)) : piece;
    }
    const bytes = new TextEncoder().encode(text);
    while (bytes.length > 0 && random.oneIn(5)) bytes[random.below(bytes.length)] = random.below(256);
    return bytes.subarray(0, MAX_INPUT - 1);
  },

  /** Any bytes give text and problems with places; every place of the text can be asked for. */
  run(bytes) {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const files = { 'main.dts': text, a: '#ifndef G\n#define G 1\na A\n#endif\n' };
    const { source, diagnostics } = preprocess({ path: 'main.dts', text }, { readFile: reader(files) });
    const step = Math.max(1, Math.floor(source.text.length / 200));
    for (let i = 0; i <= source.text.length; i += step) {
      const { file, line, column } = source.originAt(i);
      if (!(line >= 0 && column >= 1)) throw new Error(`no place at ${i}: ${file}:${line}:${column}`);
    }
    for (const { code, message, position } of diagnostics) {
      if (!/^[a-z-]+$/.test(code) || message === '' || position === undefined)
        throw new Error(`problem ${code}`);
      if (position.line !== undefined) source.lineText(position);
    }
  },
};
