/** What is wrong with an input, as compilers print it: place, severity, message, hint. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../../escape-text.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';

/** A place as compilers write it: `board.dts:3:5`. */
export function placeText({ file, line, column }: SourcePosition): string {
  const parts = [file, line, line === undefined ? undefined : column];
  return parts.filter((part) => part !== undefined).join(':');
}

/** More of a line is not shown. */
const MAX_LINE = 160;
/** More includes are counted only: a file that includes itself is open hundreds of times. */
const MAX_INCLUDES = 8;

/** The line with a caret below the column. Tabs become as many spaces in both, so that the two agree. */
function excerptLines(excerpt: string, column: number | undefined, ink: Ink): string {
  const caret = column === undefined || column > excerpt.length + 1 ? undefined : column - 1;
  const start = excerpt.length <= MAX_LINE ? 0 : Math.max(0, (caret ?? 0) - MAX_LINE / 2);
  const end = excerpt.length <= MAX_LINE ? excerpt.length : start + MAX_LINE;
  const shown = (from: number, to: number) =>
    escapeText(excerpt.slice(from, to).replaceAll('\t', '        '));
  const [left, right] = [start > 0 ? '…' : '', end < excerpt.length ? '…' : ''];
  const line = `  ${left}${shown(start, end)}${right}\n`;
  if (caret === undefined) return line;
  return `${line}  ${' '.repeat([...left, ...shown(start, caret)].length)}${ink.bad('^')}\n`;
}

/** How the compiler came to the place: macros and includes. */
function trail(position: SourcePosition): string {
  const lines: string[] = [];
  const { macro } = position;
  if (macro !== undefined) lines.push(`from macro ${macro.name}, defined at ${placeText(macro.definedAt)}`);
  const includes: string[] = [];
  for (let from = position.includedFrom; from !== undefined; from = from.includedFrom) {
    includes.push(`included from ${placeText(from)}`);
  }
  const more = includes.length - MAX_INCLUDES;
  lines.push(...includes.slice(0, MAX_INCLUDES));
  if (more > 0) lines.push(`… and ${more} more`);
  return lines.map((line) => `  ${escapeText(line)}\n`).join('');
}

/** One diagnostic with its line, how it was reached and the hint, each on lines of their own. What the message says itself
 *  (a blob's offset and node) is not said again. */
export function renderDiagnostic(diagnostic: Diagnostic, ink: Ink = NO_INK): string {
  const { severity, position, path, message, hint } = diagnostic;
  const paint = severity === 'error' ? ink.bad : ink.warn;
  const word = diagnostic.assumes === undefined ? severity : 'assumed';
  const where = position === undefined ? '' : `${escapeText(placeText(position))}: `;
  const node = path === undefined || message.includes(path) ? '' : `${escapeText(path)}: `;
  const hex = position?.offset?.toString(16);
  const offset = hex === undefined || message.includes(`0x${hex}`) ? '' : ` (byte offset 0x${hex})`;
  const advice = hint === undefined ? '' : `  ${escapeText(hint)}\n`;
  const { excerpt = '' } = diagnostic;
  const line = excerpt.trim() === '' ? '' : excerptLines(excerpt, position?.column, ink);
  const via = position === undefined ? '' : trail(position);
  return `${where}${paint(`${word}:`)} ${node}${escapeText(message)}${offset}\n${line}${via}${advice}`;
}
