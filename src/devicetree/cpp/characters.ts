/** How characters group into tokens: the tables and the scanning steps that every reader shares. */

export const OTHER = 0;
export const IDENT = 1;
export const DIGIT = 2;
export const BLANK = 3;
export const NEWLINE = 4;
export const QUOTE = 5;
export const SLASH = 6;
export const DOT = 7;

/** The class of each ASCII character; everything beyond is `OTHER`. */
export const CLASS = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const char = String.fromCharCode(c);
  if (/[A-Za-z_]/.test(char)) CLASS[c] = IDENT;
  else if (/[0-9]/.test(char)) CLASS[c] = DIGIT;
}
// A NUL and a lone carriage return count as blanks, as they do for gcc and for dtc.
for (const c of [0, 9, 11, 12, 13, 32]) CLASS[c] = BLANK;
CLASS[10] = NEWLINE;
CLASS[34] = QUOTE;
CLASS[39] = QUOTE;
CLASS[47] = SLASH;
CLASS[46] = DOT;

/** The class of the character at `pos`; the end of the text counts as a newline. */
export function classAt(text: string, pos: number): number {
  if (pos >= text.length) return NEWLINE;
  const c = text.charCodeAt(pos);
  return c < 128 ? (CLASS[c] as number) : OTHER;
}

/** The end of the identifier that goes on at `pos`. */
export function identifierEnd(text: string, pos: number, end: number): number {
  while (pos < end) {
    const c = text.charCodeAt(pos);
    if (c >= 128) break;
    const k = CLASS[c];
    if (k !== IDENT && k !== DIGIT) break;
    pos++;
  }
  return pos;
}

/** The end of the preprocessing number that starts at `pos`: `0x1e-1`, `1.5`, `3FOO`. */
export function numberEnd(text: string, pos: number, end: number): number {
  while (pos < end) {
    const c = text.charCodeAt(pos);
    const k = c < 128 ? CLASS[c] : OTHER;
    if (k !== IDENT && k !== DIGIT && k !== DOT) {
      // A sign belongs to the number after e, E, p or P: `0x1e-1` is one number, and no sum.
      if (c !== 43 && c !== 45) break;
      const before = text.charCodeAt(pos - 1) | 32;
      if (before !== 101 && before !== 112) break;
    }
    pos++;
  }
  return pos;
}

/**
 * The end of the literal whose opening quote stands at `pos`.
 *
 * @returns the position after the closing quote, or `-1` when the line ends first
 */
export function literalEnd(text: string, pos: number, end: number): number {
  const quote = text.charCodeAt(pos++);
  while (pos < end) {
    const c = text.charCodeAt(pos++);
    if (c === quote) return pos;
    if (c === 10) return -1;
    if (c === 92 && pos < end && text.charCodeAt(pos) !== 10) pos++;
  }
  return -1;
}

/** The position of the newline that ends the line of `pos`, or `end`. */
export function newlineAt(text: string, pos: number, end: number): number {
  const at = text.indexOf('\n', pos);
  return at < 0 || at > end ? end : at;
}

/**
 * The end of the comment at `pos`, or `-1` when there is none. A block comment that nobody closes
 * ends with the text.
 */
export function commentEnd(text: string, pos: number, end: number): number {
  if (text.charCodeAt(pos) !== 47 || pos + 1 >= end) return -1;
  const next = text.charCodeAt(pos + 1);
  if (next === 47) return newlineAt(text, pos, end);
  if (next !== 42) return -1;
  const at = text.indexOf('*/', pos + 2);
  return at < 0 || at + 2 > end ? end : at + 2;
}

/** Skips blanks and comments, but no newline outside of a comment. */
export function skipBlanks(text: string, pos: number, end: number): number {
  while (pos < end) {
    const c = text.charCodeAt(pos);
    if (c >= 128) break;
    const k = CLASS[c];
    if (k === BLANK) pos++;
    else if (k === SLASH) {
      const after = commentEnd(text, pos, end);
      if (after < 0) break;
      pos = after;
    } else break;
  }
  return pos;
}

/** The newline that ends the directive going on at `pos`, minding literals and comments; or `end`. */
export function directiveEnd(text: string, pos: number, end: number): number {
  while (pos < end) {
    const c = text.charCodeAt(pos);
    const k = c < 128 ? CLASS[c] : OTHER;
    if (k === NEWLINE) return pos;
    if (k === QUOTE) {
      const after = literalEnd(text, pos, end);
      if (after < 0) return newlineAt(text, pos, end);
      pos = after;
    } else if (k === SLASH) {
      const after = commentEnd(text, pos, end);
      pos = after < 0 ? pos + 1 : after;
    } else pos++;
  }
  return end;
}

/** Where in a text a block comment begins that nobody closes, or `-1`. */
export function unclosedComment(text: string, pos: number, end: number): number {
  while (pos < end) {
    const k = classAt(text, pos);
    if (k === QUOTE) {
      const after = literalEnd(text, pos, end);
      pos = after < 0 ? newlineAt(text, pos, end) : after;
    } else {
      const after = k === SLASH ? commentEnd(text, pos, end) : -1;
      if (after >= end && text.charCodeAt(pos + 1) === 42 && text.indexOf('*/', pos + 2) < 0) return pos;
      pos = after < 0 ? pos + 1 : after;
    }
  }
  return -1;
}

const THREE = new Set(['<<=', '>>=', '...']);
const TWO = new Set(
  ['==', '!=', '>=', '<=', '&&', '||', '>>', '<<', '++', '--', '->', '::', '##'].concat([
    '+=',
    '-=',
    '*=',
    '/=',
    '%=',
    '&=',
    '|=',
    '^=',
  ]),
);
const STARTS_LONG = new Set(['=', '!', '>', '<', '&', '|', '+', '-', ':', '#', '*', '/', '%', '^', '.']);

/** The length of the punctuator at `pos`, the longest first. */
export function punctuatorLength(text: string, pos: number, end: number): number {
  if (!STARTS_LONG.has(text.charAt(pos))) return 1;
  if (pos + 3 <= end && THREE.has(text.slice(pos, pos + 3))) return 3;
  return pos + 2 <= end && TWO.has(text.slice(pos, pos + 2)) ? 2 : 1;
}
