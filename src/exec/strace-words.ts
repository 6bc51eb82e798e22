/** Numbers, flags and texts as strace prints them. */
import type { Names } from '../uapi/call-names.ts';

/** What is not shown. */
export const REST = '...';
/** strace's own limit for data; paths are whole. */
const DATA_SHOWN = 32;

/** As %#x: nothing stands before 0. */
export const hex = (value: bigint | number): string => {
  const whole = typeof value === 'number' ? BigInt(value >>> 0) : BigInt.asUintN(64, value);
  return whole === 0n ? '0' : `0x${whole.toString(16)}`;
};

/** The name of a number; hexadecimal where it has none. */
export const named = (names: Names, value: number): string =>
  Object.entries(names).find(([, known]) => known === value)?.[0] ?? hex(value);

/** The names of what is set, and what has none in hexadecimal. */
export function bits(names: Names, value: number): string {
  const set: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(names)) {
    if (bit === 0 || (rest & bit) !== bit) continue;
    set.push(name);
    rest &= ~bit;
  }
  if (rest !== 0 || set.length === 0) set.push(hex(rest));
  return set.join('|');
}

const ESCAPES = new Map(
  [...'\t\n\v\f\r"\\'].map((letter, i) => [letter.charCodeAt(0), `\\${'tnvfr"\\'[i]}`]),
);

/** Bytes as a string of C. */
function quoted(bytes: Uint8Array): string {
  const letters = Array.from(bytes, (byte, i) => {
    const escaped = ESCAPES.get(byte);
    if (escaped !== undefined) return escaped;
    if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
    const next = bytes[i + 1] ?? 0;
    const digits = byte.toString(8);
    return `\\${next >= 0x30 && next <= 0x37 ? digits.padStart(3, '0') : digits}`;
  });
  return `"${letters.join('')}"`;
}

/** A path, or another text that ends with its zero. */
export const path = (text: string): string => quoted(Buffer.from(text));

/** What is read and written. */
export const data = (bytes: Uint8Array): string =>
  bytes.length <= DATA_SHOWN ? quoted(bytes) : `${quoted(bytes.subarray(0, DATA_SHOWN))}${REST}`;
