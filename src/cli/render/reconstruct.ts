/** What a reconstruction assumed, in words. */

import { escapeText } from '../../escape-text.ts';
import type { Facts, Finding } from '../../reconstruct/index.ts';
import type { Ink } from '../terminal/ink.ts';

const KINDS: Readonly<Record<Finding['kind'], string>> = {
  contradiction: 'contradiction',
  guess: 'guess',
  missing: 'not told',
};

/** One finding a line, what was taken below it; those that do not fit together first. */
export function renderFindings(findings: readonly Finding[], ink: Ink): string {
  const order = Object.keys(KINDS);
  const sorted = [...findings].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return sorted
    .map(({ kind, message, taken, at }) => {
      const place = at === undefined ? '' : `${escapeText(at.file)}:${at.line}: `;
      const word = kind === 'contradiction' ? ink.bad(KINDS[kind]) : KINDS[kind];
      const below = taken === undefined ? '' : `  taken: ${escapeText(taken)}\n`;
      return `${place}${word}: ${escapeText(message)}\n${below}`;
    })
    .join('');
}

/** How many lines of what were read. */
export function renderRead({ counts, unknown }: Facts): string {
  const parts = [...counts].map(([what, lines]) => `${what} ${lines}`);
  const rest = unknown === 0 ? '' : `; ${unknown} other ${unknown === 1 ? 'line' : 'lines'}`;
  return parts.length === 0 ? '' : `lines read: ${parts.join(', ')}${rest}\n`;
}
