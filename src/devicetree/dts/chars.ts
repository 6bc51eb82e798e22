/**
 * The character classes of the language, as one table.
 */
export const CH = {
  tab: 9,
  newline: 10,
  return: 13,
  space: 32,
  bang: 33,
  quote: 34,
  hash: 35,
  percent: 37,
  ampersand: 38,
  apostrophe: 39,
  open: 40,
  close: 41,
  star: 42,
  plus: 43,
  comma: 44,
  minus: 45,
  slash: 47,
  zero: 48,
  nine: 57,
  colon: 58,
  semicolon: 59,
  less: 60,
  equals: 61,
  greater: 62,
  question: 63,
  squareOpen: 91,
  backslash: 92,
  squareClose: 93,
  caret: 94,
  braceOpen: 123,
  pipe: 124,
  braceClose: 125,
  tilde: 126,
  x: 120,
  X: 88,
  U: 85,
  L: 76,
} as const;

const SPACE = 1;
const NAME = 2;
const LABEL = 4;
const DIGIT = 8;
const HEX = 16;

const CLASS = new Uint8Array(128);
for (const code of [9, 10, 11, 12, 13, 32]) CLASS[code] = SPACE;
const mark = (characters: string, bits: number): void => {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    CLASS[code] = (CLASS[code] ?? 0) | bits;
  }
};
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
mark('0123456789', NAME | LABEL | DIGIT | HEX);
mark(LETTERS + LETTERS.toUpperCase(), NAME | LABEL);
mark('_', NAME | LABEL);
mark('abcdefABCDEF', HEX);
mark(',.+*#?@-', NAME);

const has = (code: number, bit: number): boolean => code < 128 && ((CLASS[code] ?? 0) & bit) !== 0;

export const isSpace = (code: number): boolean => has(code, SPACE);
/** A character that the name of a node or property may hold. */
export const isNameChar = (code: number): boolean => has(code, NAME);
/** A character that a label may hold; it cannot start with a digit. */
export const isLabelChar = (code: number): boolean => has(code, LABEL);
export const isDigit = (code: number): boolean => has(code, DIGIT);
export const isHexDigit = (code: number): boolean => has(code, HEX);
