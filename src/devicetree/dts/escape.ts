/**
 * Texts between quotes as bytes: those of the file, and C's escapes.
 */
import { encodeSource } from '../source-encoding.ts';
import { CH, isHexDigit } from './chars.ts';
import type { Report } from './report.ts';

/** What follows the backslash, and the byte that it means. */
const SIMPLE: ReadonlyMap<number, number> = new Map(
  [...'abtnvfr'].map((letter, i) => [letter.charCodeAt(0), [7, 8, 9, 10, 11, 12, 13][i] ?? 0]),
);

/**
 * The bytes of a text between quotes: `\a \b \t \n \v \f \r`, up to three octal digits, `\x` and up to two
 * hexadecimal ones; any other character after a backslash stands for itself.
 *
 * @param at the position of the opening quote
 */
export function bytesOfText(quoted: string, at: number, report: Report): Uint8Array {
  const bytes = encodeSource(quoted);
  let slash = bytes.indexOf(CH.backslash);
  if (slash < 0) return bytes;
  let length = slash;
  // Nothing gets longer, so the result fits in place.
  while (slash < bytes.length) {
    const byte = bytes[slash] ?? 0;
    if (byte !== CH.backslash || slash + 1 === bytes.length) {
      bytes[length++] = byte;
      slash++;
      continue;
    }
    const escaped = bytes[slash + 1] ?? 0;
    slash += 2;
    const simple = SIMPLE.get(escaped);
    if (simple !== undefined) {
      bytes[length++] = simple;
    } else if (isOctalDigit(escaped)) {
      let value = escaped - CH.zero;
      for (let digits = 1; digits < 3 && isOctalDigit(bytes[slash] ?? 0); digits++) {
        value = value * 8 + (bytes[slash++] ?? 0) - CH.zero;
      }
      bytes[length++] = value;
    } else if (escaped === CH.x) {
      let value = 0;
      let digits = 0;
      for (; digits < 2 && isHexDigit(bytes[slash] ?? 0); digits++)
        value = value * 16 + hexValue(bytes[slash++] ?? 0);
      if (digits === 0) {
        report.syntax(
          'dts-bad-escape',
          at + 1 + emptyHexEscape(quoted),
          'expected hexadecimal digits after "\\x"',
        );
      }
      bytes[length++] = value;
    } else {
      bytes[length++] = escaped;
    }
  }
  return bytes.subarray(0, length);
}

/** Where the first `\x` without digits stands. */
function emptyHexEscape(quoted: string): number {
  let at = quoted.indexOf('\\');
  while (quoted[at + 1] !== 'x' || isHexDigit(quoted.charCodeAt(at + 2))) at = quoted.indexOf('\\', at + 2);
  return at;
}

const isOctalDigit = (code: number): boolean => code >= CH.zero && code < CH.zero + 8;
const hexValue = (code: number): number => (code <= CH.nine ? code - CH.zero : (code | 32) - 87);
