/** The regions as a table, and below it why those without a heap have none. */
import { explainRegion } from '../../check/explain-region.ts';
import type { RegionView } from '../../kernel/views/views.ts';
import { type Column, html, redraw, row, table } from '../../page/element.ts';
import { formatHex, formatSize } from '../../units.ts';

const COLUMNS: readonly Column[] = [
  { title: 'Region' },
  { title: 'Base', is: 'number' },
  { title: 'Size', is: 'number' },
  { title: 'Kind' },
  { title: 'Properties' },
  { title: 'Heaps' },
];

function properties({ noMap, reusable, isDefault }: RegionView): string {
  const words = [noMap ? 'no-map' : '', reusable ? 'reusable' : '', isDefault ? 'default' : ''];
  return words.filter((word) => word !== '').join(', ') || '-';
}

function reasonOf(region: RegionView): readonly HTMLElement[] {
  const words = explainRegion(region);
  if (words === undefined || words.plain === true) return [];
  const isNone = region.heaps.length === 0;
  return [
    html('dt', {}, region.name, ' ', html('span', { class: 'tag' }, isNone ? 'no heap' : 'note')),
    html('dd', {}, `${words.reason}.`),
    ...(words.advice === undefined ? [] : [html('dd', { class: 'advice' }, `To do: ${words.advice}.`)]),
  ];
}

export function showRegions(part: HTMLElement, regions: readonly RegionView[]): void {
  if (regions.length === 0) {
    redraw(part, html('p', {}, 'This board has no /reserved-memory regions and no default CMA area.'));
    return;
  }
  const rows = regions.map((region) =>
    row(COLUMNS, [
      region.name,
      region.base === undefined ? '-' : formatHex(region.base),
      region.size === undefined ? '-' : formatSize(region.size),
      region.kind,
      properties(region),
      region.heaps.join(', ') || 'none',
    ]),
  );
  const reasons = regions.flatMap(reasonOf);
  redraw(
    part,
    table('Regions', COLUMNS, rows),
    ...(reasons.length === 0 ? [] : [html('h3', {}, 'Why there is no heap'), html('dl', {}, ...reasons)]),
  );
}
