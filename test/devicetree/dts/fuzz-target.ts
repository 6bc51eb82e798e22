/**
 * Hostile device-tree source and overlays, made from the grammar, and what must hold of the answer: a tree that
 * prints and compiles to itself, or named diagnostics, in bounded time and memory.
 */

import { encodeDtb } from '../../../src/devicetree/dtb.ts';
import { compileDts } from '../../../src/devicetree/dts/compile.ts';
import { PlainSource } from '../../../src/devicetree/dts/plain-source.ts';
import { printDts } from '../../../src/devicetree/dts/print.ts';
import { applyOverlay } from '../../../src/devicetree/overlay.ts';
import type { ReadFile } from '../../../src/devicetree/source.ts';
import type { DeviceTree } from '../../../src/devicetree/tree.ts';
import { InvalidInput } from '../../../src/diagnostic.ts';
import type { Random } from '../../fuzz/random.ts';
import { type FuzzTarget, MAX_INPUT } from '../../fuzz/target.ts';
import { OPERATORS } from '../operators.ts';
import { firstDifference } from './compare.ts';

const LABELS = ['a', 'b', 'c', 'base', 'l0', 'l1', 'l2'];
const NAMES = ['n', 'm', 'node@1', 'node@2', 'x,y', 'cpus', 'cpu@0', 'aliases', '__symbols__', '__overlay__'];
const PROPERTIES = [
  'p',
  'q',
  'reg',
  'phandle',
  'linux,phandle',
  'name',
  '#cells',
  'status',
  'target',
  'target-path',
];

/** Writes random source; the deeper, the shorter. */
export class Writer {
  readonly #random: Random;
  #budget: number;
  #count = 0;
  /** Labels that stand on nodes so far. */
  readonly #labels: string[] = [];

  constructor(random: Random, budget: number) {
    this.#random = random;
    this.#budget = budget;
  }

  source(): string {
    const r = this.#random;
    let text = r.oneIn(30) ? '' : '/dts-v1/;\n';
    if (r.oneIn(3)) text += '/plugin/;\n';
    while (r.oneIn(4)) text += `${this.#label()}/memreserve/ ${this.#primary(2)} ${this.#primary(2)};\n`;
    if (!r.oneIn(20)) text += `/ ${this.#body(4)}`;
    while (this.#budget-- > 0 && !r.oneIn(12)) text += this.#statement();
    return text;
  }

  #statement(): string {
    const r = this.#random;
    switch (r.below(8)) {
      case 0:
        return `/ ${this.#body(3)}`;
      case 1:
        return `/delete-node/ ${this.#reference()};\n`;
      case 2:
        return `/omit-if-no-ref/ ${this.#reference()};\n`;
      case 3:
        return `${r.pick(LABELS)}: ${this.#reference()} ${this.#body(2)}`;
      case 4:
        return r.oneIn(10) ? `/include/ "${r.pick(['self', 'none', 'part'])}"\n` : '';
      default:
        return `${this.#reference()} ${this.#body(r.below(4))}`;
    }
  }

  #body(depth: number): string {
    const r = this.#random;
    let text = '{\n';
    while (this.#budget-- > 0 && !r.oneIn(4)) text += this.#property();
    if (depth > 0) while (this.#budget-- > 0 && !r.oneIn(3)) text += this.#child(depth);
    return `${text}};\n`;
  }

  #property(): string {
    const r = this.#random;
    const name = this.#name(PROPERTIES);
    if (r.oneIn(10)) return `/delete-property/ ${r.pick(PROPERTIES)};\n`;
    if (r.oneIn(5)) return `${this.#label()}${name};\n`;
    const values = Array.from({ length: 1 + r.below(3) }, () => this.#value());
    return `${this.#label()}${name} = ${values.join(', ')};\n`;
  }

  #child(depth: number): string {
    const r = this.#random;
    if (r.oneIn(12)) return `/delete-node/ ${r.pick(NAMES)};\n`;
    const omit = r.oneIn(8) ? '/omit-if-no-ref/ ' : '';
    const label = this.#label();
    const body = this.#body(depth - 1);
    if (label !== '') this.#labels.push(label.slice(0, -2));
    return `${label}${omit}${this.#name(NAMES)} ${body}`;
  }

  /** One of a few names, mostly made unlike any other, for equal ones in one body are an error. */
  #name(names: readonly string[]): string {
    const r = this.#random;
    return r.oneIn(8)
      ? r.pick(names)
      : `${r.pick(['u', 'v', 'w'])}${r.oneIn(3) ? this.#count++ : r.below(3000)}`;
  }

  #value(): string {
    const r = this.#random;
    switch (r.below(9)) {
      case 0:
        return `"${r.pick(['', 'text', '\\x41\\101\\n', '/n/m', 'é\\\\', '\\"'])}"`;
      case 1:
        return `[${r.pick(['', '00', '01 ff', 'aBcD', 'l9: 01'])}]`;
      case 2:
        return this.#reference();
      case 3:
        return `/bits/ ${r.pick([8, 16, 32, 64, 64, 7])} <${this.#primary(3)} ${this.#primary(1)}>`;
      case 4:
        return r.oneIn(4)
          ? `/incbin/("${r.pick(['data', 'none'])}"${r.pick(['', ', 1, 2', ', 99, 0xffffffffffffffff'])})`
          : '<>';
      default: {
        const cells = Array.from({ length: r.below(5) }, () =>
          r.oneIn(3) ? this.#reference() : `${this.#label()}${this.#primary(3)}`,
        );
        return `<${cells.join(' ')}>`;
      }
    }
  }

  #reference(): string {
    const r = this.#random;
    if (r.oneIn(15)) return `&{${r.pick(['/', '/n', '/n/m', '/node@1', '//n/', '/'])}}`;
    if (this.#labels.length > 0 && !r.oneIn(40)) return `&${r.pick(this.#labels)}`;
    return `&${r.pick(LABELS)}`;
  }

  #label(): string {
    const r = this.#random;
    if (!r.oneIn(5)) return '';
    return r.oneIn(60) ? `${r.pick(LABELS)}: ` : `l${this.#count++}: `;
  }

  #primary(depth: number): string {
    const r = this.#random;
    if (depth === 0 || r.oneIn(2)) {
      return r.pick([
        '0',
        '1',
        '2',
        '0x10',
        '017',
        '64',
        '0xffffffff',
        '0xffffffffffffffff',
        '18446744073709551615',
        "'a'",
        "'\\n'",
        '1UL',
      ]);
    }
    return `(${this.#expression(depth)})`;
  }

  #expression(depth: number): string {
    const r = this.#random;
    if (r.oneIn(5)) return `${r.pick(['-', '~', '!'])}${this.#primary(depth - 1)}`;
    if (r.oneIn(6))
      return `${this.#primary(depth - 1)} ? ${this.#primary(depth - 1)} : ${this.#primary(depth - 1)}`;
    return `${this.#primary(depth - 1)} ${r.pick(OPERATORS)} ${this.#primary(depth - 1)}`;
  }
}

/** One short text, very often: what costs more than its length shows up. */
const REPEATED: readonly (readonly [before: string, repeated: string, after: string])[] = [
  ['/ { p = <', '(', '>; };'],
  ['/ { p = <(', '-', '1)>; };'],
  ['/ { p = <(', '1+', '1)>; };'],
  ['/ { p = <(', '1?', '1)>; };'],
  ['/ { p = <(', '0xffffffffffffffff*', '1)>; };'],
  ['/ { p = <', '&n ', '>; n: n { }; };'],
  ['/ { p = ', '&n,', '&n; n: n { }; };'],
  ['/ { p = ', '"",', '"x"; };'],
  ['/ { p = ', '<>,', '<1>; };'],
  ['/ { p = ', '/bits/ 64 <1>,', '<1>; };'],
  ['/ { p = ', '/incbin/("data"),', '<1>; };'],
  ['/ { ', 'n { ', ''],
  ['/ { ', 'n { }; ', '};'],
  ['/ { ', 'n: n { }; ', '};'],
  ['/ { ', 'p; ', '};'],
  ['/ { ', 'l: ', 'n { }; };'],
  ['/ { p = <', 'l: ', '1>; };'],
  ['/ { n: n { }; };', '&n { p; };', ''],
  ['/ { n: n { }; };', '&n { n { }; };', ''],
  ['/ { n: n { }; };', '&n { m: n { }; };', ''],
  ['/ { n: n { }; };', '/ { n: n { }; };', ''],
  ['/ { n: n { }; };', 'm: &n { };', ''],
  ['/ { n: n { }; };', '/delete-node/ &n; / { n: n { }; };', ''],
  ['/ { n: n { }; };', '&missing { };', ''],
  ['/plugin/; ', '&l { p = <&m>; };', ''],
  ['/plugin/; ', '&{/} { n { }; };', ''],
  ['/plugin/; / { p = <', '&l ', '>; };'],
  ['/plugin/; / { p = <', '&n ', '>; n: n { }; };'],
  ['', '/include/ "self" ', ''],
  ['', '/include/ "part" ', '/ { };'],
  ['', '/* x */', '/ { };'],
  ['', '/dts-v1/;', '/ { };'],
  ['/ { p = "', '\\x41', '"; };'],
  ["/ { p = <'", "\\'", "'>; };"],
  ['/ { p = <', "'\\'' ", '>; };'],
  ['/ { p = [', '00', ']; };'],
  ['/ { ', '}', ''],
  ['', '\n# 1 "x" 1', ''],
  ['', '\n#', ''],
  ['/ { p = <0x', '0', '1>; };'],
  ['/ { p = <', '9', '>; };'],
  ['/ { ', 'n', ' { }; };'],
  ['/ { a = <&{', '/n', '}>; };'],
];

function repeatedSource(random: Random): string {
  const [before, repeated, after] = random.pick(REPEATED);
  const size = random.pick([100, 1000, 20_000, MAX_INPUT - 1000]);
  // Numbers in names make every copy another one.
  const isNumbered = random.oneIn(3);
  let body = '';
  if (isNumbered) {
    for (let i = 0; body.length < Math.min(size, 400_000); i++)
      body += repeated.replace(/\b([nlmp])\b/g, `$1${i}`);
  } else {
    body = repeated.repeat(Math.floor(size / repeated.length));
  }
  return `/dts-v1/;${before}${body}${after}`;
}

/** Cuts, doubles and swaps pieces of a text. */
function broken(text: string, random: Random): string {
  let result = text;
  for (let i = random.below(4); i > 0; i--) {
    const at = random.below(result.length + 1);
    const end = at + random.below(20);
    const piece = random.pick([
      '',
      result.slice(at, end),
      ';',
      '}',
      '{',
      '"',
      "'",
      '<',
      '>',
      '(',
      '/*',
      '&',
      ':',
      '\0',
      '\\',
      '@',
    ]);
    result = result.slice(0, at) + piece + result.slice(random.oneIn(2) ? end : at);
  }
  return result;
}

const BASE_TEXT =
  '/dts-v1/; / { base: base { a: n { p = <&a>; }; b: m { }; }; c: node@1 { }; l0: x,y { }; };';

export const dtsTarget: FuzzTarget = {
  name: 'dts',

  input(random) {
    let text: string;
    if (random.oneIn(12)) text = repeatedSource(random);
    else text = new Writer(random, random.pick([5, 20, 100, 1000])).source();
    if (random.oneIn(3)) text = broken(text, random);
    return new TextEncoder().encode(text).subarray(0, MAX_INPUT - 1);
  },

  run(bytes) {
    const text = new TextDecoder().decode(bytes);
    const tree = compiled(text);
    if (text.includes('/plugin/')) overlaid(tree);
    // Deeper nodes than a blob can hold are the only thing that a compiled tree may not be written with.
    encodeDtb(tree);
    // The promise about time is for one reading; a long source is not read three times here.
    if (bytes.length > 100_000) return;
    const printed = printDts(tree);
    const again = compiled(printed, tree.bootCpuid);
    const difference = firstDifference(again, tree);
    if (difference !== undefined) throw new Error(`print → compile: ${difference}`);
  },
};

function compiled(text: string, bootCpuid?: number): DeviceTree {
  const read = (path: string, _from: string | undefined, kind: string): unknown => {
    if (path === 'self') return { path, text };
    if (path === 'part') return { path, text: 'part;' };
    return path === 'data' && kind === 'binary' ? { path, bytes: new Uint8Array(4096) } : undefined;
  };
  const { tree, diagnostics, lineText } = compileDts(new PlainSource({ path: 'fuzz.dts', text }), {
    readFile: read as ReadFile,
    symbols: true,
    ...(bootCpuid === undefined ? {} : { bootCpuid, symbols: false }),
  });
  for (const { position } of diagnostics) if (position !== undefined) lineText(position);
  if (tree === undefined) throw new InvalidInput(diagnostics);
  return tree;
}

function overlaid(overlay: DeviceTree): void {
  const applied = applyOverlay(compiled(BASE_TEXT), overlay);
  if (applied.tree === undefined && applied.diagnostics.length === 0)
    throw new Error('no tree and no reason');
}
