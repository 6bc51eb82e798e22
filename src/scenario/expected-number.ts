/** Numbers that are expected: `4`, `8M`, `>= 8M`, `!= 0`. */
import { formatHex, formatSize, parseSize } from '../units.ts';
import type { Getter } from './moment.ts';
import type { Path } from './problem.ts';
import type { Expected } from './value-forms.ts';
import type { Values } from './values.ts';

export interface NumberTest {
  /** As it was written. */
  readonly text: string;
  matches(value: bigint): boolean;
  /** A number in the manner of the text. */
  shown(value: bigint): string;
}

const COMPARISONS: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  '': (a, b) => a === b,
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** What a number is: how it is shown that somebody wrote another way. */
export type NumberIs = 'address' | 'size' | 'number';

/** `8 MiB (8388608)` where there is a shorter form. */
const sizeText = (value: bigint): string =>
  value < 1024n || value % 1024n !== 0n ? String(value) : `${formatSize(value)} (${value})`;

/** Reads a number with what it is compared by. */
export function parseNumberTest(text: string, is: NumberIs): NumberTest | undefined {
  const [, sign = '', minus = '', digits = ''] = /^(>=|<=|!=|==|=|>|<)?\s*(-)?(.*)$/.exec(text.trim()) ?? [];
  const size = parseSize(digits);
  const compare = COMPARISONS[sign];
  if (size === undefined || compare === undefined) return undefined;
  const bound = minus === '' ? size : -size;
  const hex = is === 'address' || /0x/i.test(digits);
  const shown = (value: bigint): string => {
    if (value < 0n) return String(value);
    return hex ? formatHex(value) : is === 'size' ? sizeText(value) : String(value);
  };
  // YAML has made a number of an address.
  const written = hex && /^[0-9]+$/.test(digits) ? `${sign}${sign === '' ? '' : ' '}${shown(bound)}` : text;
  return { text: written, matches: (value) => compare(value, bound), shown };
}

export const numberTest = (
  value: Expected,
  values: Values,
  path: Path,
  is: NumberIs = 'number',
): Getter<NumberTest> =>
  values.read(value, path, (text) => parseNumberTest(text, is), 'a number or a comparison: 4, 8M, ">= 8M"');
