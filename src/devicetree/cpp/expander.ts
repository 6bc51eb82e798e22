/**
 * Macro expansion: a stack of token lists over the file, read from the top.
 *
 * Padding tokens mark where an expansion begins and ends; from them follows the white space that is
 * printed, which must be gcc's, because dtc reads `foo-1` and `foo -1` differently. The rules are those
 * of cpplib's internals manual ("Token spacing" and "Macro expansion algorithm").
 */
import { tokenize } from './lexer.ts';
import type { CppLimits } from './limits.ts';
import type { Macro } from './macro.ts';
import {
  AVOID_PASTE,
  CHAR,
  END,
  END_TOKEN,
  NAME,
  NUMBER,
  OPTIONAL,
  PADDING,
  PUNCT,
  paddingFor,
  STRAY,
  STRING,
  Token,
} from './token.ts';

/**
 * What expansion needs from the reader of files. `at` is where the macro or the directive stands in the file that
 * all this is done for.
 */
export interface ExpanderHost {
  readonly macros: { has(name: string): boolean; get(name: string): Macro | undefined };
  /** Where the file is read next; set back after a look ahead. */
  position: number;
  /**
   * The file's next token.
   *
   * @param within whether inside parentheses, where directives are obeyed and a new line is white space
   */
  lex(within: boolean, at: number): Token;
  /** @param offset of the name in the file from which all this comes, for __LINE__ */
  builtin(macro: Macro, offset: number, at: number): Token;
  problem(at: number, code: string, message: string, hint?: string): void;
  stop(at: number, code: string, message: string, hint?: string): never;
}

interface Context {
  readonly tokens: readonly Token[];
  pos: number;
  /** The macro to be usable again behind this list. */
  readonly macro: Macro | undefined;
  /** Reading stops at its end: an argument that is expanded on its own. */
  readonly floor: boolean;
}

class Argument {
  readonly tokens: Token[] = [];
  expanded: readonly Token[] | undefined;
  text: string | undefined;
}

export class Expander {
  readonly #host: ExpanderHost;
  readonly #limits: CppLimits;
  #contexts: Context[] = [];
  /** Above 0, macros' names are only names. */
  #prevent = 0;
  #within = false;
  /** In a directive there is no padding. */
  #directive = false;
  #depth = 0;
  #tokens = 0;
  /** Where the file stood before the last token was read from it, or `-1` if it came from elsewhere. */
  #mark = -1;
  /** Where what is in work stands in the file: the macro, or the directive. */
  #at = 0;
  /** Where the last macro's name stood that was not made by another macro. */
  #origin = 0;

  constructor(host: ExpanderHost, limits: CppLimits) {
    this.#host = host;
    this.#limits = limits;
  }

  /** Whether everything pushed has been read: the next token would be the file's. */
  get idle(): boolean {
    return this.#contexts.length === 0;
  }

  /**
   * Reads a directive's tokens, expanded, with a look at each before it is.
   *
   * @param at where the directive stands
   * @param each is called with a function that gives the next token, expanded or as it stands
   */
  directive<T>(tokens: readonly Token[], at: number, each: (next: (expand: boolean) => Token) => T): T {
    const saved = [this.#contexts, this.#prevent, this.#within, this.#directive, this.#at] as const;
    this.#contexts = [{ tokens, pos: 0, macro: undefined, floor: true }];
    this.#within = false;
    this.#directive = true;
    this.#at = at;
    try {
      return each((expand) => {
        this.#prevent = expand ? 0 : 1;
        return this.next();
      });
    } finally {
      for (const { macro } of this.#contexts) if (macro !== undefined) macro.active = false;
      [this.#contexts, this.#prevent, this.#within, this.#directive, this.#at] = saved;
    }
  }

  /** All of the tokens of the directive at `at`, expanded. */
  expandAll(tokens: readonly Token[], at: number): Token[] {
    return this.directive(tokens, at, (next) => {
      const out: Token[] = [];
      for (let token = next(true); token.type !== END; token = next(true)) out.push(token);
      return out;
    });
  }

  /** The next token after expansion, or padding. */
  next(): Token {
    for (;;) {
      const top = this.#contexts[this.#contexts.length - 1];
      let token: Token;
      if (top === undefined) {
        this.#mark = this.#host.position;
        token = this.#host.lex(this.#within, this.#at);
      } else {
        this.#mark = -1;
        const read = top.tokens[top.pos];
        if (read === undefined) {
          if (top.floor) return END_TOKEN;
          this.#pop();
          if (this.#directive) continue;
          return AVOID_PASTE;
        }
        token = read;
        top.pos++;
        if (token.pasteLeft) {
          this.#paste(top, token);
          if (this.#directive) continue;
          return paddingFor(token);
        }
      }
      this.#spend(1);
      if (token.type !== NAME || token.noExpand) return token;
      const macro = this.#host.macros.get(token.text);
      if (macro === undefined) return token;
      if (macro.active) {
        const copy = token.copy();
        copy.noExpand = true;
        return copy;
      }
      if (this.#prevent > 0 || !this.#enter(macro, token.offset)) return token;
      if (this.#directive) continue;
      return paddingFor(token);
    }
  }

  /**
   * Begins the expansion of a macro whose name was just read in the text of the file.
   *
   * @param at where the name stands
   * @returns whether it did: a function-like macro's name without arguments stays as it is
   */
  enter(macro: Macro, at: number): boolean {
    this.#at = at;
    return this.#enter(macro, at);
  }

  /** @param offset where the name stands in the file, or `-1` when a macro gave it */
  #enter(macro: Macro, offset: number): boolean {
    const origin = offset < 0 ? this.#origin : offset;
    this.#origin = origin;
    if (macro.builtin !== undefined) {
      this.#push([this.#host.builtin(macro, origin, this.#at)]);
      return true;
    }
    if (macro.parameters === undefined) {
      macro.active = true;
      this.#push(macro.body, macro);
      return true;
    }
    this.#prevent++;
    const args = this.#openParenthesis() ? this.#arguments(macro, macro.parameters) : undefined;
    this.#prevent--;
    if (args === undefined) return false;
    const tokens = macro.parameters.length === 0 ? macro.body : this.#replace(macro, macro.body, args);
    this.#origin = origin;
    macro.active = true;
    this.#push(tokens, macro);
    return true;
  }

  #push(tokens: readonly Token[], macro?: Macro, floor = false): void {
    this.#contexts.push({ tokens, pos: 0, macro, floor });
  }

  #pop(): void {
    const context = this.#contexts.pop();
    if (context?.macro !== undefined) context.macro.active = false;
  }

  #spend(tokens: number): void {
    this.#tokens += tokens;
    if (this.#tokens <= this.#limits.macroTokens) return;
    this.#host.stop(
      this.#at,
      'macro-expansion',
      `macros expand to more than ${this.#limits.macroTokens} tokens`,
      'a macro that uses another one twice, many levels deep, grows beyond all bounds',
    );
  }

  /** Reads on to an opening parenthesis; without one, everything is as before but for the padding. */
  #openParenthesis(): boolean {
    let padding: Token | undefined;
    let token: Token;
    for (;;) {
      token = this.next();
      if (token.type !== PADDING) break;
      const source = padding?.source;
      if (source === undefined || (!source.white && token.source === undefined)) padding = token;
    }
    if (token.type === PUNCT && token.text === '(') return true;
    if (this.#mark >= 0) this.#host.position = this.#mark;
    else if (token.type !== END) {
      const top = this.#contexts[this.#contexts.length - 1];
      if (top !== undefined) top.pos--;
    }
    if (padding !== undefined) this.#push([padding]);
    return false;
  }

  #arguments(macro: Macro, parameters: readonly string[]): Argument[] | undefined {
    const saved = this.#within;
    this.#within = true;
    const count = parameters.length;
    let argument = new Argument();
    const args = [argument];
    let depth = 0;
    let given = 1;
    for (;;) {
      const token = this.next();
      if (token.type === END) {
        this.#within = saved;
        this.#host.problem(
          this.#at,
          'macro-arguments',
          `the argument list of the macro ${macro.name} is not closed`,
          `add the missing ')'; arguments cannot go on in another file`,
        );
        return undefined;
      }
      if (token.type === PADDING) {
        if (argument.tokens.length > 0) argument.tokens.push(token);
        continue;
      }
      if (token.type === PUNCT) {
        if (token.text === '(') depth++;
        else if (token.text === ')' && depth-- === 0) break;
        else if (token.text === ',' && depth === 0 && !(macro.variadic && given === count)) {
          trim(argument.tokens);
          argument = new Argument();
          given++;
          if (given <= count) args.push(argument);
          continue;
        }
      }
      if (given <= count || argument.tokens.length === 0) argument.tokens.push(token);
    }
    this.#within = saved;
    trim(argument.tokens);
    const empty = given === 1 && args[0]?.tokens.length === 0;
    if (count === 0 && empty) return [];
    if (given === count) {
      // A variadic macro's only argument, when empty, counts as left out.
      if (macro.variadic && count === 1 && empty) args.pop();
      return args;
    }
    if (macro.variadic && given + 1 === count) return args;
    this.#host.problem(
      this.#at,
      'macro-arguments',
      `the macro ${macro.name} takes ${macro.variadic ? `at least ${count - 1}` : count} ` +
        `argument${count === 1 && !macro.variadic ? '' : 's'}, but here are ${empty ? 0 : given}`,
      `its definition is ${macro.name}(${parameters.join(', ')}${macro.variadic ? '...' : ''})`,
    );
    return undefined;
  }

  /** The body with the arguments in the place of the parameters. */
  #replace(macro: Macro, body: readonly Token[], args: readonly Argument[]): Token[] {
    const out: Token[] = [];
    const last = (macro.parameters?.length ?? 0) - 1;
    for (const [i, token] of body.entries()) {
      if (token.type === OPTIONAL) {
        if (!this.#directive) out.push(paddingFor(token));
        if (this.#expanded(args[last]).some((t) => t.type !== PADDING)) {
          append(out, this.#replace(macro, token.group ?? [], args));
        }
        if (!this.#directive) out.push(AVOID_PASTE);
        continue;
      }
      if (token.parameter < 0) {
        out.push(token);
        continue;
      }
      const argument = args[token.parameter];
      const pasted = i > 0 && body[i - 1]?.pasteLeft === true;
      if (!this.#directive && i > 0 && !pasted) out.push(paddingFor(token));
      let marked = -1;
      let from: readonly Token[];
      if (token.stringify) from = [this.#stringify(argument)];
      else if (token.pasteLeft) from = argument?.tokens ?? [];
      else if (pasted) {
        from = argument?.tokens ?? [];
        const left = out.at(-1);
        if (left?.text === ',' && left.type === PUNCT && macro.variadic && token.parameter === last) {
          // `, ## args`: the comma goes when there are no further arguments, else it just stands.
          if (argument === undefined) out.pop();
          else marked = out.length - 1;
        } else if (from.length === 0 && out.length > 0) marked = out.length - 1;
      } else from = this.#expanded(argument);
      this.#spend(from.length);
      append(out, from);
      if (from.length > 0 && token.pasteLeft) marked = out.length - 1;
      if (!this.#directive && !token.pasteLeft) out.push(AVOID_PASTE);
      const mark = out[marked];
      if (mark !== undefined && mark.type !== PADDING) {
        const copy = mark.copy();
        copy.pasteLeft = token.pasteLeft;
        out[marked] = copy;
      }
    }
    return out;
  }

  /** An argument on its own, as if the rest of the file were not there. */
  #expanded(argument: Argument | undefined): readonly Token[] {
    if (argument === undefined) return [];
    if (argument.expanded !== undefined) return argument.expanded;
    const { macros } = this.#host;
    if (!argument.tokens.some((t) => t.type === NAME && !t.noExpand && macros.has(t.text))) {
      argument.expanded = argument.tokens;
      return argument.tokens;
    }
    if (++this.#depth > this.#limits.macroDepth) {
      this.#host.stop(
        this.#at,
        'macro-depth',
        `macro calls are nested more than ${this.#limits.macroDepth} deep`,
      );
    }
    const out: Token[] = [];
    this.#push(argument.tokens, undefined, true);
    for (let token = this.next(); token.type !== END; token = this.next()) out.push(token);
    this.#pop();
    this.#depth--;
    argument.expanded = out;
    return out;
  }

  #stringify(argument: Argument | undefined): Token {
    let text = argument?.text;
    if (text === undefined) {
      text = '';
      let source: Token | undefined;
      let backslashes = 0;
      for (const token of argument?.tokens ?? []) {
        if (token.type === PADDING) {
          if (source === undefined || (!source.white && token.source === undefined)) source = token.source;
          continue;
        }
        if (text !== '' && (source ?? token).white) text += ' ';
        source = undefined;
        const literal = token.type === STRING || token.type === CHAR;
        text += literal ? token.text.replace(/[\\"]/g, '\\$&') : token.text;
        backslashes = token.type === STRAY && token.text === '\\' ? backslashes + 1 : 0;
        this.#check(text);
      }
      // A last lone backslash would take the closing quote with it.
      if (backslashes % 2 === 1) text = text.slice(0, -1);
      if (argument !== undefined) argument.text = text;
    }
    return new Token(STRING, `"${text}"`, false);
  }

  /** Joins a token with the following one, and on while `##` follows. */
  #paste(context: Context, left: Token): void {
    let result = left;
    for (;;) {
      const right = context.tokens[context.pos];
      if (right === undefined || right.type === PADDING) break;
      const text = result.text + right.text;
      this.#check(text);
      this.#spend(1 + (text.length >> 6));
      const joined = joinedType(result, right, text);
      if (joined < 0) {
        // Two tokens that make no third just stand side by side in the assembler's dialect.
        result = result.copy();
        result.pasteLeft = false;
        break;
      }
      result = new Token(joined, text, left.white);
      context.pos++;
      if (!right.pasteLeft) break;
    }
    if (result.pasteLeft) {
      result = result.copy();
      result.pasteLeft = false;
    }
    this.#push([result]);
  }

  #check(text: string): void {
    if (text.length <= this.#limits.macroTokenSize) return;
    this.#host.stop(
      this.#at,
      'macro-token-size',
      `a macro makes a token of more than ${this.#limits.macroTokenSize} characters`,
    );
  }
}

function trim(tokens: Token[]): void {
  while (tokens.at(-1)?.type === PADDING) tokens.pop();
}

function append(out: Token[], from: readonly Token[]): void {
  for (const token of from) out.push(token);
}

/** What two tokens are when joined, or `-1` when they are not one token. */
function joinedType(left: Token, right: Token, text: string): number {
  if (left.type === NAME && right.type === NAME) return NAME;
  if (left.type === NUMBER && right.type === NAME) return NUMBER;
  const tokens = /^\/[/*]/.test(text) ? [] : tokenize(text);
  return tokens.length === 1 && tokens[0]?.text.length === text.length ? tokens[0].type : -1;
}
