/** The map as an SVG file, which needs nothing else: what it is of, the picture, its legend, and what can be had of each area. */
import type { MapLayout } from './map-layout.ts';
import { MAP_STYLE, mapPatterns } from './map-looks.ts';
import { MapPicture } from './map-picture.ts';
import { mapTables } from './map-tables.ts';
import type { MemoryMap } from './memory-map.ts';
import { shape, shapeText } from './shape.ts';
import { tableShapes } from './table-shapes.ts';

const TOP = 46;

/** The file of a map that was laid out. */
export function mapSvg(map: MemoryMap, layout: MapLayout): string {
  const picture = new MapPicture(map, layout, '');
  const grid = picture.grid(TOP);
  const legend = picture.legend(grid.bottom);
  const tables = tableShapes(mapTables(map, layout), legend.bottom + 16);
  const { width } = picture;
  const height = tables.bottom;
  return `${shapeText(
    shape(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        class: 'dmaheap-map',
        viewBox: `0 0 ${width} ${height}`,
        width,
        height,
        role: 'group',
        'aria-labelledby': 'map-title',
      },
      shape('title', { id: 'map-title' }, `Map of memory: ${map.banner}`),
      shape('style', {}, MAP_STYLE),
      mapPatterns(''),
      shape('rect', { width: '100%', height: '100%', class: 'ground' }),
      shape('text', { x: 12, y: 20, class: 'head' }, map.banner),
      shape('text', { x: 12, y: 38, class: 'quiet' }, picture.scale()),
      ...grid.shapes,
      ...legend.shapes,
      ...tables.shapes,
    ),
  )}\n`;
}
