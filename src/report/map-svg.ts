/**
 * The map as a picture: SVG that needs nothing else, for a file of its own or within a page. Colours follow the
 * reader's theme, every kind has its pattern, each thing is a group with a title that a screen reader says and an id
 * that others can link to.
 */

import { formatHex } from '../units.ts';
import { KIND_TELLS, KIND_WORDS, MAP_KINDS, type MapKind } from './map-kinds.ts';
import { type MapLayout, type MapLine, partsIn } from './map-layout.ts';
import { colourName, LOOKS, patternId } from './map-patterns.ts';
import { addressOf, isOfPlace, kindTotals, placeWords, thingWords } from './map-words.ts';
import type { MapThing, MemoryMap } from './memory-map.ts';
import { roundSize } from './round-size.ts';
import { spacesSvg } from './spaces-svg.ts';
import { xmlText } from './xml-text.ts';

export interface SvgWish {
  /** Goes before every id, where several pictures are in one page. */
  readonly prefix?: string;
  /** What the picture is of, for readers who do not see it. */
  readonly title?: string;
  /** Without rows about areas below: a page has tables of its own. */
  readonly pictureOnly?: boolean;
}

/** Sizes in pixels. */
const CELL = { width: 10, height: 20 };
const TOP = 46;
const LEFT = 104;
const GAP = 4;
const NAMES = 400;
const LEGEND_ROW = 22;

/** The id of a thing: `buffer-12`, `device-3`, of others their number. */
export function thingId({ things }: MemoryMap, index: number, prefix = ''): string {
  const thing = things[index];
  if (thing?.buffer !== undefined) return `${prefix}buffer-${thing.buffer.ino}`;
  if (thing?.device !== undefined) return `${prefix}device-${thing.device.id}`;
  return `${prefix}thing-${index}`;
}

/** The id of a place. */
export const placeId = (index: number, prefix = ''): string => `${prefix}region-${index}`;

/** The style and the patterns, which all pictures of a page share. @param prefix as of `SvgWish` */
export function mapDefinitions(prefix = ''): string {
  const colours = (theme: 'light' | 'dark') =>
    MAP_KINDS.map((kind) => `${colourName(kind)}:${LOOKS[kind][theme]}`).join(';');
  const light = `--map-page:#fff;--map-text:#1b1b1b;--map-quiet:#555;--map-line:#888;--map-ink:rgba(0,0,0,.5);${colours('light')}`;
  const dark = `--map-page:#15181b;--map-text:#ececec;--map-quiet:#a9adb2;--map-line:#777;--map-ink:rgba(255,255,255,.45);${colours('dark')}`;
  const style = [
    `.dmaheap-map{${light};background:var(--map-page);color:var(--map-text);font:13px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}`,
    `@media (prefers-color-scheme:dark){.dmaheap-map{${dark}}}`,
    '@media print{.dmaheap-map{--map-page:#fff;--map-text:#000}}',
    '.dmaheap-map text{fill:var(--map-text)}.dmaheap-map .quiet{fill:var(--map-quiet)}',
    '.dmaheap-map .head{font-weight:bold}.dmaheap-map pattern{color:var(--map-ink)}',
    '.dmaheap-map .edge{stroke:var(--map-text);stroke-width:1.2;fill:none}',
    '.dmaheap-map .fold{stroke:var(--map-page);stroke-width:1.5;fill:none}',
    '.dmaheap-map .frame{stroke:var(--map-line);stroke-width:1;fill:none}',
    '.dmaheap-map :target rect{stroke:var(--map-text);stroke-width:3}',
    ...MAP_KINDS.map((kind) => `.dmaheap-map .k-${kind}{fill:var(${colourName(kind)})}`),
  ].join('');
  const patterns = MAP_KINDS.filter((kind) => LOOKS[kind].pattern !== '').map(
    (kind) =>
      `<pattern id="${patternId(prefix, kind)}" width="8" height="8" patternUnits="userSpaceOnUse">${LOOKS[kind].pattern}</pattern>`,
  );
  return `<style>${style}</style><defs>${patterns.join('')}</defs>`;
}

/** The picture of a map that was laid out. */
export function mapSvg(map: MemoryMap, layout: MapLayout, wish: SvgWish = {}): string {
  const drawing = new SvgDrawing(map, layout, wish.prefix ?? '');
  const grid = drawing.grid();
  const legend = drawing.legend(grid.bottom);
  const spaces = wish.pictureOnly
    ? { svg: '', bottom: legend.bottom }
    : spacesSvg(map, layout.window, legend.bottom + 12);
  const width = LEFT + layout.columns * CELL.width + NAMES;
  const title = wish.title ?? `Map of memory: ${map.banner}`;
  const prefix = wish.prefix ?? '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="dmaheap-map" viewBox="0 0 ${width} ${spaces.bottom + 16}" width="${width}" height="${spaces.bottom + 16}" role="group" aria-labelledby="${prefix}map-title">`,
    `<title id="${prefix}map-title">${xmlText(title)}</title>`,
    mapDefinitions(prefix),
    `<rect width="100%" height="100%" style="fill:var(--map-page)"/>`,
    drawing.head(),
    grid.svg,
    legend.svg,
    spaces.svg,
    '</svg>\n',
  ].join('\n');
}

/** A piece of a row: neighbouring cells that are of the same thing. */
interface Piece {
  readonly thing: number;
  readonly place?: number;
  readonly mixed: boolean;
  readonly column: number;
  readonly cells: number;
}

class SvgDrawing {
  readonly #map: MemoryMap;
  readonly #layout: MapLayout;
  readonly #prefix: string;

  constructor(map: MemoryMap, layout: MapLayout, prefix: string) {
    this.#map = map;
    this.#layout = layout;
    this.#prefix = prefix;
  }

  #size(pages: number): string {
    return roundSize(BigInt(pages) * BigInt(this.#map.pageSize));
  }

  #address(pfn: number): string {
    return formatHex(addressOf(pfn, this.#map.pageSize));
  }

  head(): string {
    const { window, cellPages, columns } = this.#layout;
    const there = partsIn(this.#map.parts, window).reduce((sum, { pages }) => sum + pages, 0);
    const words = `${this.#size(there)} of memory. A cell is ${this.#size(cellPages)}, a row ${this.#size(cellPages * columns)}.`;
    return [
      `<text x="12" y="20" class="head">${xmlText(this.#map.banner)}</text>`,
      `<text x="12" y="38" class="quiet">${xmlText(words)}</text>`,
    ].join('\n');
  }

  /** The rows. A thing is a group, although its pieces lie in many rows. */
  grid(): { readonly svg: string; readonly bottom: number } {
    const { lines, columns } = this.#layout;
    const pieces = new Map<number, string[]>();
    const over: string[] = [];
    let y = TOP;
    let last: number | undefined;
    for (const line of lines) {
      if (line.is === 'hole') {
        const words = `a hole: no memory for ${this.#size(line.pages)}`;
        over.push(`<text x="${LEFT}" y="${y + 14}" class="quiet">${words}</text>`);
        y += CELL.height + GAP;
        continue;
      }
      const height = line.alike > 1 ? CELL.height + 6 : CELL.height;
      for (const piece of piecesOf(line)) {
        // What goes on from the row before has no border at its left.
        this.#draw(piece, y, height, pieces, over, piece.column > 0 || piece.thing !== last);
      }
      last = line.cells.at(-1)?.thing;
      if (line.alike > 1) {
        const across = `h${columns * CELL.width}`;
        over.push(`<path class="fold" d="M${LEFT} ${y + 8.5}${across}M${LEFT} ${y + 17.5}${across}"/>`);
      }
      over.push(
        `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${this.#address(line.pfn)}</text>`,
        `<text x="${LEFT + columns * CELL.width + 10}" y="${y + 15}">${xmlText(this.#names(line))}</text>`,
      );
      y += height + GAP;
    }
    const things = [...pieces.keys()];
    const group = (index: number) => this.#group(index, pieces.get(index) ?? []);
    const free = things.filter((index) => this.#map.things[index]?.place === undefined).map(group);
    const inPlaces = this.#map.places.flatMap((place, at) => {
      const own = things.filter((index) => this.#map.things[index]?.place === at);
      if (own.length === 0) return [];
      const title = `${placeWords(place)}, ${this.#size(place.pages)} at ${this.#address(place.pfn)}`;
      const id = placeId(at, this.#prefix);
      return [`<g id="${id}" role="group" aria-label="${xmlText(title)}">${own.map(group).join('\n')}</g>`];
    });
    return { svg: [...free, ...inPlaces, ...over].join('\n'), bottom: y };
  }

  #draw(
    piece: Piece,
    y: number,
    height: number,
    pieces: Map<number, string[]>,
    over: string[],
    begins: boolean,
  ): void {
    const thing = this.#map.things[piece.thing];
    if (thing === undefined) return;
    const x = LEFT + piece.column * CELL.width;
    const width = piece.cells * CELL.width;
    const box = `x="${x}" y="${y}" width="${width}" height="${height}"`;
    const rects = pieces.get(piece.thing) ?? [];
    rects.push(`<rect ${box} class="k-${thing.kind}"/>`);
    if (LOOKS[thing.kind].pattern !== '') {
      rects.push(`<rect ${box} fill="url(#${patternId(this.#prefix, thing.kind)})"/>`);
    }
    pieces.set(piece.thing, rects);
    // A border where a thing begins, so that neighbours of one kind are two; a notch where a cell has several.
    if (begins) over.push(`<path class="edge" d="M${x} ${y}v${height}"/>`);
    if (piece.mixed) {
      over.push(corner(x + 1.5, y + height - 1.5, width - 3));
    }
  }

  #group(index: number, rects: readonly string[]): string {
    const thing = this.#map.things[index];
    if (thing === undefined) return '';
    const [run] = thing.runs;
    const pieces = thing.runs.length > 1 ? ` in ${thing.runs.length} pieces, the first` : '';
    const at = run === undefined ? '' : ` at ${this.#address(run.pfn)}`;
    const where = thing.place === undefined ? undefined : this.#map.places[thing.place];
    const inside = where === undefined || isOfPlace(thing) ? '' : ` in ${placeWords(where)}`;
    const title = `${thingWords(thing)}, ${this.#size(thing.pages)}${pieces}${at}${inside}`;
    const id = thingId(this.#map, index, this.#prefix);
    return `<g id="${id}" role="img" aria-label="${xmlText(title)}"><title>${xmlText(title)}</title>${rects.join('')}</g>`;
  }

  /** What begins in a row, as far as there is room. */
  #names({ opens, begins, alike, cells }: Extract<MapLine, { is: 'row' }>): string {
    const { places, things } = this.#map;
    const names = [
      ...opens.flatMap((index) => places[index] ?? []).map(placeWords),
      ...begins
        .flatMap((index) => things[index] ?? [])
        .filter((thing) => !isOfPlace(thing))
        .map(thingWords),
    ];
    const first = cells[0]?.thing;
    const of = alike > 1 && names.length === 0 && first !== undefined ? things[first] : undefined;
    if (of !== undefined) names.push(this.#wholeName(of));
    const { cellPages, columns } = this.#layout;
    const rows = alike > 1 ? `${alike} rows, ${this.#size(alike * cellPages * columns)}: ` : '';
    const room = Math.floor((NAMES - 20) / 7.9) - rows.length;
    let told = '';
    for (const [at, name] of names.entries()) {
      const rest = names.length - at - 1;
      const next = `${told}${told === '' ? '' : '; '}${name}`;
      if (next.length + (rest > 0 ? 5 : 0) > room) {
        told = told === '' ? `${name.slice(0, Math.max(room - 6, 8))}…` : `${told}; +${rest + 1}`;
        break;
      }
      told = next;
    }
    return `${rows}${told}`;
  }

  #wholeName(thing: MapThing): string {
    const place = isOfPlace(thing) && thing.place !== undefined ? this.#map.places[thing.place] : undefined;
    return place === undefined ? thingWords(thing) : placeWords(place);
  }

  legend(top: number): { readonly svg: string; readonly bottom: number } {
    const totals = kindTotals(this.#map, partsIn(this.#map.parts, this.#layout.window));
    const perRow = 4;
    const step = (LEFT + this.#layout.columns * CELL.width + NAMES - 24) / perRow;
    const entries = totals.map(({ kind, pages }, at) => {
      const x = 12 + (at % perRow) * step;
      const y = top + 14 + Math.floor(at / perRow) * LEGEND_ROW;
      const words = `${KIND_WORDS[kind]} ${this.#size(pages)}`;
      return `<g><title>${KIND_TELLS[kind]}</title>${this.#swatch(kind, x, y)}<text x="${x + 38}" y="${y + 12}">${words}</text></g>`;
    });
    const isMixed = this.#layout.lines.some(
      (one) => one.is === 'row' && one.cells.some(({ mixed }) => mixed),
    );
    if (isMixed) {
      const [x, y] = [
        12 + (totals.length % perRow) * step,
        top + 14 + Math.floor(totals.length / perRow) * LEGEND_ROW,
      ];
      entries.push(
        `${corner(x + 10, y + 13, 7)}<text x="${x + 38}" y="${y + 12}">several kinds in a cell</text>`,
      );
    }
    const bottom = top + 14 + Math.ceil(entries.length / perRow) * LEGEND_ROW;
    return { svg: entries.join('\n'), bottom };
  }

  #swatch(kind: MapKind, x: number, y: number): string {
    const box = `x="${x}" y="${y}" width="30" height="15"`;
    const pattern =
      LOOKS[kind].pattern === '' ? '' : `<rect ${box} fill="url(#${patternId(this.#prefix, kind)})"/>`;
    return `<rect ${box} class="k-${kind}"/>${pattern}<rect ${box} class="frame"/>`;
  }
}

/** The mark of a cell that several kinds have pages of. */
const corner = (x: number, y: number, width: number): string =>
  `<path d="M${x} ${y}v-7l${width} 7z" style="fill:var(--map-text)"/>`;

/** The cells of a row, those that look alike as one piece. */
function piecesOf({ cells }: Extract<MapLine, { is: 'row' }>): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [column, { thing, place, mixed }] of cells.entries()) {
    if (thing === undefined) continue;
    const last = pieces.at(-1);
    const goesOn =
      last !== undefined &&
      last.thing === thing &&
      last.place === place &&
      !last.mixed &&
      !mixed &&
      last.column + last.cells === column;
    if (goesOn) pieces[pieces.length - 1] = { ...last, cells: last.cells + 1 };
    else pieces.push({ thing, ...(place !== undefined && { place }), mixed, column, cells: 1 });
  }
  return pieces;
}
