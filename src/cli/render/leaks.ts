/** Buffers that are still alive as text: `dmaheap leaks`. */

import { cutName } from '../../cut-text.ts';
import { escapeText } from '../../escape-text.ts';
import type { BufferView } from '../../kernel/views/views.ts';
import { counted, formatSize } from '../../units.ts';
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

/** How much is left of the names of heaps and of buffers where the table is too wide. */
const CUT = [18, 14] as const;

export function renderLeaks(
  buffers: readonly BufferView[],
  ink: Ink = NO_INK,
  { width, ellipsis }: Page = PAGE,
): string {
  if (buffers.length === 0) return 'none\n';
  const rowsOf = (heap: number, name: number) =>
    buffers.map((buffer) => [
      String(buffer.ino),
      formatSize(buffer.size),
      cutName(escapeText(buffer.heap), heap, ellipsis),
      buffer.name === undefined ? '-' : cutName(escapeText(buffer.name), name, ellipsis),
      `${escapeText(buffer.maker)}, call ${buffer.call}`,
      holders(buffer).join('; '),
    ]);
  const whole = renderTable(COLUMNS, rowsOf(width, width), ink.title, width);
  const isWide = whole.split('\n').some((line) => line.length > width);
  const table = isWide ? renderTable(COLUMNS, rowsOf(...CUT), ink.title, width) : whole;
  const total = buffers.reduce((sum, { size }) => sum + size, 0n);
  const count = counted(buffers.length, 'buffer');
  return `${table}${count}, ${formatSize(total)}\n`;
}
