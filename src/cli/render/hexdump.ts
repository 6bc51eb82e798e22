/** Bytes as `hexdump -C` and as `xxd` print them. */

const WIDTH = 16;
export type HexdumpFormat = 'hexdump' | 'xxd';

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const ascii = (row: Uint8Array): string =>
  Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');

function hexdumpRow(offset: number, row: Uint8Array): string {
  const half = (from: number) => Array.from(row.subarray(from, from + WIDTH / 2), hex).join(' ');
  const cells = `${half(0)}  ${half(WIDTH / 2)}`.padEnd(WIDTH * 3);
  return `${offset.toString(16).padStart(8, '0')}  ${cells}  |${ascii(row)}|\n`;
}

function xxdRow(offset: number, row: Uint8Array): string {
  let cells = '';
  for (const [i, byte] of row.entries()) cells += hex(byte) + (i % 2 === 1 ? ' ' : '');
  return `${offset.toString(16).padStart(8, '0')}: ${cells.padEnd(WIDTH * 2.5)} ${ascii(row)}\n`;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/**
 * Prints bytes that come in pieces. With the hexdump format repeated rows become one `*`, and the end's
 * offset stands on the last line, as in `hexdump -C`.
 */
export class Hexdump {
  readonly #format: HexdumpFormat;
  #offset: number;
  #rest = new Uint8Array(0);
  #last: Uint8Array | undefined;
  #squeezing = false;

  /** @param offset what the first byte's offset is shown as */
  constructor(format: HexdumpFormat, offset: number) {
    this.#format = format;
    this.#offset = offset;
  }

  /** The text for the whole rows that are there now; what remains waits for more. */
  push(bytes: Uint8Array): string {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = data.length - (data.length % WIDTH);
    const parts: string[] = [];
    for (let at = 0; at < whole; at += WIDTH) parts.push(this.#row(data.subarray(at, at + WIDTH)));
    this.#rest = data.slice(whole);
    return parts.join('');
  }

  /** The last, short row and the line that ends the dump. */
  end(): string {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    const text = rest.length === 0 ? '' : this.#row(rest);
    if (this.#format === 'xxd' || this.#offset === 0) return text;
    return `${text}${this.#offset.toString(16).padStart(8, '0')}\n`;
  }

  #row(row: Uint8Array): string {
    const offset = this.#offset;
    this.#offset += row.length;
    if (this.#format === 'xxd') return xxdRow(offset, row);
    const repeats = row.length === WIDTH && this.#last !== undefined && sameBytes(row, this.#last);
    if (repeats) {
      const text = this.#squeezing ? '' : '*\n';
      this.#squeezing = true;
      return text;
    }
    this.#squeezing = false;
    this.#last = row.slice();
    return hexdumpRow(offset, row);
  }
}
