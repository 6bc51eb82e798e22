import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type BinaryOperator,
  calculate,
  complement,
  integerOf,
  negate,
} from '../../../src/devicetree/dts/integer.ts';

const U64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** What C does with uint64_t operands, with nothing but bigints. */
const REFERENCE: Readonly<Record<BinaryOperator, (a: bigint, b: bigint) => bigint | undefined>> = {
  '*': (a, b) => U64(a * b),
  '/': (a, b) => (b === 0n ? undefined : a / b),
  '%': (a, b) => (b === 0n ? undefined : a % b),
  '+': (a, b) => U64(a + b),
  '-': (a, b) => U64(a - b),
  '<<': (a, b) => (b < 64n ? U64(a << b) : 0n),
  '>>': (a, b) => (b < 64n ? a >> b : 0n),
  '<': (a, b) => (a < b ? 1n : 0n),
  '>': (a, b) => (a > b ? 1n : 0n),
  '<=': (a, b) => (a <= b ? 1n : 0n),
  '>=': (a, b) => (a >= b ? 1n : 0n),
  '==': (a, b) => (a === b ? 1n : 0n),
  '!=': (a, b) => (a !== b ? 1n : 0n),
  '&': (a, b) => a & b,
  '^': (a, b) => a ^ b,
  '|': (a, b) => a | b,
  '&&': (a, b) => (a !== 0n && b !== 0n ? 1n : 0n),
  '||': (a, b) => (a !== 0n || b !== 0n ? 1n : 0n),
};

const operand = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 70n }),
  fc.nat().map(BigInt),
  fc
    .tuple(fc.constantFrom(31n, 32n, 52n, 53n, 54n, 63n, 64n), fc.bigInt({ min: -2n, max: 2n }))
    .map(([bits, near]) => U64((1n << bits) + near)),
);

it('64-bit arithmetic is C’s, and every value has one representation', () => {
  const operators = Object.keys(REFERENCE) as BinaryOperator[];
  fc.assert(
    fc.property(fc.constantFrom(...operators), operand, operand, (operator, a, b) => {
      const expected = REFERENCE[operator](a, b);
      expect(calculate(operator, integerOf(a), integerOf(b))).toStrictEqual(
        expected === undefined ? undefined : integerOf(expected),
      );
    }),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(operand, (a) => {
      expect(negate(integerOf(a))).toStrictEqual(integerOf(U64(-a)));
      expect(complement(integerOf(a))).toStrictEqual(integerOf(U64(~a)));
    }),
  );
});
