/**
 * Integer expressions: C's operators with C's precedence over unsigned 64-bit values.
 *
 * Both branches of a conditional and both sides of `&&` and `||` are calculated, as dtc does; so a division by
 * zero is an error wherever it stands.
 */
import { CH, isDigit } from './chars.ts';
import { bytesOfText } from './escape.ts';
import { type BinaryOperator, calculate, complement, type Integer, negate } from './integer.ts';
import { DTS_LIMITS } from './limits.ts';
import type { Report } from './report.ts';
import type { Scanner } from './scanner.ts';

/** How strongly each operator binds; 0 is the conditional's place. */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

export class ExpressionReader {
  readonly #scanner: Scanner;
  readonly #report: Report;
  #depth = 0;

  constructor(scanner: Scanner, report: Report) {
    this.#scanner = scanner;
    this.#report = report;
  }

  /** Whether a literal or parenthesis starts with this character. */
  starts(code: number): boolean {
    return code === CH.open || code === CH.apostrophe || isDigit(code);
  }

  /** A literal, or an expression in parentheses; the scanner stands on its first character. */
  primary(): Integer {
    const scanner = this.#scanner;
    const code = scanner.skip();
    if (isDigit(code)) return scanner.integer();
    if (code === CH.apostrophe) return this.#character();
    if (code !== CH.open) {
      const at = scanner.position;
      const word = scanner.name().slice(0, 60);
      if (/^[A-Za-z_]\w*$/.test(word) && this.#report.mending !== undefined) {
        scanner.skipArguments();
        this.#report.mending.macro(at, word);
        return 0;
      }
      this.#report.syntax(
        'dts-syntax',
        at,
        `${word === '' ? '' : `"${word}" is no number; `}expected a number, a character or an expression in parentheses`,
        word === '' ? undefined : 'a macro needs the #include that defines it',
      );
    }
    this.#enter();
    scanner.at++;
    const value = this.#conditional();
    if (scanner.skip() !== CH.close) {
      this.#report.syntax('dts-syntax', scanner.position, 'expected an operator or ")" in this expression');
    }
    scanner.at++;
    this.#depth--;
    return value;
  }

  /** Forgets the nesting of an expression that was given up. */
  reset(): void {
    this.#depth = 0;
  }

  #conditional(): Integer {
    const scanner = this.#scanner;
    const condition = this.#binary(1);
    if (scanner.skip() !== CH.question) return condition;
    this.#enter();
    scanner.at++;
    const yes = this.#conditional();
    if (scanner.skip() !== CH.colon) {
      this.#report.syntax('dts-syntax', scanner.position, 'expected ":" and the other value after "?"');
    }
    scanner.at++;
    const no = this.#conditional();
    this.#depth--;
    return condition !== 0 ? yes : no;
  }

  /** Operators that bind at least as strongly as `weakest`, from left to right. */
  #binary(weakest: number): Integer {
    const scanner = this.#scanner;
    let left = this.#unary();
    for (;;) {
      scanner.skip();
      const operator = this.#operatorHere();
      if (operator === undefined) return left;
      const precedence = PRECEDENCE[operator];
      if (precedence < weakest) return left;
      const at = scanner.position;
      scanner.at += operator.length;
      const value = calculate(operator, left, this.#binary(precedence + 1));
      if (value === undefined) {
        this.#report.error({ code: 'dts-division-by-zero', at, message: 'division by zero' });
      }
      left = value ?? 0;
    }
  }

  #unary(): Integer {
    const scanner = this.#scanner;
    const code = scanner.skip();
    if (code !== CH.minus && code !== CH.tilde && code !== CH.bang) return this.primary();
    this.#enter();
    scanner.at++;
    const value = this.#unary();
    this.#depth--;
    if (code === CH.minus) return negate(value);
    return code === CH.tilde ? complement(value) : Number(value === 0);
  }

  #operatorHere(): BinaryOperator | undefined {
    const { text, at } = this.#scanner;
    const next = text.charCodeAt(at + 1);
    switch (text.charCodeAt(at)) {
      case CH.pipe:
        return next === CH.pipe ? '||' : '|';
      case CH.ampersand:
        return next === CH.ampersand ? '&&' : '&';
      case CH.caret:
        return '^';
      case CH.equals:
        return next === CH.equals ? '==' : undefined;
      case CH.bang:
        return next === CH.equals ? '!=' : undefined;
      case CH.less:
        if (next === CH.less) return '<<';
        return next === CH.equals ? '<=' : '<';
      case CH.greater:
        if (next === CH.greater) return '>>';
        return next === CH.equals ? '>=' : '>';
      case CH.plus:
        return '+';
      case CH.minus:
        return '-';
      case CH.star:
        return '*';
      case CH.slash:
        return '/';
      case CH.percent:
        return '%';
      default:
        return undefined;
    }
  }

  #character(): number {
    const at = this.#scanner.position;
    const bytes = bytesOfText(this.#scanner.character(), at, this.#report);
    const [first] = bytes;
    if (first === undefined || bytes.length > 1) {
      this.#report.syntax(
        'dts-bad-character',
        at,
        `a character literal holds one byte; this one has ${bytes.length}`,
        bytes.length > 1 ? 'a text goes in double quotes, outside < >' : undefined,
      );
    }
    return first;
  }

  #enter(): void {
    if (++this.#depth > DTS_LIMITS.expressionDepth) {
      this.#report.fatal(
        'dts-expression-too-deep',
        this.#scanner.position,
        `an expression is nested more than ${DTS_LIMITS.expressionDepth} deep`,
      );
    }
  }
}
