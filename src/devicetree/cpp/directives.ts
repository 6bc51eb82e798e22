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
import { condition } from './condition.ts';
import { include } from './include.ts';
import { tokenize } from './lexer.ts';
import { Macro, MacroSyntaxError, mayBeWrong, readParameters } from './macro.ts';
import type { OpenFile } from './open-file.ts';
import type { Preprocessor } from './preprocessor.ts';
import { END, NUMBER, STRING, type Token } from './token.ts';

const CONDITIONALS = new Set(['if', 'ifdef', 'ifndef', 'elif', 'elifdef', 'elifndef', 'else', 'endif']);
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
  readonly #cpp: Preprocessor;

  constructor(cpp: Preprocessor) {
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
      this.#define(file, after);
      return;
    }
    if (name === 'include' || name === 'include_next' || name === 'import') {
      file.sawText();
      include(this.#cpp, file, name, after, within);
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
        this.#undef(file, after, stop);
        break;
      case 'error':
        this.#cpp.problem('error-directive', `#error ${message(text, after, stop)}`.trim());
        break;
      case 'warning':
        this.#cpp.warning('warning-directive', `#warning ${message(text, after, stop)}`.trim());
        break;
      case 'line':
        this.#line(file, after, stop);
        break;
      case 'pragma':
        this.#pragma(file, after, stop);
        break;
      case '':
        break;
      default:
        this.#cpp.warning('directive-ignored', `#${name} means nothing in a device tree and is left out`);
    }
  }

  #define(file: OpenFile, after: number): void {
    const { text, end } = file;
    const cpp = this.#cpp;
    const start = skipBlanks(text, after, end);
    if (start >= end || classAt(text, start) !== IDENT) {
      file.pos = Math.min(directiveEnd(text, start, end) + 1, end);
      cpp.problem('macro-definition', "expected a macro's name after #define");
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
        cpp.at = start;
        cpp.warning(
          'macro-redefined',
          `the macro ${name} is defined a second time, differently; the first time was at ${place}:${line}`,
          `#undef ${name} first, if that is meant`,
        );
      }
      cpp.macros.set(macro);
    } catch (error) {
      if (!(error instanceof MacroSyntaxError)) throw error;
      cpp.at = error.offset;
      cpp.problem('macro-definition', error.message);
    }
  }

  #undef(file: OpenFile, after: number, stop: number): void {
    const name = this.macroName(file, 'undef', after, stop);
    if (name !== undefined) this.#cpp.macros.delete(name);
  }

  /** The name after #undef, #ifdef and their like. */
  macroName(file: OpenFile, directive: string, after: number, stop: number): string | undefined {
    return macroName(this.#cpp, file, directive, after, stop);
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
      this.#cpp.stop('include-depth', `line markers tell of more than ${depth - 1} nested files`);
    }
  }

  #line(file: OpenFile, after: number, stop: number): void {
    const cpp = this.#cpp;
    const tokens = cpp.expander.directive(tokenize(file.text, after, stop), readAll);
    const [line, name] = tokens;
    if (
      line?.type !== NUMBER ||
      !/^\d{1,10}$/.test(line.text) ||
      (name !== undefined && name.type !== STRING)
    ) {
      cpp.problem('line-directive', 'expected a line number, and perhaps a file in quotes, after #line');
      return;
    }
    file.inclusion.mark(
      cpp.at,
      Number(line.text),
      name === undefined ? undefined : unquoted(name.text.slice(1, -1)),
      0,
    );
  }

  #pragma(file: OpenFile, after: number, stop: number): void {
    const [first, second] = tokenize(file.text, after, stop);
    if (first?.text === 'once' && second === undefined) {
      file.inclusion.source.once = true;
      return;
    }
    this.#cpp.warning('directive-ignored', '#pragma means nothing in a device tree and is left out');
  }
}

/** All the tokens of a directive, expanded. */
export function readAll(next: (expand: boolean) => Token): Token[] {
  const tokens: Token[] = [];
  for (let token = next(true); token.type !== END; token = next(true)) tokens.push(token);
  return tokens;
}

function macroName(
  cpp: Preprocessor,
  file: OpenFile,
  directive: string,
  after: number,
  stop: number,
): string | undefined {
  const { text } = file;
  const start = skipBlanks(text, after, stop);
  if (start < stop && classAt(text, start) === IDENT) {
    const end = identifierEnd(text, start, stop);
    if (skipBlanks(text, end, stop) < stop) {
      cpp.at = end;
      cpp.warning('directive-extra', `text after #${directive} ${text.slice(start, end)} is left out`);
    }
    return text.slice(start, end);
  }
  cpp.problem('macro-name', `expected a macro's name after #${directive}`);
  return undefined;
}

/** Begins, switches or ends a group. */
function obeyConditional(
  cpp: Preprocessor,
  file: OpenFile,
  name: string,
  start: number,
  after: number,
  stop: number,
): void {
  const { conditionals } = file;
  if (name.startsWith('if')) {
    const skippedAround = file.skipping;
    const first = conditionals.length === 0 && !file.unguarded && file.guard === undefined;
    if (!first) file.sawText();
    let taken = false;
    let guard: string | undefined;
    if (!skippedAround) {
      const text = file.text.slice(after, stop);
      if (name === 'if') {
        taken = condition(cpp, file, after, stop);
        guard = /^[ \t]*![ \t]*defined[ \t]*(?:\([ \t]*(\w+)[ \t]*\)|(\w+))[ \t\r]*$/
          .exec(text)
          ?.slice(1)
          .find((word) => word !== undefined);
      } else {
        const macro = macroName(cpp, file, name, after, stop);
        taken = macro !== undefined && isDefined(cpp, macro) === (name === 'ifdef');
        if (name === 'ifndef') guard = macro;
      }
    }
    cpp.at = start;
    if (first && guard === undefined) file.unguarded = true;
    if (conditionals.length >= cpp.limits.conditionalDepth) {
      cpp.stop('conditional-depth', `#if groups are nested more than ${cpp.limits.conditionalDepth} deep`);
    }
    conditionals.push({
      offset: start,
      done: taken || skippedAround,
      skippedAround,
      sawElse: false,
      guard: first ? guard : undefined,
    });
    file.skipping = !taken;
    return;
  }
  const open = conditionals.at(-1);
  if (open === undefined) {
    cpp.problem('conditional-unbalanced', `#${name} without an #if before it in its file`);
    file.unguarded = true;
    return;
  }
  if (name === 'endif') {
    conditionals.pop();
    file.skipping = open.skippedAround;
    if (conditionals.length === 0) file.guard = open.guard;
    return;
  }
  if (conditionals.length === 1) file.unguarded = true;
  if (open.sawElse) {
    const { line } = file.inclusion.position(open.offset);
    cpp.problem('conditional-unbalanced', `#${name} after the #else of the #if in line ${line}`);
  }
  if (name === 'else') {
    open.sawElse = true;
    file.skipping = open.done;
    open.done = true;
    return;
  }
  if (open.done) {
    file.skipping = true;
    return;
  }
  if (name === 'elif') open.done = condition(cpp, file, after, stop);
  else {
    const macro = macroName(cpp, file, name, after, stop);
    open.done = macro !== undefined && isDefined(cpp, macro) === (name === 'elifdef');
  }
  file.skipping = !open.done;
}

/** Whether a name counts as defined for #ifdef. */
export function isDefined(cpp: Preprocessor, name: string): boolean {
  return cpp.macros.has(name) || name === '__has_include' || name === '__has_include_next';
}

/** Goes over the groups that are not taken, up to the line from which text counts again. */
export function skipGroups(cpp: Preprocessor, file: OpenFile): void {
  const { text, end } = file;
  let pos = file.pos;
  while (file.skipping && pos < end) {
    // At the start of a line.
    pos = skipBlanks(text, pos, end);
    if (pos >= end) break;
    if (text.charCodeAt(pos) !== 35) {
      pos = directiveEnd(text, pos, end) + 1;
      continue;
    }
    const at = skipBlanks(text, pos + 1, end);
    const after = identifierEnd(text, at, end);
    const name = text.slice(at, after);
    if (!CONDITIONALS.has(name)) {
      pos = directiveEnd(text, at, end) + 1;
      continue;
    }
    const stop = directiveEnd(text, after, end);
    cpp.at = pos;
    file.pos = Math.min(stop + 1, end);
    obeyConditional(cpp, file, name, pos, after, stop);
    pos = file.pos;
  }
  file.pos = Math.min(pos, end);
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
