/** The map of a step as a picture: a row of cells a line, neighbours of one thing as one shape. */

import { KIND_WORDS, MAP_KINDS } from '../report/map-kinds.ts';
import { layoutMap, type MapLine } from '../report/map-layout.ts';
import type { MapAtStep } from '../report/memory-at.ts';
import { roundSize } from '../report/round-size.ts';
import type { PfnRange } from '../units.ts';
import { html, svg } from './element.ts';
import { patternFill } from './kind-patterns.ts';

const COLUMNS = 64;
const ROWS = 32;
const CELL = 12;
const HEIGHT = 16;
/** The room of addresses, and of what is said behind a row. */
const LEFT = 112;
const RIGHT = 96;

type Row = Extract<MapLine, { is: 'row' }>;

const hex = (pfn: number, pageSize: number): string => `0x${(BigInt(pfn) * BigInt(pageSize)).toString(16)}`;

/** The shapes of a row. @param choose told of the buffer, by its index, that was clicked */
function shapes(
  row: Row,
  y: number,
  { map, alive }: MapAtStep,
  chosen: number | undefined,
  choose: (buffer: number) => void,
): SVGElement[] {
  const all: SVGElement[] = [];
  for (let from = 0; from < row.cells.length; ) {
    const { thing } = row.cells[from] ?? {};
    let to = from + 1;
    while (to < row.cells.length && row.cells[to]?.thing === thing) to++;
    const owner = thing === undefined ? undefined : map.things[thing];
    if (thing !== undefined && owner !== undefined) {
      const buffer = owner.kind === 'buffer' ? alive[thing] : undefined;
      const rect = svg('rect', {
        x: LEFT + from * CELL,
        y,
        width: (to - from) * CELL,
        height: HEIGHT - 2,
        fill: patternFill(owner.kind),
        class:
          buffer !== undefined && buffer === chosen ? 'chosen' : buffer === undefined ? 'part' : 'buffer',
      });
      if (buffer !== undefined) rect.addEventListener('click', () => choose(buffer));
      all.push(rect);
    }
    for (let cell = from; cell < to; cell++) {
      if (row.cells[cell]?.mixed !== true) continue;
      const x = LEFT + cell * CELL;
      all.push(svg('path', { d: `M${x + CELL} ${y}v${HEIGHT - 2}h${-CELL}z`, class: 'mixed' }));
    }
    from = to;
  }
  return all;
}

/** Draws the map into its figure. */
export function drawMap(
  figure: HTMLElement,
  at: MapAtStep,
  window: PfnRange | undefined,
  chosen: number | undefined,
  choose: (buffer: number) => void,
): void {
  const { map } = at;
  const { pageSize } = map;
  const layout = layoutMap(map, { columns: COLUMNS, rows: ROWS, ...(window && { window }) });
  const drawn: SVGElement[] = [];
  let y = 4;
  for (const line of layout.lines) {
    const label = (x: number, text: string, anchor: string): SVGElement =>
      svg('text', { x, y: y + HEIGHT - 5, 'text-anchor': anchor }, text);
    if (line.is === 'hole') {
      drawn.push(label(LEFT, `no memory: ${roundSize(line.pages * pageSize)}`, 'start'));
    } else {
      drawn.push(label(LEFT - 6, hex(line.pfn, pageSize), 'end'));
      drawn.push(...shapes(line, y, at, chosen, choose));
      if (line.alike > 1) drawn.push(label(LEFT + COLUMNS * CELL + 6, `${line.alike} such rows`, 'start'));
    }
    y += HEIGHT;
  }
  const width = LEFT + COLUMNS * CELL + RIGHT;
  const buffers = at.alive.length;
  const words = `Map of memory: ${buffers} ${buffers === 1 ? 'buffer' : 'buffers'}, each listed below under Buffers`;
  figure.replaceChildren(
    svg(
      'svg',
      { viewBox: `0 0 ${width} ${y + 4}`, role: 'img', 'aria-label': words, class: 'map' },
      ...drawn,
    ),
    html(
      'figcaption',
      {},
      `A cell is ${roundSize(layout.cellPages * pageSize)}; a cell with a corner cut has several kinds. ${
        layout.small.length > 0
          ? `${layout.small.length} things are smaller than a cell: show a region alone to see them.`
          : ''
      }`,
    ),
  );
}

/** The kinds that a map has, each with its pattern and its size. */
export function drawLegend(list: HTMLElement, { map }: MapAtStep): void {
  const pages = new Map<string, number>();
  for (const thing of map.things) pages.set(thing.kind, (pages.get(thing.kind) ?? 0) + thing.pages);
  const entries = MAP_KINDS.flatMap((kind) => {
    const sum = pages.get(kind);
    if (sum === undefined || sum === 0) return [];
    const sample = svg(
      'svg',
      { width: 24, height: 14, 'aria-hidden': 'true' },
      svg('rect', { width: 24, height: 14, fill: patternFill(kind), class: 'part' }),
    );
    return [html('li', {}, sample, ` ${KIND_WORDS[kind]}: ${roundSize(sum * map.pageSize)}`)];
  });
  list.replaceChildren(...entries);
}
