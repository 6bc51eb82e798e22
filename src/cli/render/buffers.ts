/** Buffers as text: `dmaheap buffers` and `dmaheap show FD`. */

import { escapeText } from '../../escape-text.ts';
import type { BufferView, FdView, MappingView } from '../../kernel/views/views.ts';
import { formatFlags } from '../../profile/open-flag-words.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { bytesOf, formatHex, formatSize } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { type ListColumn, type ListWishes, PAGE, type Page, renderList } from '../terminal/list-table.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { attachmentLine, renderSegments } from './segments.ts';
import { sizeExact } from './size.ts';

/** `4,5,camera:7`: the task's own descriptors, then the others with their tasks' names. */
export function fdList(fds: readonly FdView[], task: string): string {
  const own = fds.filter((holder) => holder.task === task).map(({ fd }) => String(fd));
  const others = fds
    .filter((holder) => holder.task !== task)
    .map((holder) => `${escapeText(holder.task)}:${holder.fd}`);
  return [...own, ...others].join(',') || '-';
}

const devicesOf = ({ attachments }: BufferView): string =>
  attachments.map(({ device }) => escapeText(device)).join(',') || '-';

/** @param task whose descriptors stand without a name */
export const bufferColumns = (task: string): readonly ListColumn<BufferView>[] => [
  { title: 'FD', name: true, text: ({ fds }) => fdList(fds, task) },
  { title: 'INO', right: true, text: ({ ino }) => String(ino) },
  { title: 'SIZE', bytes: ({ size }) => size },
  { title: 'HEAP', name: true, text: ({ heap }) => escapeText(heap) },
  {
    title: 'ADDRESS',
    right: true,
    text: ({ sgTable: [first], pageSize }) =>
      first === undefined ? '-' : formatHex(bytesOf(first, pageSize).base),
  },
  { title: 'NAME', name: true, text: ({ name = '-' }) => escapeText(name) },
  {
    title: 'MAPPINGS',
    right: true,
    shown: { when: ({ mappings }) => mappings.length > 0 },
    text: ({ mappings }) => String(mappings.length),
  },
  {
    title: 'ATTACHED',
    name: true,
    shown: { when: ({ attachments }) => attachments.length > 0 },
    text: devicesOf,
  },
  { title: 'EXTENTS', right: true, shown: 'room', text: ({ sgTable }) => String(sgTable.length) },
];

/** Every buffer, oldest first; the address is that of its first extent. @param task whose descriptors stand without a name */
export function renderBuffers(
  buffers: readonly BufferView[],
  ink: Ink = NO_INK,
  task = 'shell',
  page: Page = PAGE,
  wishes: ListWishes = {},
): string {
  if (buffers.length === 0) return wishes.headings === false ? '' : 'There are no buffers.\n';
  return renderList(bufferColumns(task), buffers, wishes, page, ink.title);
}

/** `rw`: what a mapping allows; `rwx` where it may be executed. */
const protText = (prot: number): string =>
  `${(prot & PROT_READ) !== 0 ? 'r' : '-'}${(prot & PROT_WRITE) !== 0 ? 'w' : '-'}${(prot & PROT_EXEC) !== 0 ? 'x' : ''}`;

/** What a mapping maps: a part of it is gone, or allows something else, where it has several. */
function mappingText({ offset, length, prot, shared, parts }: MappingView): string {
  const kind = shared ? 'shared' : 'private';
  const one = (part: Pick<MappingView, 'offset' | 'length' | 'prot'>): string =>
    `${formatSize(part.length)} at ${formatHex(part.offset)}`;
  if (parts === undefined) return `${protText(prot)} ${kind}, ${one({ offset, length, prot })}`;
  return `${kind}: ${parts.map((part) => `${protText(part.prot)} ${one(part)}`).join(' and ')}`;
}

/** Who holds the buffer: everything that its count counts. */
export function holders({ fds, mappings, attachments }: BufferView): string[] {
  return [
    ...fds.map(({ task, fd, cloexec }) => `${escapeText(task)} fd ${fd}${cloexec ? ' (close-on-exec)' : ''}`),
    ...mappings.map(
      (mapping) => `${escapeText(mapping.task)} mapping ${mapping.id} (${mappingText(mapping)})`,
    ),
    ...attachments.map(
      ({ device, id, references }) =>
        `${escapeText(device)} attachment ${id}${references === 1 ? '' : ` (${references} references)`}`,
    ),
  ];
}

/** One buffer: what it is, who holds it, its sg table, and what devices have of it. */
export function renderBuffer(buffer: BufferView, ink: Ink = NO_INK): string {
  const who = holders(buffer);
  const facts: (readonly [string, string])[] = [
    ['heap', escapeText(buffer.heap)],
    ['exp_name', escapeText(buffer.expName)],
    ['name', buffer.name === undefined ? '-' : escapeText(buffer.name)],
    ['size', sizeExact(buffer.size)],
    ['flags', `${formatFlags(buffer.flags)} (0${buffer.flags.toString(8)})`],
    ['ino', String(buffer.ino)],
    ['made by', `${escapeText(buffer.maker)}, call ${buffer.call}`],
    ['references', `${buffer.count}${who.length === 0 ? '' : `: ${who.join(', ')}`}`],
    ['sg table', `${buffer.sgTable.length} ${buffer.sgTable.length === 1 ? 'entry' : 'entries'}`],
  ];
  const devices = buffer.attachments.map(
    (attachment) =>
      `\n${attachmentLine(attachment)}\n${attachment.segments === undefined ? '' : renderSegments(attachment.segments, ink)}`,
  );
  return `${renderFacts(facts)}\n${renderExtents(buffer, ink)}${devices.join('')}`;
}

function renderExtents({ sgTable, pageSize }: BufferView, ink: Ink): string {
  let offset = 0n;
  const rows = sgTable.map((run) => {
    const { base, size } = bytesOf(run, pageSize);
    const row = [
      formatHex(offset),
      `${formatHex(base)}..${formatHex(base + size - 1n)}`,
      String(run.pages),
      formatSize(size),
    ];
    offset += size;
    return row;
  });
  const columns = [
    { title: 'OFFSET', right: true },
    { title: 'ADDRESS' },
    { title: 'PAGES', right: true },
    { title: 'LENGTH', right: true },
  ];
  return renderTable(columns, rows, ink.title);
}
