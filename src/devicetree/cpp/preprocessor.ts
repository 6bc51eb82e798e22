/**
 * Reads files, copies text, hands directives and macros on.
 *
 * Text without macros is copied in long runs, not token by token: the scanner only looks at every
 * identifier, by a hash that tells most of those apart that are no macro's name.
 */
import type { Diagnostic } from '../../diagnostic.ts';
import type { PreprocessedSource, ReadFile, RefusedFile, SourceFile } from '../source.ts';
import { defineBuiltins } from './builtins.ts';
import {
  BLANK,
  CLASS,
  classAt,
  commentEnd,
  IDENT,
  identifierEnd,
  literalEnd,
  NEWLINE,
  newlineAt,
  QUOTE,
  SLASH,
  skipBlanks,
  unclosedComment,
} from './characters.ts';
import { skipGroups } from './conditionals.ts';
import type { DirectiveHost } from './directive-host.ts';
import { Directives } from './directives.ts';
import { Expander, type ExpanderHost } from './expander.ts';
import { Lexer } from './lexer.ts';
import type { CppLimits } from './limits.ts';
import { type Macro, MacroSyntaxError } from './macro.ts';
import { MacroTable } from './macro-table.ts';
import { OpenFile } from './open-file.ts';
import { Inclusion, OriginMap } from './origin-map.ts';
import { Problems, Stop } from './problems.ts';
import { SourceText } from './source-text.ts';
import { ANY_NAME, CAPITAL_NAME, isWhite, numberAround, startsLine, tokenBefore } from './text-scan.ts';
import { avoidPaste, END_TOKEN, NAME, NUMBER, PADDING, STRING, Token } from './token.ts';

/** `define NAME 1 + 2` with nothing that needs a closer look, up to the end of the line. */
const PLAIN_DEFINE = /define[ \t]+([A-Za-z_]\w*)((?:[ \t][^\n"'/#]*)?)(?=\n|$)/y;

export class Preprocessor implements DirectiveHost, ExpanderHost {
  readonly limits: CppLimits;
  readonly problems: Problems;
  readonly macros = new MacroTable();
  readonly expander: Expander;
  readonly #readFile: ReadFile;
  readonly #directives: Directives;
  readonly #out = new OriginMap();
  #lastWhite = true;
  readonly #files: OpenFile[] = [];
  #file: OpenFile;
  readonly #sources = new Map<string, SourceText>();
  readonly #found = new Map<string, SourceFile | RefusedFile | undefined>();
  #entered = 0;
  #inputSize = 0;
  #counter = 0;
  /** The offset behind an expansion, and what was printed last there, for a token that follows at once. */
  #seam = -1;
  #seamToken: Token | undefined;
  #seamSource: Token | undefined;

  constructor(readFile: ReadFile, limits: CppLimits) {
    this.#readFile = readFile;
    this.limits = limits;
    this.problems = new Problems(limits.problems);
    this.expander = new Expander(this, limits);
    this.#directives = new Directives(this);
    this.#file = new OpenFile(new Inclusion(new SourceText({ path: '', text: '' }), undefined, 0), 0);
  }

  /** The file being read. */
  get file(): OpenFile {
    return this.#file;
  }

  get position(): number {
    return this.#file.pos;
  }

  set position(pos: number) {
    this.#file.pos = pos;
  }

  /** Everything: see `preprocess()`. */
  run(
    main: SourceFile,
    defines: readonly string[],
  ): { source: PreprocessedSource; diagnostics: Diagnostic[] } {
    try {
      this.#open(new SourceText(main), undefined, 0);
      defineBuiltins(this.macros);
      const lines = defines.map((define) => {
        const [, name = '', value = '1'] = /^([^=\n]*)(?:=([^\n]*))?/.exec(define) ?? [];
        return `#define ${name} ${value}\n`;
      });
      this.#open(new SourceText({ path: '<command-line>', text: lines.join('') }), undefined, 0);
      while (this.#files.length > 0) {
        if (this.#file.pos < this.#file.end) this.#scan(this.#file);
        else this.#close(this.#file);
      }
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    return { source: this.#out.finish(), diagnostics: this.problems.list };
  }

  // ---- files ----

  /** Finds the file of an #include. Asks the caller once for each name and place. */
  find(path: string, kind: 'quote' | 'angle', at: number): SourceText | RefusedFile | undefined {
    const from = this.#file.inclusion.source.path;
    const key = kind === 'quote' ? `${path}\n${from}` : `${path}\n`;
    if (!this.#found.has(key)) this.#found.set(key, this.#readFile(path, from, kind));
    const found = this.#found.get(key);
    if (found === undefined || 'refused' in found) return found;
    let source = this.#sources.get(found.path);
    if (source === undefined) {
      if (found.text.length > this.limits.fileSize) {
        this.stop(at, 'file-size', `${found.path} has more than ${this.limits.fileSize} characters`);
      }
      source = new SourceText(found);
      this.#sources.set(found.path, source);
    }
    return source;
  }

  /** Begins to read a file, unless it guards itself against that. */
  include(source: SourceText, at: number): void {
    if (source.once || (source.guard !== undefined && this.macros.has(source.guard))) return;
    if (this.#file.inclusion.depth + 1 >= this.limits.includeDepth) {
      this.stop(
        at,
        'include-depth',
        `files are included more than ${this.limits.includeDepth} deep`,
        'a file that includes itself needs a guard: #ifndef NAME, #define NAME … #endif',
      );
    }
    this.#open(source, this.#file.inclusion, at);
  }

  #open(source: SourceText, parent: Inclusion | undefined, offset: number): void {
    this.#seam = -1;
    this.#entered++;
    this.#inputSize += source.text.length;
    const inclusion = new Inclusion(source, parent, offset);
    const place = (): { file: string } =>
      parent === undefined ? { file: source.path } : parent.position(offset);
    if (source.text.length > this.limits.fileSize) {
      this.problems.fatal('file-size', `a source has more than ${this.limits.fileSize} characters`, place());
    }
    if (this.#entered > this.limits.includes) {
      this.problems.fatal('include-count', `more than ${this.limits.includes} files are included`, place());
    }
    if (this.#inputSize > this.limits.inputSize) {
      this.problems.fatal('input-size', `more than ${this.limits.inputSize} characters are read`, place());
    }
    this.#file = new OpenFile(inclusion, this.#out.open(inclusion));
    this.#files.push(this.#file);
  }

  #close(file: OpenFile): void {
    this.#seam = -1;
    for (const { offset } of file.conditionals) {
      this.problem(offset, 'conditional-unterminated', 'this #if has no #endif in its file', 'add an #endif');
    }
    if (!file.unguarded && file.guard !== undefined) file.inclusion.source.guard = file.guard;
    this.#files.pop();
    this.#file = this.#files.at(-1) ?? file;
    if (!this.#lastWhite) this.#emit('\n', file, file.end);
  }

  // ---- problems ----

  problem(at: number, code: string, message: string, hint?: string): void {
    this.problems.add('error', code, message, this.#file.inclusion.position(at), hint);
  }

  warning(at: number, code: string, message: string, hint?: string): void {
    this.problems.add('warning', code, message, this.#file.inclusion.position(at), hint);
  }

  stop(at: number, code: string, message: string, hint?: string): never {
    this.problems.fatal(code, message, this.#file.inclusion.position(at), hint);
  }

  // ---- macros ----

  builtin(macro: Macro, offset: number, at: number): Token {
    const { inclusion } = this.#file;
    const quoted = (text: string): Token => new Token(STRING, `"${text.replace(/[\\"]/g, '\\$&')}"`, false);
    const counted = (value: number): Token => new Token(NUMBER, String(value), false);
    switch (macro.builtin) {
      case '__LINE__':
        return counted(inclusion.position(offset).line);
      case '__FILE__':
        return quoted(inclusion.position(offset).file);
      case '__BASE_FILE__':
        return quoted(this.#files[0]?.inclusion.source.path ?? '');
      case '__COUNTER__':
        return counted(this.#counter++);
      case '__INCLUDE_LEVEL__':
        return counted(inclusion.depth);
      case '__TIMESTAMP__':
        if (inclusion.source.modified !== undefined) return quoted(inclusion.source.modified);
        this.warning(at, 'no-clock', '__TIMESTAMP__ has no value: nobody knows when this text was changed');
        return quoted('??? ??? ?? ??:??:?? ????');
      default:
        this.warning(at, 'no-clock', `${macro.name} has no value: the result must not depend on the time`);
        return quoted(macro.name === '__TIME__' ? '??:??:??' : '??? ?? ????');
    }
  }

  // ---- text ----

  #emit(text: string, file: OpenFile, offset: number, macro?: Macro): void {
    if (text === '') return;
    if (this.#out.length + text.length > this.limits.outputSize) {
      const message = `the source becomes more than ${this.limits.outputSize} characters`;
      this.problems.fatal('output-size', message, file.inclusion.position(offset));
    }
    this.#out.add(text, file.number, offset, macro);
    this.#lastWhite = isWhite(text, text.length - 1);
  }

  /** Copies text; nothing but white space becomes at most one line end. */
  #copy(file: OpenFile, start: number, stop: number): void {
    let pos = start;
    while (pos < stop && isWhite(file.text, pos)) pos++;
    if (pos < stop) {
      file.sawText();
      this.#emit(file.text.slice(start, stop), file, start);
    } else if (stop > start && !this.#lastWhite) this.#emit('\n', file, start);
  }

  /** Reads a file from the start of a line until another one is to be read, or to its end. */
  #scan(file: OpenFile): void {
    const { text, end } = file;
    const { macros } = this;
    if (file.skipping) skipGroups(this, file);
    let pos = file.pos;
    /** From here on nothing is copied yet. */
    let start = pos;
    let atLineStart = true;
    while (pos < end) {
      const pattern = macros.hasSmallLetters ? ANY_NAME : CAPITAL_NAME;
      pattern.lastIndex = pos;
      if (!pattern.test(text)) break;
      const found = pattern.lastIndex - 1;
      const c = text.charCodeAt(found);
      switch (CLASS[c]) {
        case IDENT: {
          const inNumber = numberAround(text, pos, found, end);
          if (inNumber >= 0) {
            pos = inNumber;
            continue;
          }
          pos = identifierEnd(text, found + 1, end);
          if (!macros.mayHave(c, pos - found)) continue;
          const macro = macros.get(text.slice(found, pos));
          if (macro === undefined || !this.#invoked(macro, pos, file)) continue;
          this.#copy(file, start, found);
          file.sawText();
          this.#expand(file, macro, found, pos);
          // A directive among the arguments may have ended in a group that is not taken.
          atLineStart = file.skipping;
          break;
        }
        case QUOTE: {
          const after = literalEnd(text, found, end);
          pos = after < 0 ? newlineAt(text, found, end) : after;
          continue;
        }
        case SLASH: {
          const after = commentEnd(text, found, end);
          if (after < 0) {
            pos = found + 1;
            continue;
          }
          if (after === end) this.#checkClosed(text, found, end);
          atLineStart = startsLine(text, start, found, atLineStart);
          this.#copy(file, start, found);
          if (!this.#lastWhite && classAt(text, after) !== NEWLINE) this.#emit(' ', file, found);
          file.pos = after;
          break;
        }
        default: {
          const plain = text.charCodeAt(found + 1) === 100 ? this.#plainDefine(file, found) : undefined;
          const name = plain === undefined ? this.#directives.recognize(file, found) : -1;
          if ((plain === undefined && name < 0) || !startsLine(text, start, found, atLineStart)) {
            pos = found + 1;
            continue;
          }
          this.#copy(file, start, found);
          atLineStart = true;
          if (plain !== undefined && macros.addConstant(...plain)) {
            file.sawText();
            file.pos = Math.min(plain[4] + 1, end);
            break;
          }
          file.pos = plain === undefined ? name : found + 1;
          this.#directives.obey(file, found);
          if (this.#file !== file) return;
          if (file.pos >= end) this.#checkClosed(text, found, end);
        }
      }
      if (file.skipping) skipGroups(this, file);
      pos = file.pos;
      start = pos;
    }
    this.#copy(file, start, end);
    file.pos = end;
  }

  /** What `addConstant` wants to know of the usual #define, a constant's. */
  #plainDefine(file: OpenFile, pos: number): Parameters<MacroTable['addConstant']> | undefined {
    PLAIN_DEFINE.lastIndex = pos + 1;
    const match = PLAIN_DEFINE.exec(file.text);
    if (match === null) return undefined;
    const [all, name = '', body = ''] = match;
    if (name === 'defined' || name.startsWith('__')) return undefined;
    const stop = pos + 1 + all.length;
    const start = stop - body.length;
    return [name, file.inclusion, start - name.length, start, stop];
  }

  /** Complains about a comment that goes on to the end of the file. */
  #checkClosed(text: string, start: number, end: number): void {
    const at = unclosedComment(text, start, end);
    if (at < 0) return;
    this.problem(at, 'comment-unterminated', 'this comment is never closed', "add '*/'");
  }

  /** Whether a macro's name stands for the macro here: a function-like one only before a parenthesis. */
  #invoked(macro: Macro, after: number, file: OpenFile): boolean {
    const { text, end } = file;
    const next = text.charCodeAt(after);
    if (macro.name === 'L' && (next === 34 || next === 39)) return false;
    if (macro.parameters === undefined || next === 40) return true;
    let pos = skipBlanks(text, after, end);
    while (pos < end && text.charCodeAt(pos) === 10) pos = skipBlanks(text, pos + 1, end);
    if (pos < end && text.charCodeAt(pos) === 40) return true;
    if (this.#seam === after - macro.name.length) {
      // Directly behind an expansion it is still a token to be kept from it.
      const before = this.#seamToken;
      const space = this.#seamSource?.white || (before !== undefined && avoidPaste(before, NAME, macro.name));
      if (space && !this.#lastWhite) {
        this.#emit(' ', file, after - macro.name.length);
      }
    }
    return false;
  }

  /** Expands the macro whose name stands at `from`, up to the first token that is not part of it. */
  #expand(file: OpenFile, macro: Macro, from: number, after: number): void {
    file.pos = after;
    let source: Token | undefined;
    let previous: Token | undefined;
    if (this.#seam === from) {
      previous = this.#seamToken;
      source = this.#seamSource;
    } else if (!this.#lastWhite) previous = tokenBefore(file.text, from);
    let output = '';
    const constant = this.#constant(macro);
    if (constant !== undefined) {
      if (source?.white || (previous !== undefined && avoidPaste(previous, constant.type, constant.text))) {
        output = ' ';
      }
      output += constant.text;
      previous = constant;
      source = undefined;
    } else {
      const name = new Token(NAME, macro.name, this.#lastWhite);
      if (!source?.white) source = name;
      const { expander } = this;
      let entered = false;
      try {
        entered = expander.enter(macro, from);
        let padded = true;
        if (!entered) {
          output = macro.name;
          previous = name;
          source = undefined;
          padded = false;
        }
        while (!expander.idle) {
          const token = expander.next();
          if (token.type === PADDING) {
            if (source === undefined || (!source.white && token.source === undefined)) source = token.source;
            padded = true;
            continue;
          }
          const space = padded
            ? (source ?? token).white ||
              (previous !== undefined && avoidPaste(previous, token.type, token.text))
            : token.white;
          if (space) output += ' ';
          output += token.text;
          previous = token;
          source = undefined;
          padded = false;
        }
      } catch (error) {
        if (!(error instanceof MacroSyntaxError)) throw error;
        this.problem(from, 'macro-definition', error.message);
      }
    }
    this.#emit(output, file, from, macro);
    this.#afterExpansion(file, previous, source);
  }

  #constant(macro: Macro): Token | undefined {
    if (macro.parameters !== undefined || macro.builtin !== undefined) return undefined;
    try {
      return macro.constant;
    } catch (error) {
      if (error instanceof MacroSyntaxError) return undefined;
      throw error;
    }
  }

  /** Keeps what follows an expansion at once from running into it. */
  #afterExpansion(file: OpenFile, previous: Token | undefined, source: Token | undefined): void {
    const { text, end, pos } = file;
    const k = classAt(text, pos);
    if (pos >= end || k === BLANK || k === NEWLINE || commentEnd(text, pos, end) >= 0) return;
    if (k === IDENT && this.macros.has(text.slice(pos, identifierEnd(text, pos, end)))) {
      this.#seam = pos;
      this.#seamToken = previous;
      this.#seamSource = source;
      return;
    }
    if (this.#lastWhite) return;
    if (source?.white) this.#emit(' ', file, pos);
    else if (previous !== undefined) {
      const token = new Lexer(text, pos, end).token(false);
      if (avoidPaste(previous, token.type, token.text)) this.#emit(' ', file, pos);
    }
  }

  lex(within: boolean, at: number): Token {
    const file = this.#file;
    const { text, end } = file;
    let white = false;
    let lineStart = false;
    let pos = file.pos;
    while (pos < end) {
      const k = classAt(text, pos);
      if (k === NEWLINE) lineStart = true;
      else if (k !== BLANK) {
        const after = k === SLASH ? commentEnd(text, pos, end) : -1;
        if (after >= 0) {
          white = true;
          pos = after;
          continue;
        }
        if (!lineStart || !within || text.charCodeAt(pos) !== 35) break;
        const directive = this.#directives.recognize(file, pos);
        if (directive < 0) {
          this.problem(
            at,
            'macro-arguments',
            'a line that starts with # stands among the arguments of a macro',
            'gcc ends the argument there; put it on the line before',
          );
          break;
        }
        file.pos = directive;
        this.#directives.obey(file, pos, true);
        if (file.skipping) skipGroups(this, file);
        pos = file.pos;
        white = true;
        continue;
      }
      white = true;
      pos++;
    }
    if (pos >= end) {
      file.pos = pos;
      return END_TOKEN;
    }
    const lexer = new Lexer(text, pos, end);
    const token = lexer.token(white);
    file.pos = lexer.pos;
    return token;
  }
}
