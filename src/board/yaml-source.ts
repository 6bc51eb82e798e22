/**
 * YAML text as data with positions: what a board file says, before anyone asks whether it is a board.
 *
 * Input is hostile. Size, number of tokens and nesting are bounded while the text is read (the `yaml`
 * library composes recursively and reports duplicate keys in quadratic time), scalars stay text, and
 * keys keep the order of the file. Every problem is an `InvalidInput` or a diagnostic.
 */
import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
} from 'yaml';
import { type Diagnostic, InvalidInput, type SourcePosition } from '../diagnostic.ts';

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly text: string;
  /** Neither quoted nor a block scalar: `true` and `0x10` mean what they look like. */
  readonly plain: boolean;
  readonly at: number;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyAt: number;
  readonly value: YamlNode;
}

export interface YamlMap {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
  /** Written with braces, where a comma ends a name. */
  readonly flow: boolean;
  readonly at: number;
}

export interface YamlSeq {
  readonly kind: 'seq';
  readonly items: readonly YamlNode[];
  readonly flow: boolean;
  readonly at: number;
}

export type YamlNode = YamlScalar | YamlMap | YamlSeq;

export interface YamlSource {
  readonly root: YamlNode;
  /** Problems that leave the rest readable, such as a key that is there twice. */
  readonly diagnostics: readonly Diagnostic[];
  /** File, line and column of an `at`. */
  position(at: number): SourcePosition;
}

export interface YamlLimits {
  /** Characters of text. */
  readonly characters: number;
  /** Lexical tokens, white space and line ends included. */
  readonly tokens: number;
  /** Characters of one name, value or comment. */
  readonly scalar: number;
  /** Mappings and lists within one another. */
  readonly depth: number;
  /** Values that aliases unfold to; as many as tokens unless said. */
  readonly aliased?: number;
  /** What the file is, for messages; a board unless said. */
  readonly what?: string;
}

/** A large real board takes some 20 KiB, 3,000 tokens and 5 levels. */
export const YAML_LIMITS: YamlLimits = { characters: 1 << 20, tokens: 30_000, scalar: 1 << 16, depth: 32 };

/** More errors of one file than this help nobody. */
const MAX_ERRORS = 20;

/**
 * Reads one YAML 1.2 document.
 *
 * @param text the file's text; bytes that were no UTF-8 stand as U+FFFD, as TextDecoder leaves them
 * @param file its name, for positions
 * @throws InvalidInput when the text is no YAML, or beyond the limits
 */
export function readYaml(text: string, file: string, limits: YamlLimits = YAML_LIMITS): YamlSource {
  return new YamlReader(text.replace(/^\uFEFF/, ''), file, limits).read();
}

/** A converted node with what it costs to walk it: aliases share nodes, walkers do not. */
interface Measured {
  readonly node: YamlNode;
  readonly size: number;
  readonly height: number;
}

class YamlReader {
  readonly #text: string;
  readonly #file: string;
  readonly #limits: YamlLimits;
  /** `board`: what needs no more than the limits. */
  readonly #what: string;
  readonly #lines = new LineCounter();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #anchors = new Map<string, Measured>();
  #size = 0;
  #aliased = 0;

  constructor(text: string, file: string, limits: YamlLimits) {
    this.#text = text;
    this.#file = file;
    this.#limits = limits;
    this.#what = limits.what ?? 'board';
  }

  read(): YamlSource {
    if (this.#text.length > this.#limits.characters) {
      this.#fail(
        'yaml-too-large',
        `the file has ${this.#text.length} characters, more than ${this.#limits.characters}: no ${this.#what} needs that many`,
      );
    }
    this.#lines.addNewLine(0);
    for (let at = this.#text.indexOf('\n'); at >= 0; at = this.#text.indexOf('\n', at + 1)) {
      this.#lines.addNewLine(at + 1);
    }
    this.#checkCharacters();
    const contents = this.#compose(this.#lex());
    const root: YamlNode =
      contents === null ? { kind: 'scalar', text: '', plain: true, at: 0 } : this.#convert(contents, 1).node;
    return { root, diagnostics: this.#diagnostics, position: (at) => this.#position(at) };
  }

  #position(at: number): SourcePosition {
    const { line, col } = this.#lines.linePos(at);
    return { file: this.#file, line, column: col };
  }

  #report(code: string, message: string, at?: number, hint?: string): void {
    this.#diagnostics.push({
      code,
      severity: 'error',
      message,
      position: at === undefined ? { file: this.#file } : this.#position(at),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #fail(code: string, message: string, at?: number, hint?: string): never {
    this.#report(code, message, at, hint);
    throw new InvalidInput(this.#diagnostics);
  }

  #tooDeep(at: number): never {
    this.#fail(
      'yaml-too-deep',
      `mappings and lists are nested more than ${this.#limits.depth} deep${this.#what === 'board' ? '; a board needs five levels' : ''}`,
      at,
    );
  }

  #checkCharacters(): void {
    const at = this.#text.search(/[^\P{Cc}\t\n\r]|\uFFFD/u);
    if (at < 0) return;
    if (this.#text[at] === '\uFFFD') {
      this.#fail('yaml-encoding', 'the file is not UTF-8 text', at, 'save it as UTF-8');
    }
    const code = this.#text.charCodeAt(at).toString(16).padStart(2, '0');
    this.#fail('yaml-encoding', `the control character 0x${code} cannot be in YAML text`, at);
  }

  /** Splits the text into the library's syntax tree and stops at the limits: this part does not recurse. */
  #lex(): CST.Token[] {
    const parser = new Parser();
    const tokens: CST.Token[] = [];
    let lexemes = 0;
    let errors = 0;
    let at = 0;
    // The lexer announces a scalar with U+001F; what follows is its text, and never a comment.
    let scalar = false;
    const collect = (token: CST.Token): void => {
      if (token.type === 'error') errors++;
      tokens.push(token);
    };
    for (const lexeme of new Lexer().lex(this.#text)) {
      if (++lexemes > this.#limits.tokens) {
        this.#fail(
          'yaml-too-large',
          `the file has more than ${this.#limits.tokens} tokens: no ${this.#what} needs that many`,
          at,
        );
      }
      if (lexeme.length > this.#limits.scalar) {
        this.#fail(
          'yaml-too-large',
          `a text has ${lexeme.length} characters, more than ${this.#limits.scalar}: no ${this.#what} needs that many`,
          at,
        );
      }
      if (!scalar) this.#checkComment(lexeme, at);
      for (const token of parser.next(lexeme)) collect(token);
      // The stack holds the document and at most one scalar beside the collections.
      if (parser.stack.length > this.#limits.depth + 2) this.#tooDeep(at);
      if (errors > MAX_ERRORS) break;
      scalar = lexeme === '\x1f';
      if (!MARKS.has(lexeme)) at += lexeme.length;
    }
    for (const token of parser.end()) collect(token);
    return tokens;
  }

  /** `#address-cells: 1` without quotes is a comment, and would silently change nothing. */
  #checkComment(lexeme: string, at: number): void {
    const [, name, count] = /^(#(?:address|size)-cells)[ \t]*:[ \t]*([0-9]?)/.exec(lexeme) ?? [];
    if (name === undefined) return;
    this.#report(
      'yaml-cells-comment',
      `${name} without quotes is a YAML comment`,
      at,
      `write "${name}": ${count || 2}, with the quotes`,
    );
  }

  #compose(tokens: CST.Token[]): ParsedNode | null {
    const composer = new Composer({
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
    const documents = [];
    try {
      for (const document of composer.compose(tokens, true, this.#text.length)) documents.push(document);
    } catch (error) {
      // The library gives up on some hostile inputs with a RangeError of its own.
      this.#fail('yaml-syntax', `not readable as YAML: ${cut(String(error), 160)}`);
    }
    const [document, second] = documents;
    for (const problem of (document?.errors ?? []).slice(0, MAX_ERRORS)) {
      if (problem.code === 'MULTIPLE_DOCS') continue;
      const tab = problem.code === 'TAB_AS_INDENT';
      this.#report(
        tab ? 'yaml-tab' : 'yaml-syntax',
        // What the library quotes may go over the end of a line.
        `not valid YAML: ${cut(problem.message.replace(/\s+/g, ' ').trim(), 160)}`,
        problem.pos[0],
        tab ? 'indent with spaces' : syntaxHint(this.#text),
      );
    }
    if (this.#diagnostics.some((problem) => problem.code !== 'yaml-cells-comment')) {
      throw new InvalidInput(this.#diagnostics);
    }
    if (second !== undefined) {
      this.#fail(
        'yaml-multiple-documents',
        'the file holds more than one YAML document',
        second.range[0],
        `keep one ${this.#what} a file, and no second --- line`,
      );
    }
    return document?.contents ?? null;
  }

  #convert(node: ParsedNode | null, depth: number): Measured {
    const at = node?.range[0] ?? 0;
    if (depth > this.#limits.depth) this.#tooDeep(at);
    if (isAlias(node)) return this.#alias(node.source, at, depth);
    if (node?.tag !== undefined && !IMPLIED_TAGS.has(node.tag)) this.#tag(node.tag, at);
    const result = this.#collection(node, at, depth);
    this.#size += 1;
    if (node?.anchor !== undefined) this.#anchors.set(node.anchor, result);
    return result;
  }

  #tag(tag: string, at: number): void {
    this.#report(
      'yaml-tag',
      `YAML tags such as ${shown(tag.replace('tag:yaml.org,2002:', '!!'))} mean nothing in a ${this.#what}`,
      at,
      'leave the tag out',
    );
  }

  #alias(name: string, at: number, depth: number): Measured {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#report('yaml-unknown-alias', `*${shown(name)} refers to no anchor before it`, at);
      return { node: { kind: 'scalar', text: '', plain: true, at }, size: 1, height: 1 };
    }
    if (depth + target.height > this.#limits.depth) this.#tooDeep(at);
    this.#size += target.size;
    this.#aliased += target.size;
    const { aliased = this.#limits.tokens, tokens } = this.#limits;
    if (this.#size > tokens || this.#aliased > aliased) {
      this.#fail('yaml-too-many-aliases', `aliases unfold to more than ${aliased} values`, at);
    }
    return target;
  }

  #collection(node: ParsedNode | null, at: number, depth: number): Measured {
    let size = 1;
    let height = 0;
    const convert = (inner: ParsedNode | null): YamlNode => {
      const measured = this.#convert(inner, depth + 1);
      size += measured.size;
      height = Math.max(height, measured.height);
      return measured.node;
    };
    if (isSeq(node)) {
      const items = node.items.map((item) => convert(item as ParsedNode | null));
      return { node: { kind: 'seq', items, flow: node.flow === true, at }, size, height: height + 1 };
    }
    if (isMap(node)) {
      const entries: YamlEntry[] = [];
      const first = new Map<string, number>();
      for (const pair of node.items) {
        const value = pair.value as ParsedNode | null;
        const entry = this.#entry(pair.key as ParsedNode | null, value, convert, at);
        if (entry === undefined) continue;
        const earlier = first.get(entry.key);
        if (earlier !== undefined) {
          this.#report(
            'yaml-duplicate-key',
            `'${shown(entry.key)}' is here twice; the first is on line ${this.#lines.linePos(earlier).line}`,
            entry.keyAt,
          );
          continue;
        }
        first.set(entry.key, entry.keyAt);
        entries.push(entry);
      }
      return { node: { kind: 'map', entries, flow: node.flow === true, at }, size, height: height + 1 };
    }
    const plain = !isScalar(node) || node.type === 'PLAIN' || node.type === undefined;
    const text = isScalar(node) ? String(node.value ?? '') : '';
    return { node: { kind: 'scalar', text, plain, at }, size: 1, height: 1 };
  }

  #entry(
    key: ParsedNode | null,
    value: ParsedNode | null,
    convert: (node: ParsedNode | null) => YamlNode,
    mapAt: number,
  ): YamlEntry | undefined {
    const keyAt = key?.range[0] ?? mapAt;
    const target = isAlias(key) ? this.#anchors.get(key.source)?.node : undefined;
    if (isScalar(key)) {
      const name = convert(key);
      const text = name.kind === 'scalar' ? name.text : '';
      if (text === '<<' && name.kind === 'scalar' && name.plain) {
        this.#report(
          'yaml-merge-key',
          'merge keys (<<) are not part of YAML 1.2',
          keyAt,
          'write the properties out, or use an alias for a whole value',
        );
        return undefined;
      }
      if (text !== '' && text !== '__proto__') {
        return { key: text, keyAt, value: value === null ? { ...EMPTY, at: keyAt } : convert(value) };
      }
    } else if (target?.kind === 'scalar' && target.text !== '' && target.text !== '__proto__') {
      return { key: target.text, keyAt, value: value === null ? { ...EMPTY, at: keyAt } : convert(value) };
    }
    this.#report('yaml-key', 'a key must be a name', keyAt, 'write name: value');
    return undefined;
  }
}

const EMPTY: YamlScalar = { kind: 'scalar', text: '', plain: true, at: 0 };

/** Lexemes that stand for no text: BOM is text; document start, end of flow and scalar marks are not. */
const MARKS = new Set(['\x02', '\x18', '\x1f']);

/** What the library puts on nodes without a tag in the failsafe schema. */
const IMPLIED_TAGS = new Set(['tag:yaml.org,2002:str', 'tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);

const syntaxHint = (text: string): string | undefined =>
  /^\s*(\/dts-v1\/|\/\*|\/\/)/.test(text)
    ? 'this looks like device tree source, not YAML'
    : text.includes('\t')
      ? 'YAML is indented with spaces, never with tabs'
      : undefined;

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 3)}...` : text;

/** A piece of the file for a message: cut, and without characters that a terminal obeys. */
export const shown = (text: string): string =>
  JSON.stringify(cut(text, 60)).slice(1, -1).replaceAll('\\"', '"');
