/** What is wrong with an input, as compilers print it: place, severity, message, hint. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../escape.ts';
import { type Ink, NO_INK } from '../ink.ts';

function place({ file, line, column }: SourcePosition): string {
  const parts = [file, line, line === undefined ? undefined : column];
  return parts.filter((part) => part !== undefined).join(':');
}

/** One diagnostic, with its line break; the hint stands on a line of its own. What the message says itself
 *  (a blob's offset and node) is not said again. */
export function renderDiagnostic(diagnostic: Diagnostic, ink: Ink = NO_INK): string {
  const { severity, position, path, message, hint } = diagnostic;
  const paint = severity === 'error' ? ink.bad : ink.warn;
  const where = position === undefined ? '' : `${escapeText(place(position))}: `;
  const node = path === undefined || message.includes(path) ? '' : `${escapeText(path)}: `;
  const hex = position?.offset?.toString(16);
  const offset = hex === undefined || message.includes(`0x${hex}`) ? '' : ` (byte offset 0x${hex})`;
  const advice = hint === undefined ? '' : `  ${escapeText(hint)}\n`;
  return `${where}${paint(`${severity}:`)} ${node}${escapeText(message)}${offset}\n${advice}`;
}
