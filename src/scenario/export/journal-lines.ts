/** The journal as text: one call or access a line, as JSON, without the wall clock. */
import type { JournalEntry } from '../../session/journal.ts';
import { formatHex } from '../../units.ts';

const plain = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return formatHex(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value;
};

export const journalLines = (entries: Iterable<JournalEntry>): string => {
  const lines: string[] = [];
  for (const { time: _, ...entry } of entries) lines.push(`${JSON.stringify(withBytes(entry), plain)}\n`);
  return lines.join('');
};

/** Typed arrays as text before JSON takes them for objects. */
function withBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner)]));
}
