/**
 * Property values: big-endian cells and NUL-terminated strings inside raw bytes.
 *
 * Names of nodes and properties are byte strings (one character a byte), so that every blob survives a round
 * trip; the texts inside values are UTF-8, for people.
 */
import { U64_MASK } from '../units.ts';

/** Bytes of one cell. */
export const CELL = 4;

/** How many whole cells a value has. */
export const cellCount = (value: Uint8Array): number => Math.floor(value.length / CELL);

/** The cell at `index`, or `undefined` when the value is too short: be32_to_cpup(). */
export function cellAt(value: Uint8Array, index: number): number | undefined {
  const at = index * CELL;
  if (index < 0 || at + CELL > value.length) return undefined;
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(at);
}

/** Every whole cell of a value. */
export function cellsOf(value: Uint8Array): number[] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: cellCount(value) }, (_, index) => view.getUint32(index * CELL));
}

/**
 * The number that `cells` cells from `index` on make; of more than two cells only the low 64 bits are kept, of
 * none it is 0, and cells past the end of the value count as absent. include/linux/of.h: of_read_number()
 */
export function numberAt(value: Uint8Array, index: number, cells: number): bigint {
  let number = 0n;
  for (let i = index; i < index + cells; i++) {
    const cell = cellAt(value, i);
    if (cell === undefined) break;
    number = ((number << 32n) | BigInt(cell)) & U64_MASK;
  }
  return number;
}

const utf8 = new TextDecoder('utf-8');

/** The text up to the first NUL or, where there is none, to the end; bytes that are no UTF-8 become U+FFFD. */
export function textOf(value: Uint8Array): string {
  const end = value.indexOf(0);
  return utf8.decode(end < 0 ? value : value.subarray(0, end));
}

/**
 * The first string of a value, or `undefined` when the value is empty or has no NUL.
 * libfdt: fdt_stringlist_get() with index 0
 */
export const firstString = (value: Uint8Array): string | undefined =>
  value.includes(0) ? textOf(value) : undefined;

/** Every NUL-terminated string of a value; an unterminated tail is left out, as libfdt does. */
export function stringsOf(value: Uint8Array): string[] {
  const strings: string[] = [];
  let start = 0;
  for (;;) {
    const end = value.indexOf(0, start);
    if (end < 0) return strings;
    strings.push(utf8.decode(value.subarray(start, end)));
    start = end + 1;
  }
}

/** A byte string: one character for each byte. */
export function byteString(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}
