/** What is wrong with an input, as compilers print it: place, severity, message, hint. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../escape.ts';
import { type Ink, NO_INK } from '../ink.ts';

function place({ file, line, column }: SourcePosition): string {
  const parts = [file, line, line === undefined ? undefined : column];
  return parts.filter((part) => part !== undefined).join(':');
}

/** The line with a caret below the column; tabs stay, so that the caret stands where the eye expects it. */
function excerptLines(excerpt: string, column: number | undefined, ink: Ink): string {
  const line = escapeText(excerpt.replaceAll('\t', '        '));
  if (column === undefined || column > excerpt.length + 1) return `  ${line}\n`;
  const before = escapeText(excerpt.slice(0, column - 1).replaceAll('\t', '        '));
  return `  ${line}\n  ${' '.repeat(before.length)}${ink.bad('^')}\n`;
}

/** How the compiler came to the place: macros and includes. */
function trail(position: SourcePosition): string {
  const lines: string[] = [];
  const { macro } = position;
  if (macro !== undefined) lines.push(`from macro ${macro.name}, defined at ${place(macro.definedAt)}`);
  for (let from = position.includedFrom; from !== undefined; from = from.includedFrom) {
    lines.push(`included from ${place(from)}`);
  }
  return lines.map((line) => `  ${escapeText(line)}\n`).join('');
}

/** One diagnostic with its line, how it was reached and the hint, each on lines of their own. What the message says itself
 *  (a blob's offset and node) is not said again. */
export function renderDiagnostic(diagnostic: Diagnostic, ink: Ink = NO_INK): string {
  const { severity, position, path, message, hint } = diagnostic;
  const paint = severity === 'error' ? ink.bad : ink.warn;
  const where = position === undefined ? '' : `${escapeText(place(position))}: `;
  const node = path === undefined || message.includes(path) ? '' : `${escapeText(path)}: `;
  const hex = position?.offset?.toString(16);
  const offset = hex === undefined || message.includes(`0x${hex}`) ? '' : ` (byte offset 0x${hex})`;
  const advice = hint === undefined ? '' : `  ${escapeText(hint)}\n`;
  const excerpt =
    diagnostic.excerpt === undefined ? '' : excerptLines(diagnostic.excerpt, position?.column, ink);
  const via = position === undefined ? '' : trail(position);
  return `${where}${paint(`${severity}:`)} ${node}${escapeText(message)}${offset}\n${excerpt}${via}${advice}`;
}
