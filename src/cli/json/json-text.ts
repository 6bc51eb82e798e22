/** Values as JSON text that is safe on a terminal. */
import { escapeJson } from '../terminal/escape.ts';

/** 64-bit values that a JSON number cannot hold exactly become "0x…" strings. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value !== 'bigint'
    ? value
    : value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : `0x${value.toString(16)}`;

/** One object, indented, with a line break at the end. */
export const jsonText = (value: Readonly<Record<string, unknown>>): string =>
  `${escapeJson(JSON.stringify(value, plain, 2))}\n`;
