/** The reserved-memory nodes as text, and what became of each: `dmaheap regions`. */
import type { RegionView } from '../../kernel/views/views.ts';
import { formatHex } from '../../units.ts';
import { adviceFor, whyNoHeap } from '../explain/explain-region.ts';
import { escapeText } from '../terminal/escape.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { type ListColumn, type ListWishes, PAGE, type Page, renderList } from '../terminal/list-table.ts';

const properties = (region: RegionView): string =>
  [region.noMap ? 'no-map' : '', region.reusable ? 'reusable' : '', region.isDefault ? 'default' : '']
    .filter((word) => word !== '')
    .join(',') || '-';

export const REGION_COLUMNS: readonly ListColumn<RegionView>[] = [
  { title: 'REGION', name: true, text: ({ name }) => escapeText(name) },
  { title: 'BASE', right: true, text: ({ base }) => (base === undefined ? '-' : formatHex(base)) },
  { title: 'SIZE', bytes: ({ size }) => size },
  { title: 'KIND', text: ({ kind }) => kind },
  { title: 'PROPERTIES', text: properties },
  { title: 'HEAPS', right: true, text: ({ heaps }) => String(heaps.length) },
  { title: 'ORIGIN', shown: 'room', text: ({ origin }) => origin },
  {
    title: 'NAMES',
    name: true,
    shown: 'room',
    text: ({ heaps }) => heaps.map(escapeText).join(',') || '-',
  },
];

/** A table of the regions, and below it why those without a heap have none. */
export function renderRegions(
  regions: readonly RegionView[],
  ink: Ink = NO_INK,
  page: Page = PAGE,
  wishes: ListWishes = {},
): string {
  if (wishes.headings === false) return renderList(REGION_COLUMNS, regions, wishes, page);
  if (regions.length === 0) return 'This board has no /reserved-memory regions and no default CMA area.\n';
  const table = renderList(REGION_COLUMNS, regions, wishes, page, ink.title);
  const reasons = regions.flatMap((region) => {
    if (region.why === undefined) return [];
    const advice = adviceFor(region.why);
    const head = `${escapeText(region.name)}: ${ink.warn(region.heaps.length === 0 ? 'no heap' : 'note')} (${region.why})`;
    const lines = [`  ${whyNoHeap(region.why)}`, ...(advice === undefined ? [] : [`  ${ink.dim(advice)}`])];
    return [head, ...lines].map((line) => `${line}\n`);
  });
  return table + (reasons.length === 0 ? '' : `\n${reasons.join('')}`);
}
