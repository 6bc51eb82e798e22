/**
 * Reads YAML of the plain kind quickly: what people and `export` write, block by block, without anchors, tags,
 * texts over several lines, or anything doubtful. A history of 100,000 calls takes the `yaml` library longer than
 * running it. Whatever is not plain is left to the library, which also finds all mistakes: here a doubt is no
 * answer, so that both always agree.
 */

import type { YamlEntry, YamlMap, YamlNode, YamlScalar, YamlSeq, YamlSource } from '../board/yaml-source.ts';
import type { SourcePosition } from '../diagnostic.ts';

/** Thrown where the library has to look. */
class NotPlain extends Error {}

const MAX_DEPTH = 100;

/** A line that says something. */
interface Line {
  readonly start: number;
  readonly end: number;
  /** Blanks before its text. */
  readonly indent: number;
}

const KEY = /[A-Za-z_/][A-Za-z0-9_.@/+-]*/y;
/** What a plain text may begin with. */
const PLAIN_START = /[A-Za-z0-9_/.$+<=~^(-]/;
const FLOW_END = /[,[\]{}\n]|: |:[,[\]{}\n]| #/g;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '"': '"',
  '\\': '\\',
  '/': '/',
  '0': '\0',
};

/** @returns `undefined` where the text is not plain, or is wrong */
export function readPlainYaml(text: string, file: string): YamlSource | undefined {
  // Tabs, carriage returns and stranger characters; #address-cells, which a board may have got wrong.
  if (/[^\P{Cc}\n]|[\uFFFD\uFEFF\u2028\u2029\u0085]/u.test(text) || /#(address|size)-cells/.test(text))
    return undefined;
  const reader = new PlainReader(text);
  try {
    const root = reader.read();
    return { root, diagnostics: [], position: (at) => positionAt(reader.lineStarts, at, file) };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

function positionAt(starts: readonly number[], at: number, file: string): SourcePosition {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return { file, line: low, column: at - (starts[low - 1] ?? 0) + 1 };
}

class PlainReader {
  readonly lineStarts: number[] = [0];
  readonly #text: string;
  readonly #lines: Line[] = [];
  #line = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): YamlNode {
    this.#split();
    const first = this.#lines[0];
    if (first === undefined || first.indent !== 0) throw new NotPlain();
    const root = this.#block(0);
    if (this.#line < this.#lines.length) throw new NotPlain();
    return root;
  }

  #split(): void {
    const text = this.#text;
    for (let start = 0; start < text.length; ) {
      let end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      let at = start;
      while (at < end && text[at] === ' ') at++;
      if (at < end && text[at] !== '#') {
        // Marks of documents, and directives.
        if (at === start && /^(---|\.\.\.|%)/.test(text.slice(start, start + 3))) throw new NotPlain();
        this.#lines.push({ start: at, end, indent: at - start });
      }
      start = end + 1;
      if (start <= text.length) this.lineStarts.push(start);
    }
  }

  #deeper<T>(body: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new NotPlain();
    const result = body();
    this.#depth--;
    return result;
  }

  /** A mapping or list of lines that begin with so many blanks. */
  #block(indent: number): YamlNode {
    const line = this.#lines[this.#line];
    if (line === undefined || line.indent !== indent) throw new NotPlain();
    return this.#deeper(() =>
      this.#isItem(line.start) ? this.#list(indent) : this.#map(indent, line.start),
    );
  }

  #isItem(at: number): boolean {
    return (
      this.#text[at] === '-' &&
      (this.#text[at + 1] === ' ' || this.#text[at + 1] === '\n' || at + 1 === this.#text.length)
    );
  }

  #list(indent: number): YamlSeq {
    const items: YamlNode[] = [];
    const at = this.#lines[this.#line]?.start ?? 0;
    for (;;) {
      const line = this.#lines[this.#line];
      if (line === undefined || line.indent !== indent || !this.#isItem(line.start)) break;
      items.push(this.#item(line, indent));
      this.#mustEnd(indent);
    }
    return { kind: 'seq', items, flow: false, at };
  }

  #item(line: Line, indent: number): YamlNode {
    const at = this.#skip(line.start + 1, line.end);
    if (at >= line.end) return this.#below(indent);
    if (this.#key(at, line.end) !== undefined) {
      return this.#deeper(() => this.#map(indent + at - line.start, at));
    }
    if (this.#isItem(at)) throw new NotPlain();
    this.#line++;
    return this.#inline(at, line.end);
  }

  /** What stands below a line, deeper than it. */
  #below(indent: number): YamlNode {
    this.#line++;
    const next = this.#lines[this.#line];
    if (next === undefined || next.indent <= indent) throw new NotPlain();
    return this.#block(next.indent);
  }

  /** After a value nothing deeper may follow: it would go on with it. */
  #mustEnd(indent: number): void {
    const next = this.#lines[this.#line];
    if (next !== undefined && next.indent > indent) throw new NotPlain();
  }

  /** @param start where the first key stands: behind the dash of an item */
  #map(indent: number, start: number): YamlMap {
    const entries: YamlEntry[] = [];
    const keys = new Set<string>();
    for (let at = start; ; ) {
      const line = this.#lines[this.#line] as Line;
      const found = this.#key(at, line.end);
      if (found === undefined || keys.has(found.key)) throw new NotPlain();
      const { key, colon } = found;
      keys.add(key);
      entries.push({ key, keyAt: at, value: this.#value(colon + 1, line, indent) });
      this.#mustEnd(indent);
      const next = this.#lines[this.#line];
      if (next === undefined || next.indent !== indent || this.#isItem(next.start)) {
        return { kind: 'map', entries, flow: false, at: start };
      }
      at = next.start;
    }
  }

  #value(from: number, line: Line, indent: number): YamlNode {
    const at = this.#skip(from, line.end);
    if (at < line.end) {
      this.#line++;
      return this.#inline(at, line.end);
    }
    const next = this.#lines[this.#line + 1];
    if (next === undefined || next.indent !== indent || !this.#isItem(next.start)) return this.#below(indent);
    // A list may stand as deep as its key.
    this.#line++;
    return this.#deeper(() => this.#list(indent));
  }

  /** The key that begins here, and its colon; `undefined` where none does. */
  #key(at: number, end: number): { readonly key: string; readonly colon: number } | undefined {
    const begin = this.#text[at];
    let key: string;
    let colon: number;
    if (begin === '"' || begin === "'") {
      const [scalar, after] = begin === '"' ? this.#doubleQuoted(at, end) : this.#singleQuoted(at, end);
      [key, colon] = [scalar.text, after];
    } else {
      KEY.lastIndex = at;
      if (!KEY.test(this.#text)) return undefined;
      colon = KEY.lastIndex;
      key = this.#text.slice(at, colon);
    }
    if (this.#text[colon] !== ':' || (colon + 1 < end && this.#text[colon + 1] !== ' ')) return undefined;
    // The library has words for these.
    if (key === '' || key === '__proto__' || key === '<<') throw new NotPlain();
    return { key, colon };
  }

  /** Over blanks, and over a comment to the end of the line. */
  #skip(at: number, end: number): number {
    let to = at;
    while (to < end && this.#text[to] === ' ') to++;
    return this.#text[to] === '#' && to > at ? end : to;
  }

  /** A value that begins and ends in a line. */
  #inline(at: number, end: number): YamlNode {
    const text = this.#text;
    const begin = text[at] ?? '';
    if (begin === '{' || begin === '[' || begin === '"' || begin === "'") {
      const [node, after] = this.#deeper(() => this.#flow(at, end));
      if (this.#skip(after, end) < end) throw new NotPlain();
      return node;
    }
    const line = text.slice(at, end);
    const comment = line.indexOf(' #');
    const whole = (comment < 0 ? line : line.slice(0, comment)).trimEnd();
    if (!PLAIN_START.test(begin) || /: |:$|^-( |$)/.test(whole)) throw new NotPlain();
    return { kind: 'scalar', text: whole, plain: true, at };
  }

  /** A value inside of brackets, or a quoted one. @returns the value, and where it ends */
  #flow(at: number, end: number): readonly [node: YamlNode, after: number] {
    switch (this.#text[at]) {
      case '{':
        return this.#flowMap(at, end);
      case '[':
        return this.#flowList(at, end);
      case '"':
        return this.#doubleQuoted(at, end);
      case "'":
        return this.#singleQuoted(at, end);
      default:
        return this.#flowPlain(at, end);
    }
  }

  #flowMap(open: number, end: number): readonly [YamlMap, number] {
    const entries: YamlEntry[] = [];
    const keys = new Set<string>();
    let at = this.#blanks(open + 1);
    if (this.#text[at] === '}') return [{ kind: 'map', entries, flow: true, at: open }, at + 1];
    for (;;) {
      const keyAt = at;
      const found = this.#key(at, end);
      if (found === undefined || found.colon + 1 >= end || keys.has(found.key)) throw new NotPlain();
      const { key, colon } = found;
      keys.add(key);
      const [value, after] = this.#deeper(() => this.#flow(this.#blanks(colon + 1), end));
      entries.push({ key, keyAt, value });
      at = this.#blanks(after);
      if (this.#text[at] === '}') return [{ kind: 'map', entries, flow: true, at: open }, at + 1];
      if (this.#text[at] !== ',' || at >= end) throw new NotPlain();
      at = this.#blanks(at + 1);
    }
  }

  #flowList(open: number, end: number): readonly [YamlSeq, number] {
    const items: YamlNode[] = [];
    let at = this.#blanks(open + 1);
    if (this.#text[at] === ']') return [{ kind: 'seq', items, flow: true, at: open }, at + 1];
    for (;;) {
      const [item, after] = this.#deeper(() => this.#flow(at, end));
      items.push(item);
      at = this.#blanks(after);
      if (this.#text[at] === ']') return [{ kind: 'seq', items, flow: true, at: open }, at + 1];
      if (this.#text[at] !== ',' || at >= end) throw new NotPlain();
      at = this.#blanks(at + 1);
    }
  }

  #blanks(at: number): number {
    let to = at;
    while (this.#text[to] === ' ') to++;
    return to;
  }

  #flowPlain(at: number, end: number): readonly [YamlScalar, number] {
    if (!PLAIN_START.test(this.#text[at] ?? '')) throw new NotPlain();
    FLOW_END.lastIndex = at;
    const found = FLOW_END.exec(this.#text);
    const stop = found?.index ?? end;
    if (stop >= end || !/^[,\]}]/.test(found?.[0] ?? '')) throw new NotPlain();
    const text = this.#text.slice(at, stop).trimEnd();
    if (/^-( |$)/.test(text)) throw new NotPlain();
    return [{ kind: 'scalar', text, plain: true, at }, stop];
  }

  #singleQuoted(at: number, end: number): readonly [YamlScalar, number] {
    let text = '';
    for (let from = at + 1; ; ) {
      const quote = this.#text.indexOf("'", from);
      if (quote < 0 || quote >= end) throw new NotPlain();
      text += this.#text.slice(from, quote);
      if (this.#text[quote + 1] !== "'") return [{ kind: 'scalar', text, plain: false, at }, quote + 1];
      text += "'";
      from = quote + 2;
    }
  }

  #doubleQuoted(at: number, end: number): readonly [YamlScalar, number] {
    let text = '';
    for (let from = at + 1; ; ) {
      const quote = this.#text.indexOf('"', from);
      if (quote < 0 || quote >= end) throw new NotPlain();
      const piece = this.#text.slice(from, quote);
      const slash = piece.indexOf('\\');
      if (slash < 0) {
        return [{ kind: 'scalar', text: text + piece, plain: false, at }, quote + 1];
      }
      const made = ESCAPES[this.#text[from + slash + 1] ?? ''];
      if (made === undefined) throw new NotPlain();
      text += piece.slice(0, slash) + made;
      from += slash + 2;
    }
  }
}
