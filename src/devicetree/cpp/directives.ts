/** The lines that start with `#`. */
import {
  CLASS,
  classAt,
  commentEnd,
  DIGIT,
  directiveEnd,
  IDENT,
  identifierEnd,
  literalEnd,
  NEWLINE,
  newlineAt,
  QUOTE,
  SLASH,
  skipBlanks,
} from './characters.ts';
import { CONDITIONALS, macroName, obeyConditional } from './conditionals.ts';
import type { DirectiveHost } from './directive-host.ts';
import { include } from './include.ts';
import { tokenize } from './lexer.ts';
import { Macro, MacroSyntaxError, mayBeWrong, readParameters } from './macro.ts';
import type { OpenFile } from './open-file.ts';
import { NUMBER, STRING } from './token.ts';

const NAMES = new Set([
  ...CONDITIONALS,
  'define',
  'undef',
  'include',
  'include_next',
  'import',
  'line',
  'error',
  'warning',
  'pragma',
  'ident',
  'sccs',
  'assert',
  'unassert',
]);
/** Names that no macro can have. */
const RESERVED = new Set(['defined', '__VA_ARGS__', '__VA_OPT__', '__has_include', '__has_include_next']);
const LINE_MARKER = /#[ \t]*(\d+)[ \t]+"((?:[^"\\\n]|\\.)*)"((?:[ \t]+\d+)*)[ \t\r]*(?=\n|$)/y;

export class Directives {
  readonly #cpp: DirectiveHost;

  constructor(cpp: DirectiveHost) {
    this.#cpp = cpp;
  }

  /**
   * Whether the `#` at `pos`, the first of its line, begins a directive: `#address-cells` does not.
   *
   * @returns the position of the directive's name, or `-1`
   */
  recognize(file: OpenFile, pos: number): number {
    const { text, end } = file;
    const at = skipBlanks(text, pos + 1, end);
    const k = at < end ? classAt(text, at) : NEWLINE;
    if (k === NEWLINE) return at;
    if (k === IDENT) return NAMES.has(text.slice(at, identifierEnd(text, at, end))) ? at : -1;
    if (k !== DIGIT) return -1;
    LINE_MARKER.lastIndex = pos;
    return LINE_MARKER.test(text) ? at : -1;
  }

  /**
   * Does what a directive says, and goes on to the next line.
   *
   * @param start where its `#` stands; the file's position is at its name
   * @param within whether it stands among a macro's arguments
   */
  obey(file: OpenFile, start: number, within = false): void {
    const { text, end } = file;
    const pos = file.pos;
    if (classAt(text, pos) === DIGIT) {
      this.#lineMarker(file, start);
      return;
    }
    const after = pos < end && classAt(text, pos) === IDENT ? identifierEnd(text, pos, end) : pos;
    const name = text.slice(pos, after);
    if (name === 'define') {
      file.sawText();
      this.#define(file, start, after);
      return;
    }
    if (name === 'include' || name === 'include_next' || name === 'import') {
      file.sawText();
      include(this.#cpp, file, name, start, after, within);
      return;
    }
    const stop = directiveEnd(text, after, end);
    file.pos = Math.min(stop + 1, end);
    if (CONDITIONALS.has(name)) {
      obeyConditional(this.#cpp, file, name, start, after, stop);
      return;
    }
    if (name !== '') file.sawText();
    switch (name) {
      case 'undef':
        this.#undef(file, start, after, stop);
        break;
      case 'error':
        this.#cpp.problem(start, 'error-directive', `#error ${message(text, after, stop)}`.trim());
        break;
      case 'warning':
        this.#cpp.warning(start, 'warning-directive', `#warning ${message(text, after, stop)}`.trim());
        break;
      case 'line':
        this.#line(file, start, after, stop);
        break;
      case 'pragma':
        this.#pragma(file, start, after, stop);
        break;
      case '':
        break;
      default:
        this.#cpp.warning(
          start,
          'directive-ignored',
          `#${name} means nothing in a device tree and is left out`,
        );
    }
  }

  #define(file: OpenFile, hash: number, after: number): void {
    const { text, end } = file;
    const cpp = this.#cpp;
    const start = skipBlanks(text, after, end);
    if (start >= end || classAt(text, start) !== IDENT) {
      file.pos = Math.min(directiveEnd(text, start, end) + 1, end);
      cpp.problem(hash, 'macro-definition', "expected a macro's name after #define");
      return;
    }
    let body = identifierEnd(text, start, end);
    const name = text.slice(start, body);
    const stop = definitionEnd(text, body, end);
    file.pos = Math.min(stop + 1, end);
    try {
      if (RESERVED.has(name)) throw new MacroSyntaxError(`${name} cannot be a macro`, start);
      let parameters: string[] | undefined;
      let variadic = false;
      if (text.charCodeAt(body) === 40 && body < stop) {
        ({ parameters, variadic, pos: body } = readParameters(text, body + 1, stop));
      }
      const macro = new Macro(name, file.inclusion, start, body, stop, parameters, variadic);
      if (mayBeWrong(text, body, stop) || variadic) void macro.body;
      const before = cpp.macros.get(name);
      if (before !== undefined && !before.sameAs(macro)) {
        const { file: place, line } = before.definedAt();
        cpp.warning(
          start,
          'macro-redefined',
          `the macro ${name} is defined a second time, differently; the first time was at ${place}:${line}`,
          `#undef ${name} first, if that is meant`,
        );
      }
      cpp.macros.set(macro);
    } catch (error) {
      if (!(error instanceof MacroSyntaxError)) throw error;
      cpp.problem(error.offset, 'macro-definition', error.message);
    }
  }

  #undef(file: OpenFile, start: number, after: number, stop: number): void {
    const name = macroName(this.#cpp, file, 'undef', start, after, stop);
    if (name !== undefined) this.#cpp.macros.delete(name);
  }

  /** `# 12 "file" 1`: as text from another preprocessor has it. */
  #lineMarker(file: OpenFile, start: number): void {
    LINE_MARKER.lastIndex = start;
    const match = LINE_MARKER.exec(file.text);
    file.pos = Math.min(newlineAt(file.text, start, file.end) + 1, file.end);
    if (match === null) return;
    const [, line = '', name = '', flags = ''] = match;
    const change = /\b1\b/.test(flags) ? 1 : /\b2\b/.test(flags) ? 2 : 0;
    const depth = file.inclusion.mark(start, Number(line.slice(-10)), unquoted(name), change);
    if (depth > this.#cpp.limits.includeDepth) {
      this.#cpp.stop(start, 'include-depth', `line markers tell of more than ${depth - 1} nested files`);
    }
  }

  #line(file: OpenFile, start: number, after: number, stop: number): void {
    const cpp = this.#cpp;
    const tokens = cpp.expander.expandAll(tokenize(file.text, after, stop), start);
    const [line, name] = tokens;
    if (
      line?.type !== NUMBER ||
      !/^\d{1,10}$/.test(line.text) ||
      (name !== undefined && name.type !== STRING)
    ) {
      cpp.problem(
        start,
        'line-directive',
        'expected a line number, and perhaps a file in quotes, after #line',
      );
      return;
    }
    file.inclusion.mark(
      stop,
      Number(line.text),
      name === undefined ? undefined : unquoted(name.text.slice(1, -1)),
      0,
    );
  }

  #pragma(file: OpenFile, start: number, after: number, stop: number): void {
    const [first, second] = tokenize(file.text, after, stop);
    if (first?.text === 'once' && second === undefined) {
      file.inclusion.source.once = true;
      return;
    }
    this.#cpp.warning(start, 'directive-ignored', '#pragma means nothing in a device tree and is left out');
  }
}

/** The end of a #define: as `directiveEnd`, quick on the usual short line. */
function definitionEnd(text: string, pos: number, end: number): number {
  for (let at = pos; at < end; at++) {
    const c = text.charCodeAt(at);
    const k = c < 128 ? CLASS[c] : IDENT;
    if (k === NEWLINE) return at;
    if (k === QUOTE || (k === SLASH && commentEnd(text, at, end) >= 0)) {
      if (k === QUOTE && literalEnd(text, at, end) < 0) return newlineAt(text, at, end);
      return directiveEnd(text, at, end);
    }
  }
  return end;
}

/** What #error says: words as they stand, comments gone. */
function message(text: string, after: number, stop: number): string {
  let line = '';
  for (const token of tokenize(text, after, stop)) line += (token.white && line ? ' ' : '') + token.text;
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

function unquoted(name: string): string {
  return name.replace(/\\(.)/g, '$1');
}
