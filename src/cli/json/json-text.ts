/** Values as JSON text that is safe on a terminal. */
import { escapeJson } from '../../escape-text.ts';

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** 64-bit values that a JSON number cannot hold exactly become "0x…" strings, negative ones "-0x…". */
const plain = (_key: string, value: unknown): unknown => {
  if (typeof value !== 'bigint') return value;
  if (value < 0n) return value >= -MOST ? Number(value) : `-0x${(-value).toString(16)}`;
  return value <= MOST ? Number(value) : `0x${value.toString(16)}`;
};

/** One object, indented, with a line break at the end. */
export const jsonText = (value: Readonly<Record<string, unknown>>): string =>
  `${escapeJson(JSON.stringify(value, plain, 2))}\n`;

/** The same in one line, without a line break: what is written piece by piece is made of it. */
export const jsonLine = (value: unknown): string => escapeJson(JSON.stringify(value, plain));
