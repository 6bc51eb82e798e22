/**
 * Reads a source character by character: what lies between tokens, /include/, and the tokens that need more
 * than one look. The parser knows what it expects, so there is no token type and no token object.
 */
import type { OriginPosition, PreprocessedSource, ReadFile, RefusedFile } from '../source.ts';
import { CH, isDigit, isHexDigit, isLabelChar, isNameChar, isSpace } from './chars.ts';
import { DTS_LIMITS } from './limits.ts';
import { PlainSource } from './plain-source.ts';
import type { Report } from './report.ts';
import type { SourceMap } from './source-map.ts';

/** `# 12 "file"` and `#line 12 "file"`, which a preprocessor leaves at the start of a line. */
const LINEMARKER = /#(?:line)?[ \t]+[0-9]+[ \t]+"(?:[^\\"\n]|\\.)*"[ \t0-9]*/y;

interface OpenSource {
  readonly text: string;
  readonly base: number;
  readonly at: number;
}

export class Scanner {
  text: string;
  /** The next character. */
  at = 0;
  #base: number;
  readonly #report: Report;
  readonly #sources: SourceMap;
  readonly #readFile: ReadFile;
  readonly #including: OpenSource[] = [];
  #includes = 0;

  constructor(main: PreprocessedSource, sources: SourceMap, report: Report, readFile: ReadFile) {
    this.text = main.text;
    this.#base = 0;
    this.#sources = sources;
    this.#report = report;
    this.#readFile = readFile;
    if (main.text.length > DTS_LIMITS.textLength) this.#failTextTooLong(0);
  }

  /** The next character's position in the source map. */
  get position(): number {
    return this.#base + this.at;
  }

  originAt(at: number): OriginPosition {
    return this.#sources.originAt(at);
  }

  /** Steps over white space, comments, linemarkers and /include/; the code of the character then, -1 at the end. */
  skip(): number {
    for (;;) {
      const { text } = this;
      const end = text.length;
      let at = this.at;
      let code = -1;
      let lineStart = at === 0;
      while (at < end) {
        code = text.charCodeAt(at);
        if (code === CH.newline) lineStart = true;
        else if (!isSpace(code)) break;
        at++;
      }
      this.at = at;
      if (at >= end) {
        if (!this.#leave()) return -1;
        continue;
      }
      if (code === CH.slash) {
        if (this.#skipComment() || this.#include()) continue;
        return code;
      }
      if (code === CH.hash && (lineStart || text.charCodeAt(at - 1) === CH.newline)) {
        LINEMARKER.lastIndex = at;
        if (LINEMARKER.test(text)) {
          this.at = LINEMARKER.lastIndex;
          continue;
        }
      }
      return code;
    }
  }

  /**
   * Whether a semicolon that is missing may be left out, for there is somebody who mends it: at the end of a line,
   * before the brace that closes a node, and at the end.
   *
   * @param end where it belongs
   * @param code the character that stands here instead
   * @param after what it should end
   */
  mended(end: number, code: number, after: string): boolean {
    const { mending } = this.#report;
    if (mending === undefined) return false;
    if (code >= 0 && code !== CH.braceClose) {
      const [here, there] = [this.originAt(this.position), this.originAt(end)];
      if (here.file === there.file && here.line === there.line) return false;
    }
    mending.semicolon(end, after);
    return true;
  }

  /** Steps over the arguments of a macro that nobody knows, when there are any: `(a, (b))`. */
  skipArguments(): void {
    if (this.text.charCodeAt(this.at) !== CH.open) return;
    let depth = 0;
    for (let { at } = this; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code === CH.open) depth++;
      else if (code === CH.semicolon || code === CH.braceOpen || code === CH.braceClose) return;
      else if (code === CH.close && --depth === 0) {
        this.at = at + 1;
        return;
      }
    }
  }

  /** Whether `word` stands here; if so steps over it. */
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** The name of a node or property here; empty when there is none. A backslash before it does not count. */
  name(): string {
    const { text } = this;
    if (text.charCodeAt(this.at) === CH.backslash && isNameChar(text.charCodeAt(this.at + 1))) this.at++;
    const start = this.at;
    let at = start;
    while (isNameChar(text.charCodeAt(at))) at++;
    this.at = at;
    return this.#named(start, at);
  }

  /** A label and its colon; undefined, and nothing read, when there is none. */
  label(): string | undefined {
    const { text } = this;
    const start = this.at;
    if (isDigit(text.charCodeAt(start))) return undefined;
    let at = start;
    while (isLabelChar(text.charCodeAt(at))) at++;
    if (at === start || text.charCodeAt(at) !== CH.colon) return undefined;
    this.at = at + 1;
    return this.#named(start, at);
  }

  /** The reference after an ampersand: a label, a path, or a label and a path. */
  reference(): string {
    const { text } = this;
    const start = this.at;
    let at = start + 1;
    if (text.charCodeAt(at) === CH.braceOpen) {
      do at++;
      while (isNameChar(text.charCodeAt(at)) || text.charCodeAt(at) === CH.slash);
      if (text.charCodeAt(at) === CH.braceClose) {
        this.at = at + 1;
        return this.#named(start + 2, at);
      }
      return this.#report.syntax(
        'dts-bad-reference',
        this.#base + at,
        'a path reference holds a character that no path can; expected a "}" to end it',
        'write &{/path/of/node} without spaces',
      );
    }
    if (!isDigit(text.charCodeAt(at))) while (isLabelChar(text.charCodeAt(at))) at++;
    if (at === start + 1) {
      this.#report.syntax('dts-bad-reference', this.position, 'expected a label or "{" after "&"');
    }
    this.at = at;
    return this.#named(start + 1, at);
  }

  /** The text between double quotes, escapes and all; the scanner stands on the first quote. */
  quoted(): string {
    const { text } = this;
    const start = this.at;
    let at = start + 1;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === CH.quote) break;
      if (code === CH.backslash) at++;
      if (Number.isNaN(code) || (code === CH.backslash && text.charCodeAt(at) === CH.newline)) {
        this.#report.fatal(
          'dts-unterminated-string',
          this.#base + start,
          'this string does not end',
          'close it with a double quote',
        );
      }
      at++;
    }
    this.at = at + 1;
    return text.slice(start + 1, at);
  }

  /**
   * The text between single quotes. As in dtc a quote after a backslash may end the literal or belong to it,
   * and the longest reading wins.
   */
  character(): string {
    const { text } = this;
    const start = this.at;
    let end = -1;
    for (let at = text.indexOf("'", start + 1); at >= 0; at = text.indexOf("'", at + 1)) {
      end = at;
      if (at === start + 1 || text.charCodeAt(at - 1) !== CH.backslash) break;
    }
    if (end < 0) {
      this.#report.fatal(
        'dts-unterminated-character',
        this.#base + start,
        'this character literal does not end',
        'close it with a single quote',
      );
    }
    this.at = end + 1;
    return text.slice(start + 1, end);
  }

  /** An integer literal with its suffix; the scanner stands on its first digit. A `bigint` above 2^53 - 1. */
  integer(): number | bigint {
    const { text } = this;
    const start = this.at;
    let at = start;
    let value = 0;
    const second = text.charCodeAt(at + 1);
    if (
      text.charCodeAt(at) === CH.zero &&
      (second === CH.x || second === CH.X) &&
      isHexDigit(text.charCodeAt(at + 2))
    ) {
      at += 2;
      for (let code = text.charCodeAt(at); isHexDigit(code); code = text.charCodeAt(++at)) {
        value = value * 16 + (code <= CH.nine ? code - CH.zero : (code | 32) - 87);
      }
    } else {
      const base = text.charCodeAt(at) === CH.zero ? 8 : 10;
      for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) {
        if (base === 8 && code > 55) {
          while (isDigit(text.charCodeAt(at))) at++;
          this.at = at;
          this.#report.syntax(
            'dts-bad-integer',
            this.#base + start,
            `"${text.slice(start, at)}" starts with 0, so it is octal, and holds a digit above 7`,
            'leave the leading 0 out, or write 0x for hexadecimal',
          );
        }
        value = value * base + code - CH.zero;
      }
    }
    const end = at;
    if (text.charCodeAt(at) === CH.U) at++;
    if (text.charCodeAt(at) === CH.L) at += text.charCodeAt(at + 1) === CH.L ? 2 : 1;
    this.at = at;
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    const digits = text.slice(start, end);
    const isOctal = digits.charCodeAt(0) === CH.zero && isDigit(digits.charCodeAt(1));
    // Past 2^53 the sum above is rounded; a literal of thousands of digits is refused before it is converted.
    const exact = value > 2 ** 65 ? undefined : BigInt(isOctal ? `0o${digits}` : digits);
    if (exact === undefined || exact >= 1n << 64n) {
      this.#report.syntax(
        'dts-bad-integer',
        this.#base + start,
        `"${digits.slice(0, 40)}" does not fit in 64 bits`,
      );
    }
    return exact;
  }

  /** A file that the source names, or a fatal report. */
  binary(path: string, at: number): Uint8Array {
    this.#countInclude(at);
    const found = this.#readFile(path, this.originAt(at).file, 'binary');
    if (found !== undefined && 'refused' in found) this.#refuse(found, at);
    if (found === undefined) {
      this.#report.syntax(
        'dts-no-such-file',
        at,
        `cannot read "${path}", which /incbin/ names`,
        'check the path and the include directories',
      );
    }
    return found.bytes;
  }

  #refuse({ refused: { code, message, hint } }: RefusedFile, at: number): never {
    this.#report.fatal(code, at, message, hint);
  }

  #named(start: number, end: number): string {
    if (end - start > DTS_LIMITS.nameLength) {
      this.#report.syntax(
        'dts-name-too-long',
        this.#base + start,
        `a name of ${end - start} characters; at most ${DTS_LIMITS.nameLength} are taken`,
      );
    }
    return this.text.slice(start, end);
  }

  #skipComment(): boolean {
    const { text, at } = this;
    const next = text.charCodeAt(at + 1);
    if (next === CH.slash) {
      const end = text.indexOf('\n', at + 2);
      this.at = end < 0 ? text.length : end;
      return true;
    }
    if (next !== CH.star) return false;
    const end = text.indexOf('*/', at + 2);
    if (end < 0) {
      this.#report.fatal(
        'dts-unterminated-comment',
        this.#base + at,
        'this comment does not end',
        'close it with */',
      );
    }
    this.at = end + 2;
    return true;
  }

  #include(): boolean {
    const start = this.position;
    if (!this.take('/include/')) return false;
    while (isSpace(this.text.charCodeAt(this.at))) this.at++;
    if (this.text.charCodeAt(this.at) !== CH.quote) {
      this.#report.syntax(
        'dts-syntax',
        this.position,
        'expected the name of a file in double quotes after /include/',
      );
    }
    const path = this.quoted();
    const from = this.originAt(start);
    this.#countInclude(start);
    if (this.#including.length >= DTS_LIMITS.includeDepth) {
      this.#report.fatal(
        'dts-include-too-deep',
        start,
        `/include/ is nested more than ${DTS_LIMITS.includeDepth} deep`,
        'does a file include itself?',
      );
    }
    const file = this.#readFile(path, from.file, 'quote');
    if (file !== undefined && 'refused' in file) this.#refuse(file, start);
    if (file === undefined) {
      this.#report.fatal(
        'dts-no-such-file',
        start,
        `cannot read "${path}", which /include/ names`,
        'check the path and the include directories',
      );
    }
    if (this.#sources.length + file.text.length > DTS_LIMITS.textLength) this.#failTextTooLong(start);
    const source = new PlainSource(file, from);
    this.#including.push({ text: this.text, base: this.#base, at: this.at });
    this.#base = this.#sources.add(source);
    this.text = source.text;
    this.at = 0;
    return true;
  }

  /** Back to the includer at the end of an included file. */
  #leave(): boolean {
    const includer = this.#including.pop();
    if (includer === undefined) return false;
    this.text = includer.text;
    this.#base = includer.base;
    this.at = includer.at;
    return true;
  }

  #countInclude(at: number): void {
    if (++this.#includes > DTS_LIMITS.includes) {
      this.#report.fatal('dts-too-many-includes', at, `more than ${DTS_LIMITS.includes} files are included`);
    }
  }

  #failTextTooLong(at: number): never {
    this.#report.fatal(
      'dts-too-long',
      at,
      `the source is longer than ${DTS_LIMITS.textLength} characters with what it includes`,
    );
  }
}
