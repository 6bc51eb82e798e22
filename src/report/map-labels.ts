/** What stands beside the rows of a map: who begins there, cut to the room that there is. */
import { cutName, sharedRoom, shortestName } from '../cut-text.ts';
import type { MapLayout, MapLine } from './map-layout.ts';
import { isOfPlace, placeWords, thingWords } from './map-words.ts';
import type { MapThing, MemoryMap } from './memory-map.ts';
import { roundSize } from './round-size.ts';

type Row = Extract<MapLine, { is: 'row' }>;

const BETWEEN = '; ';

/** Rather than cut names of this length, fewer are told. */
const LONG_NAME = 24;

/** A name beside a row. */
export interface RowName {
  readonly text: string;
  /** It is a region's, which other tables have in full: it gives way first. */
  readonly isPlace: boolean;
}

/** Names that fit, and how many more there are: `video-cma@60000000; camera: frame 0; +2`. */
export function fitNames(
  names: readonly RowName[],
  room: number,
  ellipsis: string,
): { readonly text: string; readonly more: number } {
  for (let count = names.length; count > 0; count--) {
    const more = names.length - count;
    const mark = more === 0 ? '' : `${BETWEEN}+${more}`;
    const told = names.slice(0, count);
    const left = room - mark.length - BETWEEN.length * (count - 1);
    const rooms = roomsOf(told, left) ?? (count > 1 ? undefined : [left]);
    if (rooms === undefined) continue;
    const text = told.map((name, at) => cutName(name.text, rooms[at] ?? 0, ellipsis)).join(BETWEEN);
    return { text: text + mark, more };
  }
  return { text: '', more: 0 };
}

/** How long each may be: regions' names give way first; `undefined` where they would be too short to be known. */
function roomsOf(names: readonly RowName[], room: number): readonly number[] | undefined {
  const lengths = names.map(({ text }) => text.length);
  const least = (at: number): number => {
    const { text = '', isPlace = false } = names[at] ?? {};
    return isPlace ? shortestName(text) : Math.min(text.length, LONG_NAME);
  };
  const sum = (of: (at: number) => number): number => names.reduce((all, _, at) => all + of(at), 0);
  if (sum(least) > room) return undefined;
  const things = sum((at) => (names[at]?.isPlace ? 0 : (lengths[at] ?? 0)));
  const shortest = sum((at) => (names[at]?.isPlace ? least(at) : 0));
  if (things + shortest > room) return sharedRoom(lengths, room);
  const places = sharedRoom(
    names.map(({ text, isPlace }) => (isPlace ? text.length : 0)),
    room - things,
  );
  return names.map(({ isPlace }, at) => (isPlace ? (places[at] ?? 0) : (lengths[at] ?? 0)));
}

/** What a place or a thing that goes on in a row is called. */
function wholeName({ places }: MemoryMap, thing: MapThing): string {
  const place = isOfPlace(thing) && thing.place !== undefined ? places[thing.place] : undefined;
  return place === undefined ? thingWords(thing) : placeWords(place);
}

/** Whether two rows have the same things. */
const isAlike = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((thing, at) => thing === b[at]);

/**
 * The names of each row: the places and the things that begin in it; where none does, what is in it, unless that is
 * what was in the row before.
 */
export function rowNames(map: MemoryMap, { lines, window }: MapLayout): readonly (readonly RowName[])[] {
  const { places, things } = map;
  let before: readonly number[] = [];
  return lines.map((line) => {
    if (line.is === 'hole') return [];
    const goesOn = line.alike === 1 && isAlike(line.has, before);
    before = line.has;
    // Who looks at one area alone knows its name.
    const opens = line.opens
      .flatMap((index) => places[index] ?? [])
      .filter(({ pfn, pages }) => pfn > window.pfn || pfn + pages < window.pfn + window.pages);
    const begins = line.begins.flatMap((index) => things[index] ?? []).filter((thing) => !isOfPlace(thing));
    const names = [
      ...opens.map((place) => ({ text: placeWords(place), isPlace: true })),
      ...begins.map((thing) => ({ text: thingWords(thing), isPlace: false })),
    ];
    if (names.length > 0 || goesOn) return names;
    const has = line.has.flatMap((index) => things[index] ?? []);
    return [...new Set(has.map((thing) => wholeName(map, thing)))].map((text) => ({ text, isPlace: false }));
  });
}

/** Of rows that are shown once: `105 rows, 420 MiB: `; nothing of a row alone. */
export const rowsWords = (
  { pageSize }: MemoryMap,
  { cellPages, columns }: MapLayout,
  { alike }: Row,
): string =>
  alike === 1 ? '' : `${alike} rows, ${roundSize(BigInt(alike * cellPages * columns) * BigInt(pageSize))}: `;
