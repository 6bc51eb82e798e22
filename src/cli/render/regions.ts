/** The reserved-memory nodes as text, and what became of each: `dmaheap regions`. */
import type { RegionView } from '../../kernel/views/views.ts';
import { formatHex, formatSize } from '../../units.ts';
import { explainRegion } from '../explain/explain-region.ts';
import { escapeText } from '../terminal/escape.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderTable } from '../terminal/table.ts';

const COLUMNS = [
  { title: 'REGION' },
  { title: 'BASE', right: true },
  { title: 'SIZE', right: true },
  { title: 'ORIGIN' },
  { title: 'KIND' },
  { title: 'PROPERTIES' },
  { title: 'HEAPS' },
];

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

/** A table of the regions, and below it why those without a heap have none. */
export function renderRegions(regions: readonly RegionView[], ink: Ink = NO_INK): string {
  if (regions.length === 0) return 'This board has no /reserved-memory regions and no default CMA area.\n';
  const rows = regions.map((region) => [
    escapeText(region.name),
    region.base === undefined ? '-' : formatHex(region.base),
    region.size === undefined ? '-' : formatSize(region.size),
    region.origin,
    region.kind,
    properties(region),
    region.heaps.map(escapeText).join(', ') || '-',
  ]);
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
  return renderTable(COLUMNS, rows, ink.title) + (reasons.length === 0 ? '' : `\n${reasons.join('')}`);
}
