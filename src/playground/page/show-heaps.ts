/** The heaps and the buffers as tables, with a button in each row. */
import type { BufferView, HeapView } from '../../kernel/views/views.ts';
import { button, type Column, html, redraw, row, table } from '../../page/element.ts';
import { bytesOf, formatHex, formatSize } from '../../units.ts';

const HEAP_COLUMNS: readonly Column[] = [
  { title: 'Heap' },
  { title: 'Try' },
  { title: 'Backend' },
  { title: 'Base', is: 'number' },
  { title: 'Size', is: 'number' },
  { title: 'Free', is: 'number' },
  { title: 'Largest free', is: 'number' },
  { title: 'Buffers', is: 'number' },
];

/** The heaps in the order of their minors. @param allocate is told the heap whose button was pressed */
export function showHeaps(
  part: HTMLElement,
  heaps: readonly HeapView[],
  allocate: (heap: string) => void,
): void {
  if (heaps.length === 0) {
    redraw(part, html('p', {}, 'This kernel has no DMA heaps.'));
    return;
  }
  const rows = heaps.map((heap) =>
    row(HEAP_COLUMNS, [
      heap.name,
      button('Allocate', { key: `heap ${heap.name}`, label: `Allocate from ${heap.name}` }, () =>
        allocate(heap.name),
      ),
      heap.backend,
      heap.base === undefined ? '-' : formatHex(heap.base),
      formatSize(heap.size),
      formatSize(heap.free),
      formatSize(heap.largest),
      String(heap.buffers),
    ]),
  );
  redraw(part, table('Heaps', HEAP_COLUMNS, rows), ...sameArea(heaps));
}

/** Heaps that are names of one area. */
function sameArea(heaps: readonly HeapView[]): readonly HTMLElement[] {
  const names = new Map<string, string[]>();
  for (const { region, name } of heaps) {
    if (region !== undefined) names.set(region, [...(names.get(region) ?? []), name]);
  }
  return [...names.values()]
    .filter(({ length }) => length > 1)
    .map((of) => html('p', { class: 'note' }, `${of.join(' and ')} are names of one area.`));
}

const BUFFER_COLUMNS: readonly Column[] = [
  { title: 'Descriptor' },
  { title: 'Try' },
  { title: 'Size', is: 'number' },
  { title: 'Heap' },
  { title: 'Address', is: 'number' },
  { title: 'Pieces', is: 'number' },
  { title: 'Name' },
];

/** Rows that are shown: a log may tell of thousands. */
const MOST_ROWS = 200;

const ownDescriptors = ({ fds }: BufferView, task: string): readonly number[] =>
  fds.filter((holder) => holder.task === task).map(({ fd }) => fd);

function bufferRow(buffer: BufferView, task: string, free: (fd: number) => void): HTMLElement {
  const [fd] = ownDescriptors(buffer, task);
  const [first] = buffer.sgTable;
  const holders = buffer.fds.map((holder) =>
    holder.task === task ? String(holder.fd) : `${holder.task}:${holder.fd}`,
  );
  return row(BUFFER_COLUMNS, [
    holders.join(', ') || '-',
    fd === undefined
      ? ''
      : button('Free', { key: `fd ${fd}`, label: `Free descriptor ${fd}` }, () => free(fd)),
    formatSize(buffer.size),
    buffer.heap,
    first === undefined ? '-' : formatHex(bytesOf(first, buffer.pageSize).base),
    String(buffer.sgTable.length),
    buffer.name ?? '-',
  ]);
}

/** The buffers, oldest first. @param task whose descriptors can be freed here */
export function showBuffers(
  part: HTMLElement,
  buffers: readonly BufferView[],
  task: string,
  free: (fd: number) => void,
): void {
  if (buffers.length === 0) {
    redraw(part, html('p', {}, 'There are no buffers yet. Allocate one from a heap above.'));
    return;
  }
  const rows = buffers.slice(-MOST_ROWS).map((buffer) => bufferRow(buffer, task, free));
  const more = buffers.length - rows.length;
  redraw(
    part,
    table('Buffers', BUFFER_COLUMNS, rows),
    ...(more > 0 ? [html('p', { class: 'note' }, `${more} older buffers are not shown.`)] : []),
  );
}
