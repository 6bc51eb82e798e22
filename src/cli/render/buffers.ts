/** Buffers as text: `dmaheap buffers` and `dmaheap show FD`. */
import type { BufferView } from '../../kernel/views.ts';
import { formatOpenFlags } from '../../uapi/fcntl.ts';
import { formatHex, formatSize, PAGE_SIZE, pfnPhys } from '../../units.ts';
import { escapeText } from '../escape.ts';
import { type Ink, NO_INK } from '../ink.ts';
import { renderFacts, renderTable } from '../table.ts';
import { sizeExact } from './size.ts';

const COLUMNS = [
  { title: 'FD' },
  { title: 'INO', right: true },
  { title: 'SIZE', right: true },
  { title: 'HEAP' },
  { title: 'ADDRESS', right: true },
  { title: 'EXTENTS', right: true },
  { title: 'NAME' },
];

/** Every buffer, oldest first; the address is that of its first extent. */
export function renderBuffers(buffers: readonly BufferView[], ink: Ink = NO_INK): string {
  if (buffers.length === 0) return 'There are no buffers.\n';
  const rows = buffers.map((buffer) => {
    const first = buffer.sgTable[0];
    return [
      buffer.fds.map(({ fd }) => fd).join(',') || '-',
      String(buffer.ino),
      formatSize(buffer.size),
      escapeText(buffer.heap),
      first === undefined ? '-' : formatHex(pfnPhys(first.pfn)),
      String(buffer.sgTable.length),
      buffer.name === undefined ? '-' : escapeText(buffer.name),
    ];
  });
  return renderTable(COLUMNS, rows, ink.title);
}

/** One buffer: what it is, who holds it, and its sg table. */
export function renderBuffer(buffer: BufferView, ink: Ink = NO_INK): string {
  const holders = buffer.fds.map(
    ({ task, fd, cloexec }) => `${escapeText(task)} fd ${fd}${cloexec ? ' (close-on-exec)' : ''}`,
  );
  const facts: (readonly [string, string])[] = [
    ['heap', escapeText(buffer.heap)],
    ['exp_name', escapeText(buffer.expName)],
    ['name', buffer.name === undefined ? '-' : escapeText(buffer.name)],
    ['size', sizeExact(buffer.size)],
    ['flags', `${formatOpenFlags(buffer.flags)} (0${buffer.flags.toString(8)})`],
    ['ino', String(buffer.ino)],
    ['references', `${buffer.count}${holders.length === 0 ? '' : `: ${holders.join(', ')}`}`],
    ['sg table', `${buffer.sgTable.length} ${buffer.sgTable.length === 1 ? 'entry' : 'entries'}`],
  ];
  let offset = 0;
  const rows = buffer.sgTable.map((run) => {
    const length = run.pages * PAGE_SIZE;
    const address = pfnPhys(run.pfn);
    const row = [
      formatHex(offset),
      `${formatHex(address)}..${formatHex(address + BigInt(length) - 1n)}`,
      String(run.pages),
      formatSize(length),
    ];
    offset += length;
    return row;
  });
  const columns = [
    { title: 'OFFSET', right: true },
    { title: 'ADDRESS' },
    { title: 'PAGES', right: true },
    { title: 'LENGTH', right: true },
  ];
  return `${renderFacts(facts)}\n${renderTable(columns, rows, ink.title)}`;
}
