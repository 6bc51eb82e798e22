/** The arithmetic of #if: C's operators on 64-bit numbers, signed unless a `u` says otherwise. */
import { CHAR, END_TOKEN, NAME, NUMBER, PUNCT, STRAY, STRING, type Token } from './token.ts';

/** An #if that cannot be evaluated. */
export class ExpressionError extends Error {
  readonly code: string;
  readonly token: Token;

  constructor(message: string, token: Token, code = 'expression') {
    super(message);
    this.token = token;
    this.code = code;
  }
}

interface Value {
  readonly value: bigint;
  readonly unsigned: boolean;
}

const PRECEDENCE: Readonly<Record<string, number>> = {
  ',': 1,
  '?': 2,
  '||': 3,
  '&&': 4,
  '|': 5,
  '^': 6,
  '&': 7,
  '==': 8,
  '!=': 8,
  '<': 9,
  '>': 9,
  '<=': 9,
  '>=': 9,
  '<<': 10,
  '>>': 10,
  '+': 11,
  '-': 11,
  '*': 12,
  '/': 12,
  '%': 12,
};

const wrap = (value: bigint, unsigned: boolean): Value => ({
  value: unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value),
  unsigned,
});
const truth = (yes: boolean): Value => ({ value: yes ? 1n : 0n, unsigned: false });

/** Whether the tokens of an #if, macros expanded and `defined` replaced, are not 0. */
export function evaluate(tokens: readonly Token[], maxDepth: number): boolean {
  const reader = new ExpressionReader(tokens, maxDepth);
  return reader.whole().value !== 0n;
}

class ExpressionReader {
  readonly #tokens: readonly Token[];
  readonly #maxDepth: number;
  #pos = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], maxDepth: number) {
    this.#tokens = tokens;
    this.#maxDepth = maxDepth;
  }

  whole(): Value {
    if (this.#tokens.length === 0) throw new ExpressionError('#if has no expression', END_TOKEN);
    const value = this.#binary(1, true);
    const rest = this.#tokens[this.#pos];
    if (rest === undefined) return value;
    if (rest.text === ')') throw new ExpressionError("there is no '(' for this ')'", rest);
    throw new ExpressionError(`expected an operator before ${rest.text}`, rest);
  }

  /** @param live false in a branch that is not taken, where a division by zero does not matter */
  #binary(least: number, live: boolean): Value {
    if (++this.#depth > this.#maxDepth) {
      const token = this.#tokens[this.#pos] ?? END_TOKEN;
      throw new ExpressionError(
        `an expression is nested more than ${this.#maxDepth} deep`,
        token,
        'expression-depth',
      );
    }
    let left = this.#unary(live);
    for (;;) {
      const operator = this.#tokens[this.#pos];
      if (operator?.type !== PUNCT) break;
      const precedence = PRECEDENCE[operator.text];
      if (precedence === undefined || precedence < least) break;
      this.#pos++;
      if (operator.text === '?') left = this.#conditional(left, live);
      else {
        const skip =
          (operator.text === '&&' && left.value === 0n) || (operator.text === '||' && left.value !== 0n);
        left = apply(operator, left, this.#binary(precedence + 1, live && !skip), live);
      }
    }
    this.#depth--;
    return left;
  }

  #conditional(condition: Value, live: boolean): Value {
    const yes = condition.value !== 0n;
    const first = this.#binary(1, live && yes);
    const colon = this.#tokens[this.#pos];
    if (colon?.text !== ':') throw new ExpressionError("expected ':' after '?'", colon ?? END_TOKEN);
    this.#pos++;
    const second = this.#binary(2, live && !yes);
    return wrap((yes ? first : second).value, first.unsigned || second.unsigned);
  }

  #unary(live: boolean): Value {
    const operators: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#pos];
      if (token?.type !== PUNCT || !['!', '~', '+', '-'].includes(token.text)) break;
      operators.push(token.text);
      this.#pos++;
    }
    let value = this.#primary(live);
    for (let operator = operators.pop(); operator !== undefined; operator = operators.pop()) {
      if (operator === '!') value = truth(value.value === 0n);
      else if (operator === '~') value = wrap(~value.value, value.unsigned);
      else if (operator === '-') value = wrap(-value.value, value.unsigned);
    }
    return value;
  }

  #primary(live: boolean): Value {
    const token = this.#tokens[this.#pos];
    if (token === undefined) {
      throw new ExpressionError('the expression ends where a value was expected', END_TOKEN);
    }
    this.#pos++;
    if (token.type === NUMBER) return number(token);
    if (token.type === NAME) return { value: 0n, unsigned: false };
    if (token.type === CHAR) return character(token);
    if (token.text === '(' && token.type === PUNCT) {
      const value = this.#binary(1, live);
      if (this.#tokens[this.#pos]?.text !== ')') {
        throw new ExpressionError("there is no ')' for this '('", token);
      }
      this.#pos++;
      return value;
    }
    if (token.type === STRING) throw new ExpressionError('a string has no value in #if', token);
    const what = token.type === STRAY && token.text.length > 1 ? 'a quote that is not closed' : token.text;
    throw new ExpressionError(`expected a value, but here is ${what}`, token);
  }
}

function apply(operator: Token, left: Value, right: Value, live: boolean): Value {
  const unsigned = left.unsigned || right.unsigned;
  const a = unsigned ? BigInt.asUintN(64, left.value) : left.value;
  const b = unsigned ? BigInt.asUintN(64, right.value) : right.value;
  switch (operator.text) {
    case ',':
      return right;
    case '||':
      return truth(a !== 0n || b !== 0n);
    case '&&':
      return truth(a !== 0n && b !== 0n);
    case '|':
      return wrap(a | b, unsigned);
    case '^':
      return wrap(a ^ b, unsigned);
    case '&':
      return wrap(a & b, unsigned);
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '<<':
      return shift(left, right.value);
    case '>>':
      return shift(left, -right.value);
    case '+':
      return wrap(a + b, unsigned);
    case '-':
      return wrap(a - b, unsigned);
    case '*':
      return wrap(a * b, unsigned);
    default:
      if (b === 0n) {
        if (live) throw new ExpressionError('division by zero in #if', operator);
        return { value: 0n, unsigned };
      }
      return wrap(operator.text === '/' ? a / b : a % b, unsigned);
  }
}

/** Shifts left by `count`, or right by its negative; beyond 64 bits nothing but the sign is left. */
function shift(left: Value, count: bigint): Value {
  if (count >= 64n) return { value: 0n, unsigned: left.unsigned };
  if (count <= -64n) return { value: left.value < 0n ? -1n : 0n, unsigned: left.unsigned };
  return wrap(count < 0n ? left.value >> -count : left.value << count, left.unsigned);
}

function number(token: Token): Value {
  const match = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)([uUlL]*)$/.exec(token.text);
  const digits = match?.[1];
  const suffix = match?.[2]?.toLowerCase() ?? '';
  if (digits === undefined || !/^(u?(l|ll)?|(l|ll)u)$/.test(suffix)) {
    const what = /[.]|^[0-9]+e/i.test(token.text) ? 'not a whole number' : 'not a number';
    throw new ExpressionError(`${token.text} is ${what}`, token);
  }
  if (digits.length > 70) throw new ExpressionError('a number in #if does not fit into 64 bits', token);
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (value >> 64n !== 0n) throw new ExpressionError(`${digits} does not fit into 64 bits`, token);
  return wrap(value, suffix.includes('u') || value >> 63n !== 0n);
}

const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** A character constant: gcc's `int` of 8-bit signed characters, the last one lowest. */
function character(token: Token): Value {
  const body = token.text.slice(token.text.indexOf("'") + 1, -1);
  if (body === '') throw new ExpressionError('an empty character constant', token);
  const codes: number[] = [];
  for (const [part] of body.matchAll(/\\x[0-9a-fA-F]+|\\[0-7]{1,3}|\\.|[^\\]/gsu)) {
    if (!part.startsWith('\\')) codes.push(...utf8(part.codePointAt(0) ?? 0));
    else if (/^\\x./.test(part)) codes.push(Number.parseInt(part.slice(-2).replace('x', ''), 16));
    else if (/^\\[0-7]/.test(part)) codes.push(Number.parseInt(part.slice(1), 8) & 0xff);
    else codes.push(ESCAPES[part.charAt(1)] ?? part.charCodeAt(1));
  }
  if (codes.length === 1) return { value: BigInt.asIntN(8, BigInt(codes[0] ?? 0)), unsigned: false };
  let value = 0n;
  for (const code of codes) value = (value << 8n) | BigInt(code);
  return { value: BigInt.asIntN(32, value), unsigned: false };
}

function utf8(point: number): number[] {
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 63)];
  if (point < 0x10000) return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)];
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)];
}
