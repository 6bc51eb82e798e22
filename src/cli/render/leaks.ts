/** Buffers that are still alive as text: `dmaheap leaks`. */
import type { BufferView } from '../../kernel/views/views.ts';
import { formatSize } from '../../units.ts';
import { escapeText } from '../terminal/escape.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { PAGE, type Page } from '../terminal/list-table.ts';
import { renderTable } from '../terminal/table.ts';
import { holders } from './buffers.ts';

const COLUMNS = [
  { title: 'INO', right: true },
  { title: 'SIZE', right: true },
  { title: 'HEAP' },
  { title: 'NAME' },
  { title: 'MADE BY', wraps: true },
  { title: 'HELD BY', wraps: true },
];

export function renderLeaks(
  buffers: readonly BufferView[],
  ink: Ink = NO_INK,
  { width }: Page = PAGE,
): string {
  if (buffers.length === 0) return 'none\n';
  const rows = buffers.map((buffer) => [
    String(buffer.ino),
    formatSize(buffer.size),
    escapeText(buffer.heap),
    buffer.name === undefined ? '-' : escapeText(buffer.name),
    `${escapeText(buffer.maker)}, call ${buffer.call}`,
    holders(buffer).join('; '),
  ]);
  const total = buffers.reduce((sum, { size }) => sum + size, 0n);
  const count = `${buffers.length} ${buffers.length === 1 ? 'buffer' : 'buffers'}`;
  return `${renderTable(COLUMNS, rows, ink.title, width)}${count}, ${formatSize(total)}\n`;
}
