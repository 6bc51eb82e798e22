/** What is wrong with an input, as compilers print it: place, severity, message, hint. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../escape.ts';
import { type Ink, NO_INK } from '../ink.ts';

function place(position: SourcePosition): string {
  const { file, line, column, offset } = position;
  const parts = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined);
  return parts.join(':') + (offset === undefined ? '' : `: offset 0x${offset.toString(16)}`);
}

/** One diagnostic, with its line break; the hint stands on a line of its own. */
export function renderDiagnostic(diagnostic: Diagnostic, ink: Ink = NO_INK): string {
  const { severity, position, path, message, hint } = diagnostic;
  const paint = severity === 'error' ? ink.bad : ink.warn;
  const where = position === undefined ? '' : `${escapeText(place(position))}: `;
  const node = path === undefined ? '' : `${escapeText(path)}: `;
  const advice = hint === undefined ? '' : `  ${escapeText(hint)}\n`;
  return `${where}${paint(`${severity}:`)} ${node}${escapeText(message)}\n${advice}`;
}
