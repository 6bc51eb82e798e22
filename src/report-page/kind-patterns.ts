/** A pattern for each kind of page, so that kinds differ without colour. */
import { MAP_KINDS, type MapKind } from '../report/map-kinds.ts';
import { svg } from './element.ts';

/** What is drawn over the ground of a tile of 8 by 8: strokes as a path. */
const STROKES: Readonly<Record<MapKind, string>> = {
  kernel: 'M0 4h8M4 0v8',
  initrd: 'M0 2h8M0 6h8',
  dtb: 'M2 0v8M6 0v8',
  firmware: 'M0 0l8 8M8 0l-8 8',
  early: 'M0 4h8',
  used: 'M4 0v8',
  bounce: 'M0 4l4 -4l4 4M0 8l4 -4l4 4',
  atomic: 'M0 0l4 4l4 -4',
  reserved: 'M0 8l8 -8',
  'no-map': 'M0 8l8 -8M0 4l4 -4M4 8l4 -4',
  buffer: '',
  device: 'M2 2h4v4h-4z',
  taken: 'M0 0l8 8',
  'area-free': 'M4 3.5v1',
  'pool-free': 'M2 2v1M6 6v1',
  free: '',
};

export const patternFill = (kind: MapKind): string => `url(#kind-${kind})`;

/** Puts the patterns into the page, once: pictures find them by their ids. */
export function addKindPatterns(): void {
  const patterns = MAP_KINDS.map((kind) =>
    svg(
      'pattern',
      { id: `kind-${kind}`, width: 8, height: 8, patternUnits: 'userSpaceOnUse', class: `kind-${kind}` },
      svg('rect', { width: 8, height: 8, class: 'ground' }),
      svg('path', { d: STROKES[kind], class: 'stroke' }),
    ),
  );
  const holder = svg('svg', { width: 0, height: 0, 'aria-hidden': 'true', class: 'patterns' });
  holder.append(svg('defs', {}, ...patterns));
  document.body.append(holder);
}
