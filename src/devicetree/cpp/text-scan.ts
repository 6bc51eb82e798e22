/** Finding what is not just to be copied, and telling what stands before it. */
import {
  BLANK,
  CLASS,
  classAt,
  DIGIT,
  DOT,
  IDENT,
  identifierEnd,
  NEWLINE,
  numberEnd,
  OTHER,
  QUOTE,
  SLASH,
} from './characters.ts';
import { tokenize } from './lexer.ts';
import { PUNCT, STRAY, STRING, Token } from './token.ts';

/**
 * Where something may begin that is not just to be copied: a macro's name (most boards have none that
 * starts with a small letter), a literal, a comment or a directive.
 */
export const CAPITAL_NAME = /\b[A-Z_]|["'/#]/g;
export const ANY_NAME = /\b[A-Za-z_]|["'/#]/g;
/** Whether a blank or a line end stands at `pos`. */
export function isWhite(text: string, pos: number): boolean {
  const k = classAt(text, pos);
  return k === BLANK || k === NEWLINE;
}

/** Whether only blanks stand between `pos` and the start of its line; `start` is as `atStart` says. */
export function startsLine(text: string, start: number, pos: number, atStart: boolean): boolean {
  while (pos > start) {
    const k = classAt(text, --pos);
    if (k === NEWLINE) return true;
    if (k !== BLANK) return false;
  }
  return atStart;
}

/**
 * The end of the number that reaches over `pos`, as in `1.FOO` and `0x1e-FOO`; or `-1`.
 *
 * @param from where a token starts at the latest
 */
export function numberAround(text: string, from: number, pos: number, end: number): number {
  const before = text.charCodeAt(pos - 1);
  if (pos <= from || (before !== 46 && before !== 43 && before !== 45)) return -1;
  let at = pos;
  while (at > from) {
    const c = text.charCodeAt(at - 1);
    const k = c < 128 ? CLASS[c] : OTHER;
    if (k !== IDENT && k !== DIGIT && k !== DOT && c !== 43 && c !== 45) break;
    at--;
  }
  while (at < pos) {
    const k = classAt(text, at);
    if (k === IDENT) at = identifierEnd(text, at, end);
    else if (k === DIGIT || (k === DOT && classAt(text, at + 1) === DIGIT)) at = numberEnd(text, at, end);
    else at++;
  }
  return at > pos ? at : -1;
}

/** The token that ends at `end`, as far as it matters to what is printed directly behind it. */
export function tokenBefore(text: string, end: number): Token | undefined {
  let start = end;
  // Before a macro's name can only stand punctuation, a quote or a stray character.
  while (start > 0 && end - start < 64) {
    const k = classAt(text, start - 1);
    if (k !== OTHER && k !== SLASH && k !== DOT) break;
    start--;
  }
  if (start === end) {
    return classAt(text, end - 1) === QUOTE ? new Token(STRING, text.charAt(end - 1), false) : undefined;
  }
  const tokens = tokenize(text, start, end);
  const last = tokens.at(-1);
  return last?.type === PUNCT || last?.type === STRAY ? last : undefined;
}
