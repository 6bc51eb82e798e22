/** The configuration in force, for `dmaheap config`. */

import { escapeText } from '../../escape-text.ts';
import type { ConfigInForce } from '../../program/config-in-force.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { PAGE, type Page } from '../terminal/list-table.ts';
import { renderTable } from '../terminal/table.ts';

const COLUMNS = [
  { title: 'OPTION' },
  { title: 'VALUE' },
  { title: 'FROM', wraps: true },
  { title: 'DECIDES', wraps: true },
];

export function configText(
  { profile, configuration, source, options }: ConfigInForce,
  ink: Ink = NO_INK,
  { width }: Page = PAGE,
): string {
  const rows = options.map(({ name, value, from, decides }) => [name, value, escapeText(from), decides]);
  const table = renderTable(COLUMNS, rows, ink.title, width);
  const head = [profile, `configuration: ${escapeText(configuration)}`];
  if (source !== undefined) head.push(`values of the preset: ${source}`);
  return `${head.join('\n')}\n\n${table}`;
}

/** dmaheap.config/1 */
export const configJson = ({ profile, configuration, arch, source, options, warnings }: ConfigInForce) => ({
  schema: 'dmaheap.config/1',
  profile,
  configuration,
  arch,
  preset_source: source ?? null,
  options: options.map(({ name, value, from, decides }) => ({ name, value, from, decides })),
  warnings,
});
