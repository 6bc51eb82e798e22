/** The macros that are there before any #define. */
import { type Builtin, Macro } from './macro.ts';
import type { MacroTable } from './macro-table.ts';
import { Inclusion } from './origin-map.ts';
import { SourceText } from './source-text.ts';

/** What is left with -undef in the assembler's dialect, and what the build of device trees adds. */
const CONSTANTS = ['__STDC__', '__STDC_HOSTED__', '__ASSEMBLER__', '__DTS__'];
const COMPUTED: readonly (readonly [string, Builtin])[] = [
  ['__LINE__', '__LINE__'],
  ['__FILE__', '__FILE__'],
  ['__BASE_FILE__', '__BASE_FILE__'],
  ['__COUNTER__', '__COUNTER__'],
  ['__INCLUDE_LEVEL__', '__INCLUDE_LEVEL__'],
  ['__DATE__', 'clock'],
  ['__TIME__', 'clock'],
  ['__TIMESTAMP__', '__TIMESTAMP__'],
];

/** Defines them all. */
export function defineBuiltins(macros: MacroTable): void {
  const source = new SourceText({
    path: '<built-in>',
    text: CONSTANTS.map((name) => `${name} 1\n`).join(''),
  });
  const inclusion = new Inclusion(source, undefined, 0);
  let offset = 0;
  for (const name of CONSTANTS) {
    const end = offset + name.length;
    macros.set(new Macro(name, inclusion, offset, end, end + 2));
    offset = end + 3;
  }
  for (const [name, kind] of COMPUTED) {
    macros.set(new Macro(name, inclusion, 0, 0, 0, undefined, false, kind));
  }
}
