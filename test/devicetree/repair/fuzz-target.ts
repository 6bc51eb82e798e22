/**
 * Pastes: sources that were damaged as people damage them, and hostile ones. What comes of them is a tree that compiles
 * strictly and says what was assumed, or named diagnostics, in bounded time and memory.
 */
import { encodeDtb } from '../../../src/devicetree/dtb.ts';
import { compileDts } from '../../../src/devicetree/dts/compile.ts';
import { PlainSource } from '../../../src/devicetree/dts/plain-source.ts';
import { printDts } from '../../../src/devicetree/dts/print.ts';
import { looksPasted } from '../../../src/devicetree/repair/clean-paste.ts';
import { compilePasted } from '../../../src/devicetree/repair/compile-pasted.ts';
import { decodeSource, encodeSource } from '../../../src/devicetree/source-encoding.ts';
import { fixtureSeeds } from '../../fuzz/fixture-seeds.ts';
import type { Random } from '../../fuzz/random.ts';
import { type FuzzTarget, MAX_INPUT } from '../../fuzz/target.ts';
import { dtsTarget } from '../dts/fuzz-target.ts';

const SOURCES = fixtureSeeds('.dts').map(({ bytes }) => decodeSource(bytes));

const FRONTS: readonly ((random: Random, line: number) => string)[] = [
  () => '> ',
  () => '>> > ',
  () => '+',
  (random) => random.pick(['+', '-', ' ']),
  (_, line) => `[    ${Math.floor(line / 10)}.${String(line % 10).padEnd(6, '0')}] `,
  (_, line) => `[2026-11-29 10:11:${String(line % 60).padStart(2, '0')}.123] `,
  (_, line) => `Nov 29 10:11:${String(line % 60).padStart(2, '0')} board kernel: `,
  (_, line) => `${line + 1}: `,
];
const NOISE = [
  '=> fdt print /',
  '=> fdt list /',
  '```',
  '$ dtc -I fs /proc/device-tree',
  '<stdout>: Warning (unit_address_vs_reg): /memory: node has a reg, but no unit name',
  'This is what I have in my tree:',
  '...',
  '@@ -1,7 +1,9 @@ reserved-memory {',
  '@@ -20,6 +22,7 @@ / {',
  'diff --git a/x.dts b/x.dts',
  '--- a/x.dts',
  '+++ b/x.dts',
  '-- ',
  '#include "soc.dtsi"',
  '/include/ "none.dtsi"',
  '&label { status = "okay"; };',
  'pool: pool@50000000 { compatible = "shared-dma-pool"; reg = <0 A 0 B(1, 2)>; };',
  'memory-region = <&nowhere &{/not/there}>;',
  'table = * 0x9df5a7bc [0x00000078];',
  '};',
  '/delete-node/ &gone;',
];

/** One line, or one character many times: what could make a pattern take long. */
const HOSTILE = [
  ' ',
  '>',
  '"',
  '{',
  '}',
  '[',
  '&{',
  '/*',
  ';',
  '@@ -1 +1 @@ ',
  'a: ',
  '+\n',
  '> ',
  '(',
  '-=',
  '...',
  '1:',
  'x {\n',
];

function damaged(source: string, random: Random): string {
  let lines = source.split('\n');
  for (let i = random.below(4); i > 0; i--) {
    switch (random.below(6)) {
      case 0: {
        const front = random.pick(FRONTS);
        lines = lines.map((line, index) => `${front(random, index)}${line}`);
        break;
      }
      case 1:
        lines = lines.filter(() => !random.oneIn(20));
        break;
      case 2:
        lines = lines.map((line) => (random.oneIn(8) ? line.replace(/;\s*$/, '') : line));
        break;
      case 3: {
        const at = random.below(lines.length + 1);
        lines = lines.slice(at, at + random.below(lines.length + 1));
        break;
      }
      case 4:
        lines = lines.filter((line) => !/dts-v1|^\s*#?\/?include/.test(line));
        break;
      default:
        for (let n = random.below(5); n >= 0; n--) {
          lines.splice(random.below(lines.length + 1), 0, random.pick(NOISE));
        }
    }
  }
  return lines.join('\n');
}

function pasteOf(random: Random): string {
  if (random.oneIn(25)) {
    const piece = random.pick(HOSTILE);
    const text = piece.repeat(Math.floor(random.pick([2000, 60_000, 900_000]) / piece.length));
    return random.oneIn(2) ? text : `/ {\n${text}\n};\n`;
  }
  if (random.oneIn(3)) return damaged(decodeSource(dtsTarget.input(random)), random);
  return damaged(random.pick(SOURCES), random);
}

const nothing = { readFile: () => undefined };

export const pastedTarget: FuzzTarget = {
  name: 'pasted',

  input: (random) => encodeSource(pasteOf(random)).subarray(0, MAX_INPUT - 1),

  run(bytes) {
    const text = decodeSource(bytes);
    looksPasted(text);
    const { tree, assumed, isPlugin } = compilePasted({ path: 'paste', text }, { ...nothing, memory: true });
    for (const { assumes, message } of assumed) {
      if (assumes === undefined || message === '') throw new Error('an assumption that says nothing');
    }
    encodeDtb(tree);
    if (bytes.length > 100_000 || isPlugin) return;
    const again = compileDts(new PlainSource({ path: 'again', text: printDts(tree) }), nothing);
    // A path in a phandle is one cell only until it is filled in, for dtc as well.
    const wrong = again.diagnostics.filter(
      ({ severity, code }) => severity === 'error' && code !== 'explicit_phandles',
    );
    if (again.tree === undefined && wrong.length > 0) {
      throw new Error(`what was mended does not compile: ${wrong[0]?.message}`);
    }
  },
};
