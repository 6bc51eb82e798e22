/** The map of memory in a page. */
import { layoutMap } from '../report/map-layout.ts';
import { MAP_STYLE, mapPatterns } from '../report/map-looks.ts';
import { MapPicture, thingId } from '../report/map-picture.ts';
import { smallWords } from '../report/map-tables.ts';
import type { MemoryMap } from '../report/memory-map.ts';
import { shape } from '../report/shape.ts';
import type { PfnRange } from '../units.ts';
import { drawn, html } from './element.ts';

const CELLS = { columns: 64, rows: 32 };
const TOP = 4;
/** Of all ids of the picture. */
const PREFIX = 'map-';

export interface MapWish {
  /** What is shown; all memory unless given. */
  readonly window?: PfnRange | undefined;
  /** A thing that is marked, by its index. */
  readonly chosen?: number | undefined;
  /** Told of the buffer that was clicked, by its index among the things. */
  readonly choose: (thing: number) => void;
}

/** Lets a page draw maps. Its policy allows a style that a script makes, where it allows no more text. */
export function addMapStyle(): void {
  const style = new CSSStyleSheet();
  style.replaceSync(MAP_STYLE);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
}

/** Draws the map into its figure. */
export function drawMap(figure: HTMLElement, map: MemoryMap, { window, chosen, choose }: MapWish): void {
  const layout = layoutMap(map, { ...CELLS, ...(window && { window }) });
  const picture = new MapPicture(map, layout, PREFIX, chosen);
  const grid = picture.grid(TOP);
  const legend = picture.legend(grid.bottom);
  const buffers = map.things.filter(({ kind }) => kind === 'buffer').length;
  const words = `Map of memory: ${buffers} ${buffers === 1 ? 'buffer' : 'buffers'}, each listed below under Buffers`;
  const made = drawn(
    shape(
      'svg',
      {
        class: 'dmaheap-map',
        viewBox: `0 0 ${picture.width} ${legend.bottom}`,
        role: 'group',
        'aria-label': words,
      },
      mapPatterns(PREFIX),
      ...grid.shapes,
      ...legend.shapes,
    ),
  );
  for (const [index, { kind }] of map.things.entries()) {
    if (kind !== 'buffer') continue;
    const group = made.querySelector(`#${thingId(map, index, PREFIX)}`);
    group?.classList.add('buffer');
    group?.addEventListener('click', () => choose(index));
  }
  const small = smallWords(map, layout);
  figure.replaceChildren(made, html('figcaption', {}, `${picture.scale()} ${small}`.trimEnd()));
}
