/** The reserved-memory nodes as text, and what became of each: `dmaheap regions`. */

import { explainRegion } from '../../check/explain-region.ts';
import { escapeText } from '../../escape-text.ts';
import type { RegionView } from '../../kernel/views/views.ts';
import { formatHex } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { type ListColumn, type ListWishes, PAGE, type Page, renderList } from '../terminal/list-table.ts';

const properties = (region: RegionView): string =>
  [region.noMap ? 'no-map' : '', region.reusable ? 'reusable' : '', region.isDefault ? 'default' : '']
    .filter((word) => word !== '')
    .join(',') || '-';

/** One line for all regions that are meant to be no heaps: memory of firmware and drivers. */
function plainLine(regions: readonly RegionView[], ink: Ink): string {
  const names = regions.map(({ name, detail }) => {
    const purpose = detail?.is === 'purpose' ? detail.purpose : undefined;
    return escapeText(purpose?.for === 'driver' ? `${name} (${purpose.compatible})` : name);
  });
  return `${ink.dim('plain reserved memory:')} ${names.join(', ')}\n`;
}

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
    const words = explainRegion(region);
    if (words === undefined || words.plain === true) return [];
    const { reason, advice } = words;
    const head = `${escapeText(region.name)}: ${ink.warn(region.heaps.length === 0 ? 'no heap' : 'note')} (${region.why})`;
    const lines = [
      `  ${escapeText(reason)}`,
      ...(advice === undefined ? [] : [`  ${ink.dim(escapeText(advice))}`]),
    ];
    return [head, ...lines].map((line) => `${line}\n`);
  });
  const plain = regions.filter((region) => explainRegion(region)?.plain === true);
  if (plain.length > 0) reasons.push(plainLine(plain, ink));
  return table + (reasons.length === 0 ? '' : `\n${reasons.join('')}`);
}
