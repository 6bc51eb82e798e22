/**
 * The map as a picture, for a file of its own and for pages. Every kind has its pattern, each thing is a group with a
 * title that a screen reader says and an id that others can link to.
 */
import { formatHex } from '../units.ts';
import { KIND_TELLS, KIND_WORDS, type MapKind } from './map-kinds.ts';
import { fitNames, rowNames, rowsWords } from './map-labels.ts';
import { type MapLayout, type MapLine, partsIn } from './map-layout.ts';
import { kindBox } from './map-looks.ts';
import {
  addressOf,
  FOLD_MARK,
  isOfPlace,
  kindTotals,
  placeWords,
  SIGN_WORDS,
  shownKinds,
  thingWords,
} from './map-words.ts';
import type { MapThing, MemoryMap } from './memory-map.ts';
import { roundSize } from './round-size.ts';
import { type Shape, shape } from './shape.ts';

/** Sizes in pixels. */
const CELL = { width: 10, height: 20 };
const LEFT = 104;
const GAP = 4;
const NAMES = 480;
/** What a letter takes. */
const LETTER = 7.9;
/** Letters of the names beside a row. */
const ROOM = Math.floor((NAMES - 20) / LETTER);
const LEGEND_ROW = 22;
const SWATCH = 38;

/** The id of a thing: `buffer-12`, `device-3`, of others their number. */
export function thingId({ things }: MemoryMap, index: number, prefix = ''): string {
  const { kind, number } = things[index] ?? {};
  return number === undefined ? `${prefix}thing-${index}` : `${prefix}${kind}-${number}`;
}

/** The id of a place. */
export const placeId = (index: number, prefix = ''): string => `${prefix}region-${index}`;

/** Shapes one below the other. */
export interface Drawn {
  readonly shapes: readonly Shape[];
  /** Where they end. */
  readonly bottom: number;
}

/** A piece of a row: neighbouring cells that are of the same thing. */
interface Piece {
  readonly thing: number;
  readonly place?: number;
  readonly mixed: boolean;
  readonly column: number;
  readonly cells: number;
}

export class MapPicture {
  readonly #map: MemoryMap;
  readonly #layout: MapLayout;
  readonly #prefix: string;
  readonly #chosen: number | undefined;
  /** Whether a row has names that are not told. */
  #isAnyLeft = false;

  /**
   * @param prefix goes before every id, where other things of a page have ids
   * @param chosen a thing that is marked
   */
  constructor(map: MemoryMap, layout: MapLayout, prefix: string, chosen?: number) {
    this.#map = map;
    this.#layout = layout;
    this.#prefix = prefix;
    this.#chosen = chosen;
  }

  get width(): number {
    return LEFT + this.#layout.columns * CELL.width + NAMES;
  }

  /** How much is shown, and what a cell stands for. */
  scale(): string {
    const { window, cellPages, columns } = this.#layout;
    const there = partsIn(this.#map.parts, window).reduce((sum, { pages }) => sum + pages, 0);
    return `${this.#size(there)} of memory. A cell is ${this.#size(cellPages)}, a row ${this.#size(cellPages * columns)}.`;
  }

  #size(pages: number): string {
    return roundSize(BigInt(pages) * BigInt(this.#map.pageSize));
  }

  #address(pfn: number): string {
    return formatHex(addressOf(pfn, this.#map.pageSize));
  }

  /** The rows. A thing is a group, although its pieces lie in many rows. */
  grid(top: number): Drawn {
    const { lines, columns } = this.#layout;
    const pieces = new Map<number, Shape[]>();
    const over: Shape[] = [];
    const right = LEFT + columns * CELL.width;
    let y = top;
    let last: number | undefined;
    const labels = rowNames(this.#map, this.#layout);
    for (const [at, line] of lines.entries()) {
      if (line.is === 'hole') {
        const words = `a hole: no memory for ${this.#size(line.pages)}`;
        over.push(shape('text', { x: LEFT, y: y + 14, class: 'quiet' }, words));
        y += CELL.height + GAP;
        continue;
      }
      const height = line.alike > 1 ? CELL.height + 6 : CELL.height;
      for (const piece of piecesOf(line)) {
        this.#put(piece, y, height, pieces);
        const x = LEFT + piece.column * CELL.width;
        // A border where a thing begins, so that neighbours of one kind are two: not where it goes on from the row before.
        if (piece.column > 0 || piece.thing !== last)
          over.push(shape('path', { class: 'edge', d: `M${x} ${y}v${height}` }));
        if (piece.mixed) over.push(corner(x + 1.5, y + height - 1.5, piece.cells * CELL.width - 3));
      }
      last = line.cells.at(-1)?.thing;
      if (line.alike > 1) {
        const across = `h${columns * CELL.width}`;
        over.push(
          shape('path', { class: 'fold', d: `M${LEFT} ${y + 8.5}${across}M${LEFT} ${y + 17.5}${across}` }),
        );
      }
      const rows = rowsWords(this.#map, this.#layout, line);
      const fold = rows === '' ? '' : `${FOLD_MARK} ${rows}`;
      const names = fitNames(labels[at] ?? [], ROOM - fold.length, '…');
      if (names.more > 0) this.#isAnyLeft = true;
      over.push(shape('text', { x: LEFT - 8, y: y + 15, 'text-anchor': 'end' }, this.#address(line.pfn)));
      const told = fold + names.text;
      if (told !== '') over.push(shape('text', { x: right + 10, y: y + 15 }, told));
      y += height + GAP;
    }
    return { shapes: [...this.#groups(pieces), ...over], bottom: y };
  }

  #put(piece: Piece, y: number, height: number, pieces: Map<number, Shape[]>): void {
    const thing = this.#map.things[piece.thing];
    if (thing === undefined) return;
    const box = { x: LEFT + piece.column * CELL.width, y, width: piece.cells * CELL.width, height };
    const own = pieces.get(piece.thing) ?? [];
    own.push(...kindBox(thing.kind, box, this.#prefix));
    pieces.set(piece.thing, own);
  }

  /** The things, those of a place together. */
  #groups(pieces: ReadonlyMap<number, readonly Shape[]>): readonly Shape[] {
    const { things, places } = this.#map;
    const isIn = (place: number | undefined) =>
      [...pieces.keys()].filter((index) => things[index]?.place === place);
    const group = (index: number) => this.#group(index, pieces.get(index) ?? []);
    const inPlaces = places.flatMap((place, at) => {
      const own = isIn(at);
      if (own.length === 0) return [];
      const title = `${placeWords(place)}, ${this.#size(place.pages)} at ${this.#address(place.pfn)}`;
      const id = placeId(at, this.#prefix);
      return [shape('g', { id, role: 'group', 'aria-label': title }, ...own.map(group))];
    });
    return [...isIn(undefined).map(group), ...inPlaces];
  }

  #group(index: number, pieces: readonly Shape[]): Shape {
    const thing = this.#map.things[index] as MapThing;
    const [run] = thing.runs;
    const split = thing.runs.length > 1 ? ` in ${thing.runs.length} pieces, the first` : '';
    const at = run === undefined ? '' : ` at ${this.#address(run.pfn)}`;
    const where = thing.place === undefined ? undefined : this.#map.places[thing.place];
    const inside = where === undefined || isOfPlace(thing) ? '' : ` in ${placeWords(where)}`;
    const title = `${thingWords(thing)}, ${this.#size(thing.pages)}${split}${at}${inside}`;
    const id = thingId(this.#map, index, this.#prefix);
    const marked = index === this.#chosen ? 'chosen' : undefined;
    return shape(
      'g',
      { id, class: marked, role: 'img', 'aria-label': title },
      shape('title', {}, title),
      ...pieces,
    );
  }

  /** The kinds that are there, each with its look and its size. */
  legend(top: number): Drawn {
    const totals = kindTotals(this.#map, partsIn(this.#map.parts, this.#layout.window));
    const shown = shownKinds(this.#map, this.#layout);
    const words = totals.map(
      ({ kind, pages }) => `${KIND_WORDS[kind]} ${this.#size(pages)}${shown.has(kind) ? '' : ' (in ◣ only)'}`,
    );
    const widest = SWATCH + Math.max(...words.map(({ length }) => length)) * LETTER + 16;
    const columns = Math.max(Math.floor((this.width - 24) / widest), 1);
    const step = (this.width - 24) / columns;
    const at = (index: number): readonly [x: number, y: number] => [
      12 + (index % columns) * step,
      top + 14 + Math.floor(index / columns) * LEGEND_ROW,
    ];
    const entries = totals.map(({ kind }, index) => {
      const [x, y] = at(index);
      return shape(
        'g',
        {},
        shape('title', {}, KIND_TELLS[kind]),
        ...this.#swatch(kind, x, y),
        shape('text', { x: x + SWATCH, y: y + 12 }, words[index] ?? ''),
      );
    });
    const below = top + 14 + Math.ceil(entries.length / columns) * LEGEND_ROW;
    const signs = this.#signs().map((words, index) =>
      shape('text', { x: 12, y: below + 12 + index * (LEGEND_ROW - 4), class: 'quiet' }, words),
    );
    return { shapes: [...entries, ...signs], bottom: below + signs.length * (LEGEND_ROW - 4) };
  }

  /** What signs of the picture mean that are of no kind. */
  #signs(): readonly string[] {
    const rows = this.#layout.lines.flatMap((line) => (line.is === 'row' ? [line] : []));
    const isMixed = rows.some(({ cells }) => cells.some(({ mixed }) => mixed));
    const isFolded = rows.some(({ alike }) => alike > 1);
    return [
      ...(isMixed ? [`◣ ${SIGN_WORDS.mixed}`] : []),
      ...(isFolded ? [`${FOLD_MARK} ${SIGN_WORDS.fold}`] : []),
      ...(this.#isAnyLeft ? [`+2 ${SIGN_WORDS.more}`] : []),
    ];
  }

  #swatch(kind: MapKind, x: number, y: number): readonly Shape[] {
    const box = { x, y, width: 30, height: 15 };
    return [...kindBox(kind, box, this.#prefix), shape('rect', { ...box, class: 'frame' })];
  }
}

/** The mark of a cell that several kinds have pages of. */
const corner = (x: number, y: number, width: number): Shape =>
  shape('path', { class: 'corner', d: `M${x} ${y}v-7l${width} 7z` });

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
