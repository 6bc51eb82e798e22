/**
 * The tables below a map, as text: what can be had of each area, what is reserved, who has buffers, what is too small to
 * be seen. Names in them are as users wrote them: who puts them out escapes them.
 */
import { SAME } from '../cut-text.ts';
import { formatHex, type PfnRange } from '../units.ts';
import { KIND_WORDS } from './map-kinds.ts';
import { type MapLayout, partsIn } from './map-layout.ts';
import { addressOf, freeSpaces, isOfPlace, placeWords, zoomWords } from './map-words.ts';
import type { MapThing, MemoryMap } from './memory-map.ts';
import { roundSize } from './round-size.ts';

export interface MapColumn {
  readonly title: string;
  /** Numbers and sizes stand to the right. */
  readonly right?: boolean;
  /** It may be cut where there is no room. */
  readonly isName?: boolean;
  /** It is left out where there is no room. */
  readonly isExtra?: boolean;
}

export interface MapTable {
  readonly columns: readonly MapColumn[];
  readonly rows: readonly (readonly string[])[];
  /** What is to know of the table, a line each. */
  readonly notes: readonly string[];
  /** The part of each row that is free, from 0 to 1, where a picture has a bar. */
  readonly free?: readonly number[];
}

/** Rows of a table, and how many more there are. */
const MOST = { reserved: 12, buffers: 12, tasks: 8, small: 10 };

/** A string that no name of a task or a heap has within. */
const keyOf = (...words: readonly string[]): string => JSON.stringify(words);

/** All tables that a window of a map has something for. */
export function mapTables(map: MemoryMap, layout: MapLayout): readonly MapTable[] {
  const tables = new Tables(map, layout);
  return [tables.free(), tables.reserved(), ...tables.buffers(), tables.small()].filter(
    ({ rows }) => rows.length > 0,
  );
}

/** What is smaller than a cell, in a sentence; empty where nothing is. */
export function smallWords(map: MemoryMap, layout: MapLayout): string {
  const told = new Tables(map, layout).smallOnes();
  const more = layout.small.length - told.length;
  if (told.length === 0) return '';
  return `Smaller than a cell: ${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

class Tables {
  readonly #map: MemoryMap;
  readonly #layout: MapLayout;

  constructor(map: MemoryMap, layout: MapLayout) {
    this.#map = map;
    this.#layout = layout;
  }

  #size(pages: number): string {
    return roundSize(BigInt(pages) * BigInt(this.#map.pageSize));
  }

  #address(pfn: number): string {
    return formatHex(addressOf(pfn, this.#map.pageSize));
  }

  #isSeen(run: PfnRange | undefined): boolean {
    const { window } = this.#layout;
    return run === undefined || (run.pfn < window.pfn + window.pages && window.pfn < run.pfn + run.pages);
  }

  /** What can be had of each area. */
  free(): MapTable {
    const spaces = freeSpaces(this.#map).filter(({ place, longest }) => this.#isSeen(place ?? longest));
    const isLess = (kind: 'cma' | 'coherent'): boolean =>
      spaces.some(
        ({ place, longest, largest }) =>
          place?.area?.kind === kind && largest !== undefined && largest.pages < (longest?.pages ?? 0),
      );
    return {
      columns: [
        { title: 'FREE IN', isName: true },
        { title: 'KIND' },
        { title: 'MAX BUFFER', right: true },
        { title: 'AT', isExtra: true },
        { title: 'FREE', right: true },
        { title: 'OF', right: true },
        { title: 'MAX RUN', right: true },
        { title: 'AT', isExtra: true },
      ],
      rows: spaces.map(({ name, heaps, place, pages, freePages, longest, largest }) => [
        place === undefined ? (heaps.length === 0 ? name : heaps.join(SAME)) : placeWords(place),
        place?.what ?? 'RAM',
        largest === undefined ? 'no heap' : largest.pages === 0 ? 'none' : this.#size(largest.pages),
        largest?.pfn === undefined
          ? largest !== undefined && largest.pages > 0
            ? 'in pieces'
            : '-'
          : this.#address(largest.pfn),
        this.#size(freePages),
        this.#size(pages),
        longest === undefined ? 'none' : this.#size(longest.pages),
        longest === undefined ? '-' : this.#address(longest.pfn),
      ]),
      notes: [
        'Max buffer: the most that one allocation gets now. Max run: the most free memory in one piece.',
        ...(isLess('cma')
          ? ['A buffer of a CMA area begins at a round address, so it can be smaller than the run.']
          : []),
        ...(isLess('coherent')
          ? [
              'A buffer of a pool takes a power of two of pages, at a multiple of that from where the pool begins.',
            ]
          : []),
      ],
      free: spaces.map(({ pages, freePages }) => (pages === 0 ? 0 : freePages / pages)),
    };
  }

  /** What is set aside and no program can allocate of. */
  reserved(): MapTable {
    const all = this.#map.places.filter((place) => place.area === undefined && this.#isSeen(place));
    const told = [...all]
      .sort((a, b) => b.pages - a.pages)
      .slice(0, MOST.reserved)
      .sort((a, b) => a.pfn - b.pfn);
    return {
      columns: [
        { title: 'RESERVED, NO HEAP', isName: true },
        { title: 'KIND' },
        { title: 'SIZE', right: true },
        { title: 'AT' },
      ],
      rows: told.map(({ name, what, pages, pfn }) => [name, what, this.#size(pages), this.#address(pfn)]),
      notes: all.length > told.length ? [`and ${all.length - told.length} more: dmaheap regions`] : [],
    };
  }

  /** The largest buffers; where there are more, also how much each task has. */
  buffers(): readonly MapTable[] {
    const seen = new Set(partsIn(this.#map.parts, this.#layout.window).map(({ thing }) => thing));
    const all = this.#map.things
      .filter(({ kind }, index) => kind === 'buffer' && seen.has(index))
      .sort((a, b) => b.pages - a.pages || (a.runs[0]?.pfn ?? 0) - (b.runs[0]?.pfn ?? 0));
    const told = all.slice(0, MOST.buffers);
    const one: MapTable = {
      columns: [
        { title: 'TASK', isName: true },
        { title: 'BUFFER', isName: true },
        { title: 'HEAP', isName: true },
        { title: 'SIZE', right: true },
        { title: 'AT' },
      ],
      rows: told.map((thing) => [
        tasksOf(thing),
        thing.name,
        heapOf(thing),
        this.#size(thing.pages),
        this.#address(thing.runs[0]?.pfn ?? 0) + piecesWords(thing),
      ]),
      notes: all.length > told.length ? [`and ${all.length - told.length} more: dmaheap buffers`] : [],
    };
    return all.length > told.length ? [this.#byTask(all), one] : [one];
  }

  #byTask(buffers: readonly MapThing[]): MapTable {
    const groups = new Map<string, { task: string; heap: string; count: number; pages: number }>();
    for (const thing of buffers) {
      const [task, heap] = [tasksOf(thing), heapOf(thing)];
      const group = groups.get(keyOf(task, heap)) ?? { task, heap, count: 0, pages: 0 };
      groups.set(keyOf(task, heap), {
        ...group,
        count: group.count + 1,
        pages: group.pages + thing.pages,
      });
    }
    const all = [...groups.values()].sort((a, b) => b.pages - a.pages);
    const told = all.slice(0, MOST.tasks);
    return {
      columns: [
        { title: 'TASK', isName: true },
        { title: 'HEAP', isName: true },
        { title: 'BUFFERS', right: true },
        { title: 'SIZE', right: true },
      ],
      rows: told.map(({ task, heap, count, pages }) => [task, heap, String(count), this.#size(pages)]),
      notes: all.length > told.length ? [`and ${all.length - told.length} more: dmaheap buffers`] : [],
    };
  }

  #smallThings(): readonly MapThing[] {
    return this.#layout.small
      .flatMap((index) => this.#map.things[index] ?? [])
      .sort((a, b) => (a.runs[0]?.pfn ?? 0) - (b.runs[0]?.pfn ?? 0));
  }

  /** The first of those that have no cell: `fw@48000000 (no-map, 64 KiB at 0x48000000)`. */
  smallOnes(): readonly string[] {
    return this.#smallThings()
      .slice(0, MOST.small)
      .map((thing) => {
        const [name, kind] = this.#smallWords(thing);
        return `${name} (${kind}, ${this.#size(thing.pages)} at ${this.#address(thing.runs[0]?.pfn ?? 0)})`;
      });
  }

  /** What has no cell: one by one, or where there are many, those of a row together. */
  small(): MapTable {
    const { cellPages, columns } = this.#layout;
    const things = this.#smallThings();
    const rowPages = cellPages * columns;
    const rows = new Map<number, MapThing[]>();
    for (const [at, thing] of things.entries()) {
      const row = things.length > MOST.small ? Math.floor((thing.runs[0]?.pfn ?? 0) / rowPages) : at;
      rows.set(row, [...(rows.get(row) ?? []), thing]);
    }
    const all = [...rows];
    const told = all.slice(0, MOST.small);
    const rest = all.slice(MOST.small).flatMap(([, own]) => own);
    const [first, last] = [rest[0]?.runs[0], rest.at(-1)?.runs[0]];
    const more =
      first === undefined || last === undefined
        ? []
        : [
            `and ${rest.length} more: dmaheap memmap ${this.#zoom({ pfn: first.pfn, pages: last.pfn + last.pages - first.pfn })}`,
          ];
    return {
      columns: [
        { title: 'SMALLER THAN A CELL', isName: true },
        { title: 'KIND', isName: true },
        { title: 'SIZE', right: true },
        { title: 'SHOWN BY dmaheap memmap' },
      ],
      rows: told.map(([row, own]) => this.#smallRow(own, { pfn: row * rowPages, pages: rowPages })),
      notes: more,
    };
  }

  #zoom(run: PfnRange): string {
    return zoomWords(run, this.#map.pageSize);
  }

  /** @param row all of it, for where several are told together */
  #smallRow(own: readonly MapThing[], row: PfnRange): readonly string[] {
    const [thing] = own;
    if (thing === undefined) return [];
    const size = this.#size(own.reduce((sum, { pages }) => sum + pages, 0));
    const words = this.#smallWords(thing);
    if (own.length === 1) return [...words, size, this.#zoom(thing.runs[0] ?? row)];
    const kinds = [...new Set(own.map(({ kind }) => KIND_WORDS[kind]))];
    const [kind = ''] = kinds;
    return [
      `${words[0]} and ${own.length - 1} more`,
      kinds.length > 1 ? 'several' : kind,
      size,
      this.#zoom(row),
    ];
  }

  /** What it is called and what it is. */
  #smallWords(thing: MapThing): readonly [name: string, kind: string] {
    const place = thing.place === undefined ? undefined : this.#map.places[thing.place];
    const pieces = thing.runs.length > 1 ? `, ${thing.runs.length} pieces` : '';
    if (place !== undefined && isOfPlace(thing)) return [placeWords(place), place.what + pieces];
    const kind = KIND_WORDS[thing.kind];
    const tasks = thing.tasks === undefined ? '' : `${thing.tasks.join(', ')}: `;
    return [`${tasks}${thing.name === '' ? kind : thing.name}`, kind + pieces];
  }
}

const tasksOf = ({ tasks = [] }: MapThing): string => tasks.join(', ');
const heapOf = ({ buffer }: MapThing): string => buffer?.heap ?? '';

function piecesWords({ runs }: MapThing): string {
  const more = runs.length - 1;
  return more <= 0 ? '' : more === 1 ? ' and 1 more piece' : ` and ${more} more pieces`;
}
