/** The map of memory as text: rows of cells, what begins in each, a legend, and what can be had. */

import { escapeText } from '../../escape-text.ts';
import { KIND_WORDS } from '../../report/map-kinds.ts';
import { type MapCell, type MapLayout, type MapLine, partsIn } from '../../report/map-layout.ts';
import {
  addressOf,
  freeSpaces,
  kindTotals,
  namesOf,
  placeWords,
  thingWords,
  wholeName,
  zoomWords,
} from '../../report/map-words.ts';
import type { MapThing, MemoryMap } from '../../report/memory-map.ts';
import { roundSize } from '../../report/round-size.ts';
import { bytesOf, formatHex, type PfnRange, rangeEnd } from '../../units.ts';
import type { Ink } from '../terminal/ink.ts';
import type { Page } from '../terminal/list-table.ts';
import { renderTable } from '../terminal/table.ts';
import { bufferTable } from './map-buffers.ts';
import { BORDER, GLYPHS, glyphText, MIXED, OTHER_BUFFER } from './map-glyphs.ts';

/** Where the map goes. */
export interface MapPage extends Page {
  readonly unicode: boolean;
}

/** Cells of a row that leave room for the names beside them. */
export const columnsFor = (width: number): number =>
  width >= 190 ? 128 : width >= 120 ? 64 : width >= 64 ? 32 : width >= 36 ? 16 : 8;

/** How many things that are smaller than a cell are told. */
const MOST_SMALL = 8;

/** All of it. @param what the words of the command line that asked for a part: `video-cma@60000000` */
export function renderMap(map: MemoryMap, layout: MapLayout, ink: Ink, page: MapPage): string {
  const drawing = new MapDrawing(map, layout, ink, page);
  const parts = [drawing.head(), drawing.picture(), drawing.legend(), drawing.spaces()];
  const buffers = bufferTable(map, layout.window, ink, page);
  return [...parts, buffers, drawing.small()].filter((part) => part !== '').join('\n');
}

class MapDrawing {
  readonly #map: MemoryMap;
  readonly #layout: MapLayout;
  readonly #ink: Ink;
  readonly #page: MapPage;
  readonly #addressWidth: number;

  constructor(map: MemoryMap, layout: MapLayout, ink: Ink, page: MapPage) {
    this.#map = map;
    this.#layout = layout;
    this.#ink = ink;
    this.#page = page;
    const { window } = layout;
    this.#addressWidth = this.#address(window.pfn + window.pages).length;
  }

  #address(pfn: number): string {
    return formatHex(addressOf(pfn, this.#map.pageSize));
  }

  #size(pages: number): string {
    return roundSize(BigInt(pages) * BigInt(this.#map.pageSize));
  }

  head(): string {
    const { window, cellPages, columns } = this.#layout;
    const range = bytesOf(window, this.#map.pageSize);
    const parts = partsIn(this.#map.parts, window);
    const there = parts.reduce((sum, { pages }) => sum + pages, 0);
    const cell = cellPages === 1 ? 'one page' : `${cellPages} pages`;
    return [
      `${this.#map.banner}\n`,
      `${this.#size(there)} at ${formatHex(range.base)}..${formatHex(rangeEnd(range) - 1n)}; `,
      `a cell is ${this.#size(cellPages)} (${cell}), a row ${this.#size(cellPages * columns)}\n`,
    ].join('');
  }

  picture(): string {
    return this.#layout.lines.map((line) => `${this.#line(line)}\n`).join('');
  }

  #line(line: MapLine): string {
    const pad = ' '.repeat(this.#addressWidth);
    if (line.is === 'hole') return this.#ink.dim(`${pad} (a hole: no memory for ${this.#size(line.pages)})`);
    const { cells, pfn } = line;
    const address = this.#address(pfn).padStart(this.#addressWidth);
    const row = this.#runs(cells.map((cell, at) => this.#cell(cell, cells[at - 1], cells[at + 1])));
    const room = this.#page.width - this.#addressWidth - cells.length - 3;
    return `${this.#ink.dim(address)} ${row}  ${this.#names(line, room)}`.trimEnd();
  }

  /** Cells of one look as one piece, so that a coloured row is not mostly escape sequences. */
  #runs(cells: readonly (readonly [text: string, hue: Parameters<Ink['hue']>[0] | undefined])[]): string {
    let out = '';
    for (let at = 0; at < cells.length; ) {
      const [, hue] = cells[at] ?? ['', undefined];
      let text = '';
      while (at < cells.length && cells[at]?.[1] === hue) text += cells[at++]?.[0] ?? '';
      out += hue === undefined ? text : this.#ink.hue(hue, text);
    }
    return out;
  }

  #cell(
    { thing, place, mixed }: MapCell,
    before: MapCell | undefined,
    after: MapCell | undefined,
  ): readonly [string, Parameters<Ink['hue']>[0] | undefined] {
    const it = thing === undefined ? undefined : this.#map.things[thing];
    if (it === undefined) return [' ', undefined];
    const { unicode } = this.#page;
    const isOther = it.kind === 'buffer' && (it.number ?? 0) % 2 === 0;
    const glyph = isOther ? OTHER_BUFFER : GLYPHS[it.kind];
    if (mixed) return [MIXED, glyph.hue];
    // Neighbours of one kind would look like one: a border where the second has another cell to show what it is.
    const isBorder =
      place !== undefined &&
      before?.place !== undefined &&
      before.place !== place &&
      after?.thing === thing &&
      after?.mixed === false;
    return [isBorder ? BORDER : glyphText(glyph, unicode), glyph.hue];
  }

  /** What begins in a row, as far as there is room. */
  #names(line: Extract<MapLine, { is: 'row' }>, room: number): string {
    const { alike, cells } = line;
    const { cellPages, columns } = this.#layout;
    const names = namesOf(this.#map, line).map(escapeText);
    if (alike === 1) return this.#fitted(names, room);
    const [all] = cells;
    const thing = all?.thing === undefined ? undefined : this.#map.things[all.thing];
    const of = names.length > 0 || thing === undefined ? names : [escapeText(wholeName(this.#map, thing))];
    const rows = `${alike} rows, ${this.#size(alike * cellPages * columns)}: `;
    return `${rows}${this.#fitted(of, room - rows.length)}`;
  }

  /** Names that fit, and how many more there are. */
  #fitted(names: readonly string[], room: number): string {
    for (let count = names.length; count > 0; count--) {
      const rest = names.length - count;
      const text = [...names.slice(0, count), ...(rest > 0 ? [`+${rest}`] : [])].join('; ');
      if (text.length <= room) return text;
    }
    const [first = ''] = names;
    const rest = names.length > 1 ? `; +${names.length - 1}` : '';
    return `${this.#cut(first, room - rest.length)}${rest}`;
  }

  #cut(text: string, room: number): string {
    const { ellipsis } = this.#page;
    if (text.length <= room) return text;
    // What tells regions apart is often at the end: their address.
    const kept = Math.max(room - ellipsis.length, 0);
    return `${text.slice(0, Math.ceil(kept / 2))}${ellipsis}${text.slice(text.length - Math.floor(kept / 2))}`;
  }

  legend(): string {
    const { unicode, width } = this.#page;
    const { window } = this.#layout;
    const totals = kindTotals(this.#map, partsIn(this.#map.parts, window));
    const entries = totals.map(({ kind, pages }): readonly [string, string, Parameters<Ink['hue']>[0]] => {
      const glyph = GLYPHS[kind];
      const other = kind === 'buffer' ? glyphText(OTHER_BUFFER, unicode) : '';
      return [`${glyphText(glyph, unicode)}${other}`, `${KIND_WORDS[kind]} ${this.#size(pages)}`, glyph.hue];
    });
    const isMixed = this.#layout.lines.some((line) => line.is === 'row' && line.cells.some((c) => c.mixed));
    const all = [...entries, ...(isMixed ? [[MIXED, 'several kinds', 'white'] as const] : [])];
    const cell = Math.max(...all.map(([glyph, words]) => glyph.length + words.length + 1)) + 2;
    const perLine = Math.max(Math.floor((width + 2) / cell), 1);
    const lines: string[] = [];
    for (let at = 0; at < all.length; at += perLine) {
      const line = all.slice(at, at + perLine).map(([glyph, words, hue]) => {
        const padding = ' '.repeat(cell - glyph.length - words.length - 1);
        return `${this.#ink.hue(hue, glyph)} ${words}${padding}`;
      });
      lines.push(`${line.join('').trimEnd()}\n`);
    }
    return lines.join('');
  }

  /** What can be had of each area that the window touches. */
  spaces(): string {
    const { window } = this.#layout;
    const touches = (run: PfnRange | undefined) =>
      run === undefined || (run.pfn < window.pfn + window.pages && window.pfn < run.pfn + run.pages);
    const spaces = freeSpaces(this.#map).filter(({ place, longest }) => touches(place ?? longest));
    const at = (run: PfnRange | undefined) =>
      run === undefined ? '-' : `${this.#size(run.pages)} at ${this.#address(run.pfn)}`;
    const isWide = this.#page.width >= 100;
    const room = Math.max(this.#page.width - (isWide ? 40 : 15) - 2 * (this.#addressWidth + 13), 8);
    const table = spaces.map(({ name, place, pages, freePages, longest, aligned }) => [
      this.#cut(escapeText(place === undefined ? `${name} (system)` : placeWords(place)), room),
      this.#size(freePages),
      ...(isWide ? [this.#size(pages)] : []),
      at(longest),
      at(aligned),
      ...(isWide ? [place?.request === undefined ? '-' : roundSize(place.request)] : []),
    ]);
    return renderTable(
      [
        { title: 'FREE IN' },
        { title: 'FREE', right: true },
        ...(isWide ? [{ title: 'OF', right: true }] : []),
        { title: 'LARGEST RUN' },
        { title: 'LARGEST ALIGNED' },
        ...(isWide ? [{ title: 'ONE CALL GETS', right: true }] : []),
      ],
      table,
      this.#ink.title,
    );
  }

  /** What is too small for a cell, and how to see it. */
  small(): string {
    const { small } = this.#layout;
    const things = small.flatMap((index) => this.#map.things[index] ?? []);
    if (things.length === 0) return '';
    if (things.length > MOST_SMALL) return this.#smallByRow(things);
    const told = things.flatMap((thing) => {
      const [run] = thing.runs;
      if (run === undefined) return [];
      const more = thing.runs.length > 1 ? `, ${thing.runs.length} pieces` : '';
      const words = `${this.#size(thing.pages)}${more}`;
      const zoom = zoomWords(run, this.#map.pageSize);
      const room = this.#page.width - words.length - zoom.length - 13;
      return `  ${this.#cut(escapeText(thingWords(thing)), Math.max(room, 12))}, ${words}: memmap ${zoom}\n`;
    });
    return `${this.#ink.title('Smaller than a cell:')}\n${told.join('')}`;
  }

  /** Of many the rows that show them. */
  #smallByRow(things: readonly MapThing[]): string {
    const { cellPages, columns } = this.#layout;
    const rowPages = cellPages * columns;
    const rows = new Map<number, number>();
    for (const { runs } of things) {
      const row = Math.floor((runs[0]?.pfn ?? 0) / rowPages);
      rows.set(row, (rows.get(row) ?? 0) + 1);
    }
    const most = [...rows].sort((a, b) => b[1] - a[1]).slice(0, MOST_SMALL);
    const lines = most.map(([row, count]) => {
      const zoom = zoomWords({ pfn: row * rowPages, pages: rowPages }, this.#map.pageSize);
      return `  ${count} ${count === 1 ? 'thing' : 'things'}: memmap ${zoom}\n`;
    });
    const rest = rows.size - most.length;
    const more = rest > 0 ? `  and in ${rest} more rows: all are in memmap --json\n` : '';
    return `${this.#ink.title('Smaller than a cell, by row:')}\n${lines.join('')}${more}`;
  }
}
