/** Preprocessing tokens, and the rule that keeps two of them from running together when printed. */

export const PADDING = 0;
export const NAME = 1;
export const NUMBER = 2;
export const STRING = 3;
export const CHAR = 4;
export const PUNCT = 5;
/** A character with no meaning, or the rest of a line after a quote that nobody closes. */
export const STRAY = 6;
export const END = 7;
/** `__VA_OPT__(…)` in a macro's body. */
export const OPTIONAL = 8;

/** One token. Shared freely and never changed after its making: flags change on a copy. */
export class Token {
  readonly type: number;
  readonly text: string;
  /** Whether white space stands before it. */
  readonly white: boolean;
  /** Where it starts, for tokens of a directive; else `-1`. */
  readonly offset: number;
  /** A macro's name that stands within that macro's own expansion: never expanded again. */
  noExpand = false;
  /** Followed by `##`. */
  pasteLeft = false;
  /** In a body: the parameter's number; else `-1`. */
  parameter = -1;
  /** In a body: preceded by `#`. */
  stringify = false;
  /** Of padding: the token whose white space decides. */
  source: Token | undefined = undefined;
  /** Of `__VA_OPT__`: what stands between its parentheses. */
  group: readonly Token[] | undefined = undefined;

  constructor(type: number, text: string, white: boolean, offset = -1) {
    this.type = type;
    this.text = text;
    this.white = white;
    this.offset = offset;
  }

  /** A copy to set flags on. */
  copy(white = this.white): Token {
    const token = new Token(this.type, this.text, white, this.offset);
    token.noExpand = this.noExpand;
    token.pasteLeft = this.pasteLeft;
    token.parameter = this.parameter;
    token.stringify = this.stringify;
    token.source = this.source;
    token.group = this.group;
    return token;
  }
}

/** Padding that carries no white space of its own: only keeps its neighbours from running together. */
export const AVOID_PASTE = new Token(PADDING, '', false);
export const END_TOKEN = new Token(END, '', false);

/** Padding in the place of `source`: prints the white space that `source` has. */
export function paddingFor(source: Token): Token {
  const token = new Token(PADDING, '', false);
  token.source = source;
  return token;
}

const WITH_EQUALS = new Set(['=', '!', '>', '<', '+', '-', '*', '/', '%', '&', '|', '^', '>>', '<<']);

/** After each punctuator, the first characters of a punctuator that would join it. */
const JOINS: Readonly<Record<string, string>> = {
  '>': '>',
  '<': '<%:',
  '+': '+',
  '-': '->',
  '/': '/*',
  '%': ':%',
  '&': '&',
  '|': '|',
  ':': ':>',
  '->': '*',
  '.': '.%',
  '#': '#%',
  '<=': '>',
};

/**
 * Whether `right` printed directly after `left` needs a space, by gcc's rule (it is wider than what
 * C needs, and dtc sees the difference: `1 -name`).
 *
 * @param type the right token's type
 * @param text the right token's text
 */
export function avoidPaste(left: Token, type: number, text: string): boolean {
  const first = text.charAt(0);
  switch (left.type) {
    case PUNCT:
      if (type === NUMBER) return left.text === '.';
      if (type !== PUNCT) return false;
      return (first === '=' && WITH_EQUALS.has(left.text)) || (JOINS[left.text]?.includes(first) ?? false);
    case NAME:
      if (type === NUMBER) return /^\w+$/.test(text);
      return type === NAME || ((type === CHAR || type === STRING) && first !== 'L');
    case NUMBER:
      if (type === PUNCT) return first === '.' || first === '+' || first === '-';
      return type === NUMBER || type === NAME || (type === CHAR && first !== 'L');
    case STRAY:
      return left.text === '\\' && type === NAME;
    default:
      return false;
  }
}
