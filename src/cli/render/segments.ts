/** What a device has of a buffer, as text: the bus addresses of its segments. */

import { escapeText } from '../../escape-text.ts';
import type { AttachmentView } from '../../kernel/views/views.ts';
import { formatHex, formatSize } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderTable } from '../terminal/table.ts';

const COLUMNS = [
  { title: 'OFFSET', right: true },
  { title: 'DMA ADDRESS' },
  { title: 'LENGTH', right: true },
];

/** A table of the segments, and where in the buffer each begins. */
export function renderSegments(segments: NonNullable<AttachmentView['segments']>, ink: Ink = NO_INK): string {
  let offset = 0n;
  const rows = segments.map(({ address, length }) => {
    const row = [
      formatHex(offset),
      `${formatHex(address)}..${formatHex(address + length - 1n)}`,
      formatSize(length),
    ];
    offset += length;
    return row;
  });
  return renderTable(COLUMNS, rows, ink.title);
}

/** `attachment 2 of isp, DMA_BIDIRECTIONAL, 3 segments`. */
export function attachmentLine({ id, device, direction, segments }: AttachmentView): string {
  const count = segments?.length ?? 0;
  const state =
    direction === undefined
      ? 'not mapped'
      : `mapped ${direction}, ${count} ${count === 1 ? 'segment' : 'segments'}`;
  return `attachment ${id} of ${escapeText(device)}, ${state}`;
}
