/** Bytes in hexadecimal, as they lie in memory. Without Buffer, which only Node has. */

const GAPS = /[\s_:]/g;

/** The bytes of pairs of digits, with blanks, `_` and `:` where people like them; `undefined` when it is none. */
export function parseHexBytes(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0x/i, '').replace(GAPS, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}
