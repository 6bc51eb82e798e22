/** Bytes as `hexdump -C` and as `xxd` print them. */

const WIDTH = 16;
export type HexdumpFormat = 'hexdump' | 'xxd';

/** Longer than any row: an address of 16 digits, three places a byte and its character, and what is between. */
const ROW = 96;
const [SPACE, BAR, COLON, DOT, STAR, LINE_END] = [0x20, 0x7c, 0x3a, 0x2e, 0x2a, 0x0a] as const;

/** Text that grows in place: a frame has millions of digits, and strings of them would drown in garbage. */
class Page {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(rows: number) {
    this.#bytes = new Uint8Array(rows * ROW);
  }

  put(character: number): void {
    this.#bytes[this.#length++] = character;
  }

  hex(byte: number): void {
    for (const digit of [byte >> 4, byte & 15]) this.put(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }

  /** Eight digits, or as many as an address has. */
  place(offset: number): void {
    if (offset >= 2 ** 32) {
      for (const digit of Buffer.from(offset.toString(16))) this.put(digit);
      return;
    }
    for (let shift = 24; shift >= 0; shift -= 8) this.hex((offset >>> shift) & 0xff);
  }

  spaces(count: number): void {
    for (let i = 0; i < count; i++) this.put(SPACE);
  }

  /** The bytes as characters, where they are printable ones of ASCII. */
  characters(row: Uint8Array): void {
    for (let i = 0; i < row.length; i++) {
      const byte = row[i] ?? 0;
      this.put(byte >= 0x20 && byte < 0x7f ? byte : DOT);
    }
  }

  text(): string {
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset, this.#length).toString('latin1');
  }
}

function hexdumpRow(page: Page, offset: number, row: Uint8Array): void {
  page.place(offset);
  for (let i = 0; i < row.length; i++) {
    page.spaces(i % (WIDTH / 2) === 0 ? 2 : 1);
    page.hex(row[i] ?? 0);
  }
  const gaps = row.length > WIDTH / 2 ? 0 : 1;
  page.spaces((WIDTH - row.length) * 3 + gaps + 2);
  page.put(BAR);
  page.characters(row);
  page.put(BAR);
  page.put(LINE_END);
}

function xxdRow(page: Page, offset: number, row: Uint8Array): void {
  page.place(offset);
  page.put(COLON);
  for (let i = 0; i < row.length; i++) {
    if (i % 2 === 0) page.put(SPACE);
    page.hex(row[i] ?? 0);
  }
  page.spaces((WIDTH - row.length) * 2 + Math.floor((WIDTH - row.length) / 2) + 2);
  page.characters(row);
  page.put(LINE_END);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

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
    const page = new Page(whole / WIDTH);
    for (let at = 0; at < whole; at += WIDTH) this.#row(page, data.subarray(at, at + WIDTH));
    this.#rest = data.slice(whole);
    // Not a view of bytes that the caller may use again.
    this.#last = this.#last?.slice();
    return page.text();
  }

  /** The last, short row and the line that ends the dump. */
  end(): string {
    const page = new Page(2);
    if (this.#rest.length > 0) this.#row(page, this.#rest);
    this.#rest = new Uint8Array(0);
    if (this.#format === 'hexdump' && this.#offset !== 0) {
      page.place(this.#offset);
      page.put(LINE_END);
    }
    return page.text();
  }

  #row(page: Page, row: Uint8Array): void {
    const offset = this.#offset;
    this.#offset += row.length;
    if (this.#format === 'xxd') {
      xxdRow(page, offset, row);
      return;
    }
    if (row.length === WIDTH && this.#last !== undefined && sameBytes(row, this.#last)) {
      if (this.#squeezing) return;
      this.#squeezing = true;
      page.put(STAR);
      page.put(LINE_END);
      return;
    }
    this.#squeezing = false;
    this.#last = row;
    hexdumpRow(page, offset, row);
  }
}
