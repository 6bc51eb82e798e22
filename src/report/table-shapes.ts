/** The tables below a map as part of a picture: letters of one width in columns, a bar of what is free. */
import { cutName } from '../cut-text.ts';
import type { Drawn } from './map-picture.ts';
import type { MapTable } from './map-tables.ts';
import { type Shape, shape } from './shape.ts';

const ROW = 22;
const LEFT = 12;
/** What a letter takes, and what is between columns. */
const LETTER = 7.9;
const GAP = 20;
const BAR = 96;
/** Letters of a name. */
const NAME_ROOM = 44;

const text = (x: number, y: number, words: string, look?: string, anchor?: string): Shape =>
  shape('text', { x, y, class: look, 'text-anchor': anchor }, words);

/** @param top where they begin */
export function tableShapes(tables: readonly MapTable[], top: number): Drawn {
  const shapes: Shape[] = [];
  let y = top;
  for (const table of tables) {
    const drawn = tableShape(table, y);
    shapes.push(...drawn.shapes);
    y = drawn.bottom + ROW / 2;
  }
  return { shapes, bottom: y };
}

function tableShape({ columns, rows, notes, free }: MapTable, top: number): Drawn {
  const cut = rows.map((row) =>
    row.map((cell, at) => (columns[at]?.isName ? cutName(cell, NAME_ROOM, '…') : cell)),
  );
  let x = LEFT;
  const places = columns.map(({ title, right }, at) => {
    const letters = Math.max(title.length, ...cut.map((row) => row[at]?.length ?? 0));
    const from = x;
    // A bar stands behind the name.
    x += Math.ceil(letters * LETTER) + GAP + (at === 0 && free !== undefined ? BAR + GAP : 0);
    return right ? { x: from + Math.ceil(letters * LETTER), anchor: 'end' } : { x: from, letters };
  });
  const line = (cells: readonly string[], y: number, look?: string): readonly Shape[] =>
    cells.map((cell, at) => text(places[at]?.x ?? 0, y, cell, look, places[at]?.anchor));
  const titles = columns.map(({ title }) => title);
  const barAt = LEFT + Math.ceil((places[0]?.letters ?? 0) * LETTER) + GAP;
  const shapes = cut.map((row, at) => {
    const y = top + (at + 1) * ROW;
    const share = free?.[at];
    const bar = { x: barAt, y: y + 3, height: 13 };
    const bars =
      share === undefined
        ? []
        : [
            shape('rect', { ...bar, width: (BAR * share).toFixed(1), class: 'k-area-free' }),
            shape('rect', { ...bar, width: BAR, class: 'frame' }),
          ];
    return shape('g', {}, ...line(row, y + 14).slice(0, 1), ...bars, ...line(row, y + 14).slice(1));
  });
  const below = top + (rows.length + 1) * ROW;
  const told = notes.map((note, at) => text(LEFT, below + at * (ROW - 4) + 12, note, 'quiet'));
  return {
    shapes: [...line(titles, top + 14, 'head'), ...shapes, ...told],
    bottom: below + notes.length * (ROW - 4) + 4,
  };
}
