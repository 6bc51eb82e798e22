/** What a #define says. Bodies are read when a macro is first used: most of a board's never are. */
import type { OriginPosition } from '../source.ts';
import { classAt, commentEnd, IDENT, identifierEnd, skipBlanks } from './characters.ts';
import { tokenize } from './lexer.ts';
import type { Inclusion } from './origin-map.ts';
import { NAME, NUMBER, OPTIONAL, PUNCT, STRAY, STRING, Token } from './token.ts';

/** Macros whose value is computed where they are used. */
export type Builtin =
  | '__LINE__'
  | '__FILE__'
  | '__BASE_FILE__'
  | '__COUNTER__'
  | '__INCLUDE_LEVEL__'
  | '__TIMESTAMP__'
  | 'clock';

/** Why a definition cannot be used. */
export class MacroSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export class Macro {
  readonly name: string;
  readonly builtin: Builtin | undefined;
  readonly inclusion: Inclusion;
  /** Where the name stands. */
  readonly offset: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** The parameters' names, or `undefined` for a macro that is used without parentheses. */
  readonly parameters: readonly string[] | undefined;
  /** Whether the last parameter takes all further arguments. */
  readonly variadic: boolean;
  /** Whether it is being expanded, and so must not be expanded again. */
  active = false;
  #body: readonly Token[] | undefined;

  constructor(
    name: string,
    inclusion: Inclusion,
    offset: number,
    bodyStart: number,
    bodyEnd: number,
    parameters?: readonly string[],
    variadic = false,
    builtin?: Builtin,
  ) {
    this.name = name;
    this.inclusion = inclusion;
    this.offset = offset;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.parameters = parameters;
    this.variadic = variadic;
    this.builtin = builtin;
  }

  /** The replacement list. Throws `MacroSyntaxError` when it is none. */
  get body(): readonly Token[] {
    this.#body ??= readBody(
      tokenize(this.inclusion.source.text, this.bodyStart, this.bodyEnd),
      this.parameters,
      this.variadic,
      this.bodyStart,
    );
    return this.#body;
  }

  /** The one number or string that a plain constant stands for, to be printed without more ado. */
  get constant(): Token | undefined {
    if (this.parameters !== undefined || this.builtin !== undefined) return undefined;
    const token = this.body[0];
    if (token === undefined || this.body.length > 1) return undefined;
    return token.type === NUMBER || token.type === STRING ? token : undefined;
  }

  definedAt(): OriginPosition {
    return this.inclusion.position(this.offset);
  }

  /** Whether a second definition means the same, white space apart. */
  sameAs(other: Macro): boolean {
    if (this.builtin !== undefined || other.builtin !== undefined) return false;
    if (this.parameters?.join() !== other.parameters?.join() || this.variadic !== other.variadic)
      return false;
    const text = this.inclusion.source.text.slice(this.bodyStart, this.bodyEnd);
    const otherText = other.inclusion.source.text.slice(other.bodyStart, other.bodyEnd);
    if (text === otherText) return true;
    const tokens = tokenize(text);
    const otherTokens = tokenize(otherText);
    return (
      tokens.length === otherTokens.length &&
      tokens.every((token, i) => {
        const twin = otherTokens[i];
        return token.text === twin?.text && (i === 0 || token.white === twin.white);
      })
    );
  }
}

/**
 * Reads the parameters of a function-like macro.
 *
 * @param pos behind the opening parenthesis
 * @returns the names and the position behind the closing parenthesis
 */
export function readParameters(
  text: string,
  pos: number,
  end: number,
): { parameters: string[]; variadic: boolean; pos: number } {
  const parameters: string[] = [];
  const seen = new Set<string>();
  const skip = (from: number): number => skipBlanks(text, from, end);
  const close = (
    from: number,
    variadic: boolean,
  ): { parameters: string[]; variadic: boolean; pos: number } => {
    const at = skip(from);
    if (at < end && text.charCodeAt(at) === 41) return { parameters, variadic, pos: at + 1 };
    throw new MacroSyntaxError("expected ')' after the macro's last parameter", at);
  };
  pos = skip(pos);
  if (text.charCodeAt(pos) === 41) return close(pos, false);
  for (;;) {
    pos = skip(pos);
    if (text.startsWith('...', pos)) {
      parameters.push('__VA_ARGS__');
      return close(pos + 3, true);
    }
    if (pos >= end || classAt(text, pos) !== IDENT) {
      throw new MacroSyntaxError("expected a parameter's name, '...' or ')'", pos);
    }
    const after = identifierEnd(text, pos, end);
    const name = text.slice(pos, after);
    if (name === '__VA_ARGS__') throw new MacroSyntaxError('__VA_ARGS__ cannot be a parameter', pos);
    if (seen.has(name)) throw new MacroSyntaxError(`the parameter ${name} is there twice`, pos);
    seen.add(name);
    parameters.push(name);
    pos = skip(after);
    if (text.startsWith('...', pos)) return close(pos + 3, true);
    if (pos < end && text.charCodeAt(pos) === 41) return close(pos, false);
    if (pos >= end || text.charCodeAt(pos) !== 44) {
      throw new MacroSyntaxError("expected ',' or ')' after a macro's parameter", pos);
    }
    pos++;
  }
}

/** Whether a body must be read at once, because it may be wrong. */
export function mayBeWrong(text: string, pos: number, end: number): boolean {
  for (let at = text.indexOf('#', pos); at >= 0 && at < end; at = text.indexOf('#', at + 1)) {
    if (text.charCodeAt(at + 1) === 35 || commentEnd(text, at + 1, end) >= 0) return true;
  }
  return false;
}

/** Marks parameters, `#` and `##` in the tokens of a definition. */
function readBody(
  raw: readonly Token[],
  parameters: readonly string[] | undefined,
  variadic: boolean,
  start: number,
  optional = false,
): Token[] {
  const numbers = new Map(parameters?.map((name, i) => [name, i]));
  const body: Token[] = [];
  for (let i = 0; i < raw.length; i++) {
    const token = raw[i] as Token;
    if (token.type === PUNCT && token.text === '##') {
      const before = body.at(-1);
      if (before === undefined || i === raw.length - 1) {
        throw new MacroSyntaxError("'##' cannot stand at either end of a macro", start);
      }
      before.pasteLeft = true;
      continue;
    }
    const first = body.length === 0;
    if (variadic && token.type === NAME && token.text === '__VA_OPT__' && raw[i + 1]?.text === '(') {
      if (optional) throw new MacroSyntaxError('__VA_OPT__ cannot stand within another one', start);
      const close = closingParenthesis(raw, i + 1);
      if (close < 0) throw new MacroSyntaxError('__VA_OPT__ has no closing parenthesis', start);
      const copy = new Token(OPTIONAL, token.text, token.white && !first);
      copy.group = readBody(raw.slice(i + 2, close), parameters, variadic, start, true);
      body.push(copy);
      i = close;
      continue;
    }
    // `#` is only an operator before a parameter: elsewhere the assembler's dialect lets it stand.
    const operand = raw[i + 1];
    if (parameters !== undefined && token.text === '#' && token.type === PUNCT && operand?.type === NAME) {
      const number = numbers.get(operand.text);
      if (number !== undefined) {
        const copy = new Token(NAME, operand.text, token.white && !first);
        copy.parameter = number;
        copy.stringify = true;
        body.push(copy);
        i++;
        continue;
      }
    }
    const copy = new Token(token.type, token.text, token.white && !first);
    if (token.type === NAME) copy.parameter = numbers.get(token.text) ?? -1;
    body.push(copy);
  }
  return body;
}

function closingParenthesis(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { type, text } = tokens[i] as Token;
    if (type !== PUNCT && type !== STRAY) continue;
    if (text === '(') depth++;
    else if (text === ')' && --depth === 0) return i;
  }
  return -1;
}
