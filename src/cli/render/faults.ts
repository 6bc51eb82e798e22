/** Fault rules as text: `dmaheap fault list`. */

import { escapeText } from '../../escape-text.ts';
import { formatFaultRule } from '../../kernel/faults/fault-text.ts';
import type { FaultView } from '../../kernel/faults/faults.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderTable } from '../terminal/table.ts';

const COLUMNS = [
  { title: 'ID', right: true },
  { title: 'SEEN', right: true },
  { title: 'STRUCK', right: true },
  { title: 'RULE' },
];

/** @param modules that are not loaded yet */
export function renderFaults(
  faults: readonly FaultView[],
  modules: readonly string[],
  ink: Ink = NO_INK,
): string {
  const rows = faults.map(({ id, rule, seen, struck }) => [
    String(id),
    rule.does === 'busy' ? '-' : String(seen),
    rule.does === 'busy' ? '-' : String(struck),
    escapeText(formatFaultRule(rule)),
  ]);
  const table = rows.length === 0 ? 'There are no fault rules.\n' : renderTable(COLUMNS, rows, ink.title);
  return modules.length === 0 ? table : `${table}not loaded: ${modules.join(', ')}\n`;
}
