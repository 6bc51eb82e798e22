/** The map of memory as text: rows of cells, what begins in each, a legend, and what can be had. */

import { SAME } from '../../cut-text.ts';
import { escapeText } from '../../escape-text.ts';
import { KIND_WORDS } from '../../report/map-kinds.ts';
import { fitNames, type RowName, rowNames, rowsWords } from '../../report/map-labels.ts';
import { type MapCell, type MapLayout, type MapLine, partsIn } from '../../report/map-layout.ts';
import { mapTables } from '../../report/map-tables.ts';
import { addressOf, kindTotals, SIGN_WORDS, secondShade, shownKinds } from '../../report/map-words.ts';
import type { MemoryMap } from '../../report/memory-map.ts';
import { roundSize } from '../../report/round-size.ts';
import { bytesOf, formatHex, rangeEnd } from '../../units.ts';
import type { Hue, Ink } from '../terminal/ink.ts';
import { type ListColumn, type Page, renderList } from '../terminal/list-table.ts';
import { wrapWords } from '../terminal/table.ts';
import { BORDER, FOLD, GLYPHS, glyphText, MIXED, OTHER_BUFFER } from './map-glyphs.ts';

/** Where the map goes. */
export interface MapPage extends Page {
  readonly unicode: boolean;
}

/** Cells of a row that leave room for the names beside them. */
export const columnsFor = (width: number): number =>
  width >= 190 ? 128 : width >= 120 ? 64 : width >= 64 ? 32 : width >= 36 ? 16 : 8;

/** All of it. */
export function renderMap(map: MemoryMap, layout: MapLayout, ink: Ink, page: MapPage): string {
  const drawing = new MapDrawing(map, layout, ink, page);
  return [drawing.head(), drawing.picture(), drawing.legend(), ...drawing.tables()].join('\n');
}

/** A cell's character, and its colour. */
type CellLook = readonly [text: string, hue: Hue | undefined];

/** A row that stands for many: its middle is open. */
function folded(cells: readonly CellLook[], unicode: boolean): readonly CellLook[] {
  const middle = cells.length / 2;
  const mark = glyphText(FOLD, unicode);
  return cells.map((cell, at): CellLook => {
    if (at === middle) return [mark, undefined];
    return Math.abs(at - middle) === 1 ? [' ', undefined] : cell;
  });
}

/** A row of a table; other names of the same thing stand below the first, where they have room. */
function byName([names = '', ...cells]: readonly string[]): readonly (readonly string[])[] {
  const [first = '', ...others] = names.split(SAME);
  return [[first, ...cells], ...others.map((name) => [`${SAME.trimStart()}${name}`])];
}

class MapDrawing {
  readonly #map: MemoryMap;
  readonly #layout: MapLayout;
  readonly #ink: Ink;
  readonly #page: MapPage;
  readonly #addressWidth: number;
  readonly #isSecond: ReadonlySet<number>;
  /** What of signs the picture has. */
  readonly #drawn = { cells: new Set<string>(), isAnyLeft: false };

  constructor(map: MemoryMap, layout: MapLayout, ink: Ink, page: MapPage) {
    this.#map = map;
    this.#layout = layout;
    this.#ink = ink;
    this.#page = page;
    this.#isSecond = secondShade(map);
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
      this.#map.banner,
      `${this.#size(there)} at ${formatHex(range.base)}..${formatHex(rangeEnd(range) - 1n)}; a cell is ${this.#size(cellPages)} (${cell}), a row ${this.#size(cellPages * columns)}`,
    ]
      .flatMap((line) => wrapWords(line, this.#page.width))
      .map((line) => `${line}\n`)
      .join('');
  }

  picture(): string {
    const { lines } = this.#layout;
    const names = rowNames(this.#map, this.#layout);
    return lines.map((line, at) => `${this.#line(line, names[at] ?? [], lines[at - 1])}\n`).join('');
  }

  #line(line: MapLine, names: readonly RowName[], before: MapLine | undefined): string {
    const pad = ' '.repeat(this.#addressWidth);
    if (line.is === 'hole') return this.#ink.dim(`${pad} (a hole: no memory for ${this.#size(line.pages)})`);
    const { cells, pfn } = line;
    const address = this.#address(pfn).padStart(this.#addressWidth);
    // What comes before the first cell is the last one of the row above.
    const last = before?.is === 'row' ? before.cells.at(-1) : undefined;
    const looks = cells.map((cell, at) => this.#cell(cell, at === 0 ? last : cells[at - 1], cells[at + 1]));
    const row = this.#runs(line.alike > 1 ? folded(looks, this.#page.unicode) : looks);
    const room = this.#page.width - this.#addressWidth - cells.length - 3;
    return `${this.#ink.dim(address)} ${row}  ${this.#names(line, names, room)}`.trimEnd();
  }

  /** Cells of one look as one piece, so that a coloured row is not mostly escape sequences. */
  #runs(cells: readonly CellLook[]): string {
    let out = '';
    for (let at = 0; at < cells.length; ) {
      const [, hue] = cells[at] ?? ['', undefined];
      let text = '';
      while (at < cells.length && cells[at]?.[1] === hue) text += cells[at++]?.[0] ?? '';
      for (const sign of text) this.#drawn.cells.add(sign);
      out += hue === undefined ? text : this.#ink.hue(hue, text);
    }
    return out;
  }

  #cell({ thing, place, mixed }: MapCell, before: MapCell | undefined, after: MapCell | undefined): CellLook {
    const it = thing === undefined ? undefined : this.#map.things[thing];
    if (it === undefined) return [' ', undefined];
    const { unicode } = this.#page;
    const glyph = this.#isSecond.has(thing ?? -1) ? OTHER_BUFFER : GLYPHS[it.kind];
    if (mixed) return [MIXED, glyph.hue];
    const isNext = place !== undefined && before?.place !== undefined && before.place !== place;
    const isLike = before?.thing !== undefined && this.#map.things[before.thing]?.kind === it.kind;
    // Neighbours of one kind would look like one; of another kind, where the next cell shows what it is.
    const isBorder = isNext && (isLike || (after?.thing === thing && after?.mixed === false));
    return [isBorder ? BORDER : glyphText(glyph, unicode), glyph.hue];
  }

  /** Who begins in a row, as far as there is room. */
  #names(line: Extract<MapLine, { is: 'row' }>, names: readonly RowName[], room: number): string {
    const { ellipsis, unicode } = this.#page;
    const rows = rowsWords(this.#map, this.#layout, line);
    const folded = rows === '' ? '' : `${glyphText(FOLD, unicode)} ${rows}`;
    const safe = names.map((name) => ({ ...name, text: escapeText(name.text) }));
    const { text, more } = fitNames(safe, room - folded.length, ellipsis);
    if (more > 0) this.#drawn.isAnyLeft = true;
    return folded + text;
  }

  legend(): string {
    const { unicode, width } = this.#page;
    const { window } = this.#layout;
    const totals = kindTotals(this.#map, partsIn(this.#map.parts, window));
    const shown = shownKinds(this.#map, this.#layout);
    const entries = totals.map(({ kind, pages }): readonly [string, string, Hue] => {
      const glyph = GLYPHS[kind];
      const isShaded = kind === 'buffer' && this.#drawn.cells.has(glyphText(OTHER_BUFFER, unicode));
      const other = isShaded ? glyphText(OTHER_BUFFER, unicode) : '';
      const mark = shown.has(kind) ? '' : ` (in ${MIXED} only)`;
      return [
        `${glyphText(glyph, unicode)}${other}`,
        `${KIND_WORDS[kind]} ${this.#size(pages)}${mark}`,
        glyph.hue,
      ];
    });
    const cell = Math.max(...entries.map(([glyph, words]) => glyph.length + words.length + 1)) + 2;
    const perLine = Math.max(Math.floor((width + 2) / cell), 1);
    const lines: string[] = [];
    for (let at = 0; at < entries.length; at += perLine) {
      const line = entries.slice(at, at + perLine).map(([glyph, words, hue]) => {
        const padding = ' '.repeat(cell - glyph.length - words.length - 1);
        return `${this.#ink.hue(hue, glyph)} ${words}${padding}`;
      });
      lines.push(line.join('').trimEnd());
    }
    return [...lines, ...this.#signs()].map((line) => `${line}\n`).join('');
  }

  /** What signs of the picture mean that are of no kind. */
  #signs(): readonly string[] {
    const { unicode } = this.#page;
    const { cells, isAnyLeft } = this.#drawn;
    const [buffer, other] = [glyphText(GLYPHS.buffer, unicode), glyphText(OTHER_BUFFER, unicode)];
    const fold = glyphText(FOLD, unicode);
    const signs: readonly (readonly [isThere: boolean, sign: string, words: string])[] = [
      [cells.has(buffer) && cells.has(other), `${buffer}${other}`, SIGN_WORDS.shades],
      [cells.has(MIXED), MIXED, SIGN_WORDS.mixed],
      [cells.has(BORDER), BORDER, SIGN_WORDS.border],
      [cells.has(fold), fold, SIGN_WORDS.fold],
      [isAnyLeft, '+2', SIGN_WORDS.more],
    ];
    return signs.filter(([isThere]) => isThere).map(([, sign, words]) => `${sign} ${words}`);
  }

  /** What below the legend is text alone. */
  tables(): readonly string[] {
    const { width } = this.#page;
    return mapTables(this.#map, this.#layout).map(({ columns, rows, notes }) => {
      const listed = columns.map(
        ({ title, right, isName, isExtra }, at): ListColumn<readonly string[]> => ({
          title,
          text: (row) => escapeText(row[at] ?? ''),
          ...(right && { right }),
          ...(isName && { name: true }),
          ...(isExtra && { shown: 'room' }),
        }),
      );
      const table = renderList(listed, rows.flatMap(byName), {}, this.#page, this.#ink.title);
      const told = notes.flatMap((note) => wrapWords(note, width - 2)).map((line) => `  ${line}\n`);
      return table + told.map((line) => this.#ink.dim(line)).join('');
    });
  }
}
