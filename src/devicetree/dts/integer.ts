/**
 * Unsigned 64-bit arithmetic as the expressions of a source have it: everything wraps at 2^64.
 *
 * A value below 2^53 is a `number`, any other a `bigint`: nearly all values in sources are small, and numbers
 * are many times faster.
 */
import { U64_MASK } from '../../units.ts';

/** An unsigned 64-bit integer: a `number` up to 2^53 - 1, a `bigint` from there on. */
export type Integer = number | bigint;

/** Both operands below this: sums, differences and bit operations are exact as numbers. */
const SMALL = 2 ** 31;

const isSmall = (value: Integer): value is number => typeof value === 'number' && value < SMALL;

/** The low 64 bits of a value, as an {@link Integer}. */
export function integerOf(value: bigint): Integer {
  const wrapped = value & U64_MASK;
  return wrapped <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wrapped) : wrapped;
}

export type BinaryOperator =
  | '*'
  | '/'
  | '%'
  | '+'
  | '-'
  | '<<'
  | '>>'
  | '<'
  | '>'
  | '<='
  | '>='
  | '=='
  | '!='
  | '&'
  | '^'
  | '|'
  | '&&'
  | '||';

/** Applies an operator; `undefined` is a division by zero. */
export function calculate(operator: BinaryOperator, a: Integer, b: Integer): Integer | undefined {
  switch (operator) {
    case '<':
      return a < b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    // Equal values have one representation, so strict equality serves.
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a !== b ? 1 : 0;
    case '&&':
      return a !== 0 && b !== 0 ? 1 : 0;
    case '||':
      return a !== 0 || b !== 0 ? 1 : 0;
    case '<<':
      return shiftLeft(a, b);
    case '>>':
      return shiftRight(a, b);
    default:
      if (isSmall(a) && isSmall(b)) return calculateSmall(operator, a, b);
      return calculateBig(operator, BigInt(a), BigInt(b));
  }
}

export const negate = (value: Integer): Integer => (value === 0 ? 0 : integerOf(-BigInt(value)));
export const complement = (value: Integer): Integer => integerOf(~BigInt(value));

function shiftLeft(a: Integer, b: Integer): Integer {
  if (b >= 64) return 0;
  if (isSmall(a) && b <= 21) return a * 2 ** Number(b);
  return integerOf(BigInt(a) << BigInt(b));
}

function shiftRight(a: Integer, b: Integer): Integer {
  if (b >= 64) return 0;
  if (typeof a === 'number') return Math.floor(a / 2 ** Number(b));
  return integerOf(a >> BigInt(b));
}

type Arithmetic = '*' | '/' | '%' | '+' | '-' | '&' | '^' | '|';

function calculateSmall(operator: Arithmetic, a: number, b: number): Integer | undefined {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a >= b ? a - b : integerOf(BigInt(a - b));
    case '*': {
      const product = a * b;
      return product <= Number.MAX_SAFE_INTEGER ? product : integerOf(BigInt(a) * BigInt(b));
    }
    case '/':
      return b === 0 ? undefined : Math.floor(a / b);
    case '%':
      return b === 0 ? undefined : a % b;
    case '&':
      return a & b;
    case '^':
      return a ^ b;
    case '|':
      return a | b;
  }
}

function calculateBig(operator: Arithmetic, a: bigint, b: bigint): Integer | undefined {
  switch (operator) {
    case '+':
      return integerOf(a + b);
    case '-':
      return integerOf(a - b);
    case '*':
      return integerOf(a * b);
    case '/':
      return b === 0n ? undefined : integerOf(a / b);
    case '%':
      return b === 0n ? undefined : integerOf(a % b);
    case '&':
      return integerOf(a & b);
    case '^':
      return integerOf(a ^ b);
    case '|':
      return integerOf(a | b);
  }
}
