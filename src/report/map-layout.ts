/**
 * A map as rows of cells: how many pages a cell stands for, which rows are all alike and shown once, where a hole is.
 *
 * ```text
 * 0x40000000  KKKKkkkk........   a row: each cell the same number of pages
 * 0x42000000  ................   rows of one thing alone: shown once, with their number
 *             -- hole of 1 GiB   nothing is there
 * ```
 */
import type { PfnRange } from '../units.ts';
import type { MapPart, MemoryMap } from './memory-map.ts';

/** What a cell stands for. */
export interface MapCell {
  /** The thing that has most of its pages, and the place of those; absent where there is no memory. */
  readonly thing?: number;
  readonly place?: number;
  /** Whether things of several kinds have pages of it. */
  readonly mixed: boolean;
  /** How many things do. */
  readonly things: number;
}

/** A line of the picture. */
export type MapLine =
  | {
      readonly is: 'row';
      /** The first page of its first cell. */
      readonly pfn: number;
      readonly cells: readonly MapCell[];
      /** How many rows there are like this one, itself counted. */
      readonly alike: number;
      /** The places and the things that begin in it, ascending. */
      readonly opens: readonly number[];
      readonly begins: readonly number[];
      /** All things that have pages of it, in the order of their first ones. */
      readonly has: readonly number[];
    }
  | ({ readonly is: 'hole' } & PfnRange);

export interface MapLayout {
  /** What is shown. */
  readonly window: PfnRange;
  /** The pages of a cell, a power of two. */
  readonly cellPages: number;
  /** The cells of a row. */
  readonly columns: number;
  readonly lines: readonly MapLine[];
  /** The things that have no run as long as a cell, ascending. */
  readonly small: readonly number[];
}

export interface LayoutWish {
  /** Cells in a row, a power of two. */
  readonly columns: number;
  /** The most rows to show, as far as cells can be as large as that needs. */
  readonly rows: number;
  /** What to show; all memory unless given. */
  readonly window?: PfnRange;
}

const endOf = ({ pfn, pages }: PfnRange): number => pfn + pages;

/** Parts cut at the borders of a window. */
export function partsIn(parts: readonly MapPart[], window: PfnRange): readonly MapPart[] {
  return parts.flatMap((part) => {
    const pfn = Math.max(part.pfn, window.pfn);
    const end = Math.min(endOf(part), endOf(window));
    return end > pfn ? [{ ...part, pfn, pages: end - pfn }] : [];
  });
}

/** From the first page of memory to the last. */
export function wholeOf({ segments }: MemoryMap): PfnRange {
  const pfn = segments[0]?.pfn ?? 0;
  return { pfn, pages: Math.max(...segments.map(endOf), pfn + 1) - pfn };
}

/**
 * Lays a map out: the largest cells that still show everything, or, where that needs too many rows, the smallest
 * whose rows fit.
 */
export function layoutMap(map: MemoryMap, { columns, rows, window = wholeOf(map) }: LayoutWish): MapLayout {
  const parts = partsIn(map.parts, window);
  const pages = parts.reduce((sum, part) => sum + part.pages, 0);
  let cellPages = 1;
  // Rows that are not folded, so that a large area is not one line.
  while (cellPages * columns * rows < pages) cellPages *= 2;
  while (cellPages > 1 && isMixed(parts, cellPages) && countRows(parts, (cellPages / 2) * columns) <= rows) {
    cellPages /= 2;
  }
  while (countRows(parts, cellPages * columns) > rows && cellPages * columns < endOf(window)) cellPages *= 2;
  const drawn = new Drawing(map, parts, cellPages, columns);
  return { window, cellPages, columns, lines: drawn.lines(), small: smallThings(parts, cellPages) };
}

/** Whether a border of two parts lies within a cell. */
const isMixed = (parts: readonly MapPart[], cellPages: number): boolean =>
  parts.some((part) => part.pfn % cellPages !== 0 || endOf(part) % cellPages !== 0);

/** The rows that parts need: each that they share, and one for whole rows of one part. */
function countRows(parts: readonly MapPart[], rowPages: number): number {
  let count = 0;
  let last = -1;
  for (const part of parts) {
    const first = Math.floor(part.pfn / rowPages);
    const end = Math.floor((endOf(part) - 1) / rowPages);
    if (first !== last) count++;
    // The rows after the first one, without the one that the next part shares.
    if (end > first) count += end - first > 1 ? 2 : 1;
    last = end;
  }
  return count;
}

function smallThings(parts: readonly MapPart[], cellPages: number): readonly number[] {
  const longest = new Map<number, number>();
  for (const { thing, pages } of parts) longest.set(thing, Math.max(longest.get(thing) ?? 0, pages));
  return [...longest].filter(([, pages]) => pages < cellPages).map(([thing]) => thing);
}

class Drawing {
  readonly #map: MemoryMap;
  readonly #parts: readonly MapPart[];
  readonly #cellPages: number;
  readonly #columns: number;
  /** The first part that ends behind the row at hand. */
  #at = 0;

  constructor(map: MemoryMap, parts: readonly MapPart[], cellPages: number, columns: number) {
    this.#map = map;
    this.#parts = parts;
    this.#cellPages = cellPages;
    this.#columns = columns;
  }

  lines(): readonly MapLine[] {
    const rowPages = this.#cellPages * this.#columns;
    const lines: MapLine[] = [];
    const seen = new Set<number>();
    const opened = new Set<number | undefined>();
    let end: number | undefined;
    for (let row = this.#firstRow(rowPages); row !== undefined; row = this.#firstRow(rowPages)) {
      const pfn = row * rowPages;
      const first = this.#parts[this.#at];
      const from = first === undefined ? pfn : Math.max(first.pfn, pfn);
      if (end !== undefined && from - end >= rowPages)
        lines.push({ is: 'hole', pfn: end, pages: from - end });
      const alike = this.#alike(pfn, rowPages);
      const cells = this.#cells(pfn);
      const [opens, begins]: [number[], number[]] = [[], []];
      const has = new Set<number>();
      for (let i = this.#at; i < this.#parts.length; i++) {
        const part = this.#parts[i];
        if (part === undefined || part.pfn >= pfn + alike * rowPages) break;
        if (!seen.has(part.thing)) begins.push(part.thing);
        seen.add(part.thing);
        has.add(part.thing);
        if (part.place !== undefined && !opened.has(part.place)) opens.push(part.place);
        opened.add(part.place);
        end = Math.min(endOf(part), pfn + alike * rowPages);
      }
      lines.push({ is: 'row', pfn, cells, alike, opens, begins, has: [...has] });
      this.#skipTo(pfn + alike * rowPages);
    }
    return lines;
  }

  #skipTo(pfn: number): void {
    for (let part = this.#parts[this.#at]; part !== undefined && endOf(part) <= pfn; ) {
      part = this.#parts[++this.#at];
    }
    this.#from = pfn;
  }

  /** Where the next row begins at the earliest. */
  #from = 0;

  #firstRow(rowPages: number): number | undefined {
    const part = this.#parts[this.#at];
    return part && Math.floor(Math.max(part.pfn, this.#from) / rowPages);
  }

  /** How many rows from this one on are of the same part alone. */
  #alike(pfn: number, rowPages: number): number {
    const part = this.#parts[this.#at];
    if (part === undefined || part.pfn > pfn) return 1;
    return Math.max(Math.floor((endOf(part) - pfn) / rowPages), 1);
  }

  #cells(pfn: number): readonly MapCell[] {
    let at = this.#at;
    return Array.from({ length: this.#columns }, (_, column): MapCell => {
      const from = pfn + column * this.#cellPages;
      const to = from + this.#cellPages;
      const pages = new Map<number, number>();
      let most: MapPart | undefined;
      let mostPages = 0;
      for (let part = this.#parts[at]; part !== undefined && part.pfn < to; part = this.#parts[++at]) {
        const inside = Math.min(endOf(part), to) - Math.max(part.pfn, from);
        if (inside > 0) {
          const sum = (pages.get(part.thing) ?? 0) + inside;
          pages.set(part.thing, sum);
          if (sum > mostPages) [most, mostPages] = [part, sum];
        }
        if (endOf(part) > to) break;
      }
      const kinds = new Set([...pages.keys()].map((thing) => this.#map.things[thing]?.kind));
      return {
        ...(most && { thing: most.thing }),
        ...(most?.place !== undefined && { place: most.place }),
        mixed: kinds.size > 1,
        things: pages.size,
      };
    });
  }
}
