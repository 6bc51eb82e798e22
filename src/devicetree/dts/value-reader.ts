/**
 * The values of properties: strings, cells, byte strings, references and files, joined by commas.
 */
import { CH, isHexDigit } from './chars.ts';
import { bytesOfText } from './escape.ts';
import type { ExpressionReader } from './expression.ts';
import type { Integer } from './integer.ts';
import { DTS_LIMITS } from './limits.ts';
import { EMPTY, LiveProperty, type Marker } from './live-tree.ts';
import type { Pieces, ValueForm } from './pieces.ts';
import type { Report } from './report.ts';
import type { Scanner } from './scanner.ts';

const STORE_SIZE = 32_768;
const SHARED_UP_TO = 256;

const CELLS = { 8: 'bytes', 16: 'cells16', 32: 'cells32', 64: 'cells64' } as const;

const UNPRINTED = /\*\s*(?:0x)?[0-9a-fA-F]+\s*\[(?:0x)?[0-9a-fA-F]+\]/y;
const MACRO = /[A-Za-z_]\w*/y;

const AFTER_VALUE = 'close the value with a semicolon, or join another with a comma';

/** Characters that calculate, and that a name may hold. */
const CALCULATING: readonly number[] = [CH.plus, CH.minus, CH.star];

export class ValueReader {
  readonly #scanner: Scanner;
  readonly #expressions: ExpressionReader;
  readonly #pieces: Pieces;
  readonly #report: Report;
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #total = 0;
  /** Where short values lie together: a buffer for each would cost more than the bytes. */
  #store = new Uint8Array(STORE_SIZE);
  #storeUsed = 0;
  #markers: Marker[] | undefined;
  /** Where the last part of the value ended: there a semicolon is missing, not on the next line. */
  #end = 0;

  constructor(scanner: Scanner, expressions: ExpressionReader, pieces: Pieces, report: Report) {
    this.#scanner = scanner;
    this.#expressions = expressions;
    this.#pieces = pieces;
    this.#report = report;
  }

  /** Reads what stands after `=`, up to the semicolon, which is read too. */
  read(name: string, at: number): LiveProperty {
    this.#length = 0;
    this.#markers = undefined;
    const firstPiece = this.#pieces.count;
    const scanner = this.#scanner;
    for (;;) {
      this.#labels();
      this.#value(name);
      this.#end = scanner.position;
      const behind = { at: scanner.at, end: this.#end, marks: this.#markCount() };
      this.#labels();
      const code = scanner.skip();
      if (code === CH.comma) {
        scanner.at++;
        continue;
      }
      if (code === CH.semicolon) break;
      if (scanner.mended(behind.end, code, `the value of "${name}"`)) {
        this.#stepBack(behind);
        break;
      }
      this.#report.syntax(
        'dts-syntax',
        this.#end,
        `expected ";" or "," after the value of "${name}"`,
        AFTER_VALUE,
      );
    }
    scanner.at++;
    this.#total += this.#length;
    if (this.#total > DTS_LIMITS.totalBytes) {
      this.#report.fatal('dts-too-large', at, `the values hold more than ${DTS_LIMITS.totalBytes} bytes`);
    }
    const property = new LiveProperty(name, this.#length === 0 ? EMPTY : this.#kept(), at);
    property.firstPiece = firstPiece;
    property.pieceCount = this.#pieces.count - firstPiece;
    property.markers = this.#markers;
    this.#report.mending?.valueRead(property);
    return property;
  }

  /** The bytes that were read, in a place of their own. */
  #kept(): Uint8Array {
    const length = this.#length;
    const source = this.#bytes;
    if (length > SHARED_UP_TO) return source.slice(0, length);
    if (this.#storeUsed + length > this.#store.length) {
      this.#store = new Uint8Array(STORE_SIZE);
      this.#storeUsed = 0;
    }
    const store = this.#store;
    const start = this.#storeUsed;
    for (let i = 0; i < length; i++) store[start + i] = source[i] ?? 0;
    this.#storeUsed += length;
    return new Uint8Array(store.buffer, start, length);
  }

  #value(name: string): void {
    const scanner = this.#scanner;
    const code = scanner.skip();
    const at = scanner.position;
    switch (code) {
      case CH.quote: {
        this.#pieces.add(this.#length, at, 'text');
        this.#text(scanner.quoted(), at);
        return;
      }
      case CH.less:
        scanner.at++;
        this.#cells(32);
        return;
      case CH.squareOpen:
        scanner.at++;
        this.#byteString();
        return;
      case CH.ampersand:
        this.#mark('path', scanner.reference(), at);
        this.#pieces.add(this.#length, at, 'text');
        return;
      case CH.slash:
        if (scanner.take('/bits/')) {
          this.#sizedCells();
          return;
        }
        if (scanner.take('/incbin/')) {
          this.#file(at);
          return;
        }
    }
    if (this.#report.mending !== undefined && this.#mendValue(code, at)) return;
    this.#report.syntax(
      'dts-syntax',
      at,
      `expected a value of "${name}": "text", <cells>, [bytes], &reference, /bits/ or /incbin/`,
      'a property without a value has no "=" either',
    );
  }

  /** A value that is not there: a macro that nobody knows, or `* 0x9df5a7bc [0x00000078]` of U-Boot for a long one. */
  #mendValue(code: number, at: number): boolean {
    const scanner = this.#scanner;
    if (code === CH.star) {
      UNPRINTED.lastIndex = scanner.at;
      if (!UNPRINTED.test(scanner.text)) return false;
      scanner.at = UNPRINTED.lastIndex;
      this.#report.mending?.unprinted(at);
      return true;
    }
    MACRO.lastIndex = scanner.at;
    const word = MACRO.exec(scanner.text)?.[0];
    if (word === undefined) return false;
    scanner.at += word.length;
    scanner.skipArguments();
    this.#report.mending?.macro(at, word.slice(0, 60));
    return true;
  }

  #labels(): void {
    const scanner = this.#scanner;
    for (;;) {
      scanner.skip();
      const at = scanner.position;
      const label = scanner.label();
      if (label === undefined) return;
      this.#mark('label', label, at);
      this.#end = scanner.position;
    }
  }

  #markCount(): number {
    return this.#markers?.length ?? 0;
  }

  /** Back to the end of a value whose semicolon is missing: its labels are those of what follows. */
  #stepBack(behind: { readonly at: number; readonly end: number; readonly marks: number }): void {
    const scanner = this.#scanner;
    this.#markers?.splice(behind.marks);
    if (scanner.position - scanner.at === behind.end - behind.at) scanner.at = behind.at;
    // One character is stepped over as the semicolon.
    scanner.at--;
  }

  #mark(kind: Marker['kind'], ref: string, at: number, leads = false): void {
    this.#report.countMark(at);
    this.#markers ??= [];
    this.#markers.push({ kind, offset: this.#length, ref, at, leads });
  }

  /** After `/bits/`. */
  #sizedCells(): void {
    const scanner = this.#scanner;
    const code = scanner.skip();
    const at = scanner.position;
    let bits: Integer = 0;
    if (code >= CH.zero && code <= CH.nine) bits = scanner.integer();
    if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) {
      this.#report.syntax('dts-bad-bits', at, 'expected 8, 16, 32 or 64 after /bits/');
    }
    if (scanner.skip() !== CH.less) {
      this.#report.syntax('dts-syntax', scanner.position, `expected "<" after /bits/ ${bits}`);
    }
    scanner.at++;
    this.#cells(bits);
  }

  #cells(bits: 8 | 16 | 32 | 64): void {
    const scanner = this.#scanner;
    let form: ValueForm | undefined = CELLS[bits];
    for (;;) {
      this.#end = scanner.position;
      const code = scanner.skip();
      const at = scanner.position;
      if (code === CH.greater) {
        scanner.at++;
        return;
      }
      if (this.#expressions.starts(code)) {
        this.#pieces.add(this.#length, at, form);
        form = undefined;
        this.#integer(this.#expressions.primary(), bits, at);
      } else if (code === CH.ampersand) {
        const ref = scanner.reference();
        if (bits !== 32) {
          this.#report.error({
            code: 'dts-reference-size',
            at,
            message: `a reference takes 32 bits, but these elements have ${bits}`,
            hint: 'references stand in < > without /bits/',
          });
        }
        this.#pieces.add(this.#length, at, form);
        form = undefined;
        this.#mark('phandle', ref, at);
        this.#integer(0xffffffff, 32, at);
      } else {
        const label = scanner.label();
        if (label === undefined) {
          if (!this.#mendCell(at)) this.#failInCells(code, at);
          this.#pieces.add(this.#length, at, form);
          form = undefined;
          this.#integer(0, bits, at);
          continue;
        }
        this.#mark('label', label, at, form !== undefined);
      }
    }
  }

  /** A macro that nobody knows among cells: one cell of it. */
  #mendCell(at: number): boolean {
    const { mending } = this.#report;
    if (mending === undefined) return false;
    const scanner = this.#scanner;
    MACRO.lastIndex = scanner.at;
    const word = MACRO.exec(scanner.text)?.[0];
    if (word === undefined) return false;
    // A property or node on the next line: the bracket is not closed.
    const next = /[=,{@-]/y;
    next.lastIndex = scanner.at + word.length;
    while (scanner.text.charCodeAt(next.lastIndex) === CH.space) next.lastIndex++;
    if (next.test(scanner.text)) return false;
    scanner.at += word.length;
    scanner.skipArguments();
    mending.macro(at, word.slice(0, 60));
    return true;
  }

  #failInCells(code: number, at: number): never {
    const scanner = this.#scanner;
    const word = scanner.name();
    const next = scanner.skip();
    const isNextStatement = word !== '' && (next === CH.equals || next === CH.braceOpen);
    if (isNextStatement || code === CH.semicolon || code === CH.braceClose || code < 0) {
      this.#report.syntax('dts-syntax', this.#end, 'expected ">" to end these cells');
    }
    const expected = 'expected a number, "(", "&" and a label, or ">"';
    if (word === '') this.#report.syntax('dts-syntax', at, expected);
    let hint = 'a macro needs the #include that defines it';
    if (code === CH.comma) hint = 'cells are parted by spaces; a comma parts values: <1>, <2>';
    else if (CALCULATING.includes(code)) hint = 'arithmetic, signs too, needs parentheses: <(-1)>';
    this.#report.syntax('dts-syntax', at, `"${word.slice(0, 60)}" is no number; ${expected}`, hint);
  }

  #integer(value: Integer, bits: 8 | 16 | 32 | 64, at: number): void {
    this.#reserve(8, at);
    const limit = 2 ** bits;
    if (bits < 64 && value >= limit && value < 2n ** 64n - BigInt(limit)) {
      this.#report.warning({
        code: 'dts-value-truncated',
        at,
        message: `0x${value.toString(16)} does not fit in ${bits} bits; only its low bits are kept`,
      });
    }
    const view = this.#view;
    if (bits === 64) {
      view.setBigUint64(this.#length, BigInt(value));
    } else {
      const low = typeof value === 'number' ? value : Number(BigInt.asUintN(32, value));
      if (bits === 32) view.setUint32(this.#length, low);
      else if (bits === 16) view.setUint16(this.#length, low);
      else view.setUint8(this.#length, low);
    }
    this.#length += bits / 8;
  }

  /** After `[`. */
  #byteString(): void {
    const scanner = this.#scanner;
    for (let first = true; ; ) {
      const code = scanner.skip();
      const at = scanner.position;
      if (code === CH.squareClose) {
        scanner.at++;
        return;
      }
      const label = scanner.label();
      if (label !== undefined) {
        this.#mark('label', label, at, first);
        continue;
      }
      const { text } = scanner;
      if (!isHexDigit(code) || !isHexDigit(text.charCodeAt(scanner.at + 1))) {
        this.#report.syntax(
          'dts-bad-byte',
          at,
          'expected two hexadecimal digits for each byte, or "]"',
          'write [0f], not [f] or [0x0f]',
        );
      }
      if (first) this.#pieces.add(this.#length, at, 'bytes');
      first = false;
      this.#reserve(1, at);
      this.#bytes[this.#length++] = Number.parseInt(text.slice(scanner.at, scanner.at + 2), 16);
      scanner.at += 2;
    }
  }

  /** After `/incbin/`: dtc-parser.y takes an offset and a length, both or neither. */
  #file(at: number): void {
    const scanner = this.#scanner;
    this.#expect(CH.open, '"(" after /incbin/');
    if (scanner.skip() !== CH.quote) {
      this.#report.syntax('dts-syntax', scanner.position, 'expected the name of a file in double quotes');
    }
    const nameAt = scanner.position;
    const path = new TextDecoder().decode(bytesOfText(scanner.quoted(), nameAt, this.#report));
    let offset: Integer = 0;
    let length: Integer = Number.POSITIVE_INFINITY;
    if (scanner.skip() === CH.comma) {
      scanner.at++;
      offset = this.#expressions.primary();
      this.#expect(CH.comma, '"," and a length after the offset');
      length = this.#expressions.primary();
    }
    this.#expect(CH.close, '")" to end /incbin/');
    const bytes = scanner.binary(path, nameAt);
    this.#pieces.add(this.#length, at, 'file');
    const end = Math.min(bytes.length, Number(offset) + Number(length));
    this.#append(bytes.subarray(Math.min(Number(offset), bytes.length), end), at);
  }

  #expect(code: number, what: string): void {
    const scanner = this.#scanner;
    if (scanner.skip() !== code) {
      this.#report.syntax('dts-syntax', scanner.position, `expected ${what}`);
    }
    scanner.at++;
  }

  /** A string and its NUL; most are plain ASCII. */
  #text(text: string, at: number): void {
    this.#reserve(text.length + 1, at);
    const start = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || code === CH.backslash) {
        this.#length = start;
        this.#append(bytesOfText(text, at, this.#report), at);
        this.#reserve(1, at);
        break;
      }
      this.#bytes[this.#length++] = code;
    }
    this.#bytes[this.#length++] = 0;
  }

  #append(bytes: Uint8Array, at: number): void {
    this.#reserve(bytes.length, at);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number, at: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    if (needed > DTS_LIMITS.valueBytes + 8) {
      this.#report.fatal('dts-too-large', at, `a value is longer than ${DTS_LIMITS.valueBytes} bytes`);
    }
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
