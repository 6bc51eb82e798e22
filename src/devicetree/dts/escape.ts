/**
 * Texts between quotes as bytes: UTF-8, and C's escapes.
 */
import { CH } from './chars.ts';
import type { Report } from './report.ts';

const utf8 = new TextEncoder();

const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };
const OCTAL = /[0-7]{1,3}/y;
const HEX = /[0-9a-fA-F]{1,2}/y;

/**
 * The bytes of a text between quotes: `\a \b \t \n \v \f \r`, up to three octal digits, `\x` and up to two
 * hexadecimal ones; any other character after a backslash stands for itself.
 *
 * @param at the position of the opening quote
 */
export function bytesOfText(quoted: string, at: number, report: Report): Uint8Array {
  const bytes = utf8.encode(quoted);
  if (!quoted.includes('\\')) return bytes;
  const out: number[] = [];
  let from = 0;
  for (let slash = quoted.indexOf('\\'); slash >= 0; slash = quoted.indexOf('\\', from)) {
    appendText(out, quoted.slice(from, slash));
    const escaped = quoted[slash + 1];
    if (escaped === undefined) {
      from = slash + 1;
      out.push(CH.backslash);
      break;
    }
    from = slash + 2;
    const simple = SIMPLE[escaped];
    if (simple !== undefined) {
      out.push(simple);
    } else if (escaped >= '0' && escaped <= '7') {
      const digits = matchAt(OCTAL, quoted, slash + 1);
      out.push(Number.parseInt(digits, 8) & 0xff);
      from = slash + 1 + digits.length;
    } else if (escaped === 'x') {
      const digits = matchAt(HEX, quoted, slash + 2);
      if (digits === '') {
        report.syntax('dts-bad-escape', at + 1 + slash, 'expected hexadecimal digits after "\\x"');
      }
      out.push(Number.parseInt(digits, 16));
      from = slash + 2 + digits.length;
    } else {
      const character = String.fromCodePoint(quoted.codePointAt(slash + 1) ?? 0);
      appendText(out, character);
      from = slash + 1 + character.length;
    }
  }
  appendText(out, quoted.slice(from));
  return Uint8Array.from(out);
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function appendText(out: number[], text: string): void {
  for (const byte of utf8.encode(text)) out.push(byte);
}
