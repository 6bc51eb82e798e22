/** Text to tokens, one at a time. */
import {
  BLANK,
  CLASS,
  classAt,
  commentEnd,
  DIGIT,
  DOT,
  IDENT,
  identifierEnd,
  literalEnd,
  NEWLINE,
  newlineAt,
  numberEnd,
  OTHER,
  punctuatorLength,
  QUOTE,
} from './characters.ts';
import { CHAR, NAME, NUMBER, PUNCT, STRAY, STRING, Token } from './token.ts';

const PUNCTUATORS = new Set('=!><+-*/%&|^:.#,;()[]{}?~@');

/** Reads tokens between two offsets of a text. */
export class Lexer {
  readonly text: string;
  pos: number;
  readonly end: number;

  constructor(text: string, pos = 0, end = text.length) {
    this.text = text;
    this.pos = pos;
    this.end = end;
  }

  /** The next token, line ends counting as white space; `undefined` at the end. */
  next(): Token | undefined {
    let white = false;
    while (this.pos < this.end) {
      const k = classAt(this.text, this.pos);
      if (k === BLANK || k === NEWLINE) this.pos++;
      else {
        const after = commentEnd(this.text, this.pos, this.end);
        if (after < 0) return this.token(white);
        this.pos = after;
      }
      white = true;
    }
    return undefined;
  }

  /** The token that starts here; there must be one, and no comment. */
  token(white: boolean): Token {
    const { text, end, pos: start } = this;
    const c = text.charCodeAt(start);
    switch (c < 128 ? CLASS[c] : OTHER) {
      case IDENT:
        this.pos = identifierEnd(text, start, end);
        // A wide literal is one token, so that a macro named L does not take its prefix.
        if (c === 76 && this.pos === start + 1 && classAt(text, this.pos) === QUOTE && this.pos < end) {
          return this.#literal(start, white);
        }
        return this.#make(NAME, start, white);
      case DIGIT:
        this.pos = numberEnd(text, start, end);
        return this.#make(NUMBER, start, white);
      case DOT:
        if (start + 1 < end && classAt(text, start + 1) === DIGIT) {
          this.pos = numberEnd(text, start, end);
          return this.#make(NUMBER, start, white);
        }
        break;
      case QUOTE:
        return this.#literal(start, white);
      default:
    }
    if (PUNCTUATORS.has(text.charAt(start))) {
      this.pos = start + punctuatorLength(text, start, end);
      return this.#make(PUNCT, start, white);
    }
    this.pos = start + 1;
    return this.#make(STRAY, start, white);
  }

  #literal(start: number, white: boolean): Token {
    const after = literalEnd(this.text, this.pos, this.end);
    // The assembler's dialect: an unclosed quote takes the rest of the line, without complaint.
    const type = after < 0 ? STRAY : this.text.charCodeAt(this.pos) === 34 ? STRING : CHAR;
    this.pos = after < 0 ? newlineAt(this.text, this.pos, this.end) : after;
    return this.#make(type, start, white);
  }

  #make(type: number, start: number, white: boolean): Token {
    return new Token(type, this.text.slice(start, this.pos), white, start);
  }
}

/** All tokens of a text. */
export function tokenize(text: string, pos = 0, end = text.length): Token[] {
  const lexer = new Lexer(text, pos, end);
  const tokens: Token[] = [];
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) tokens.push(token);
  return tokens;
}
