/** What a map says in words: who a thing is, what there is of each kind, what can be had of an area. */
import { SAME } from '../cut-text.ts';
import type { LargestRequest } from '../dma-buf/heap-ops.ts';
import type { PfnRange, PhysAddr } from '../units.ts';
import { bytesOf, formatHex, longestRun } from '../units.ts';
import { isFree, KIND_WORDS, MAP_KINDS, type MapKind } from './map-kinds.ts';
import type { MapLayout } from './map-layout.ts';
import type { MapPart, MapPlace, MapThing, MemoryMap } from './memory-map.ts';
import { joinedRuns } from './memory-map.ts';

/** The address of a page. */
export const addressOf = (pfn: number, pageSize: number): PhysAddr => BigInt(pfn) * BigInt(pageSize);

/** A thing in a few words: `camera: frame0`, `kernel image`, `video-cma@60000000: free CMA area`. */
export function thingWords({ kind, name, tasks }: MapThing): string {
  if (tasks !== undefined) return `${tasks.join(', ')}: ${name}`;
  switch (kind) {
    case 'area-free':
    case 'pool-free':
    case 'taken':
    case 'reserved':
    case 'no-map':
    case 'device':
      return name === '' ? KIND_WORDS[kind] : `${name}: ${KIND_WORDS[kind]}`;
    case 'firmware':
      return name || KIND_WORDS[kind];
    default:
      return KIND_WORDS[kind];
  }
}

/** A place by the names of its heaps, which are one area, or by its own: `default_cma_region = reserved`. */
export const placeWords = ({ name, heaps }: MapPlace): string =>
  heaps.length === 0 ? name : heaps.join(SAME);

/** Whether a thing is called as its place: what nobody has of it. */
export const isOfPlace = ({ kind, place }: MapThing): boolean =>
  place !== undefined && (isFree(kind) || kind === 'reserved' || kind === 'no-map');

/** Rows that are all alike and shown once: of the letters that draw boxes, which fonts have in one width. */
export const FOLD_MARK = '┆';

/** What the signs of a picture say that stand for no kind. */
export const SIGN_WORDS = {
  mixed: 'several kinds in the cell: it looks like the largest of them',
  border: 'the next region begins here',
  shades: 'neighbouring buffers have different shades',
  fold: 'many rows that are all alike',
  more: 'two more begin in this row',
} as const;

/** What there is of a kind. */
export interface KindTotal {
  readonly kind: MapKind;
  readonly pages: number;
  /** The things of the kind. */
  readonly things: number;
}

/** The totals of the kinds that a window has pages of, in the order of the legend. */
export function kindTotals(
  { things }: MemoryMap,
  parts: readonly (PfnRange & { thing: number })[],
): readonly KindTotal[] {
  const pages = new Map<MapKind, number>();
  const seen = new Map<MapKind, Set<number>>();
  for (const part of parts) {
    const kind = things[part.thing]?.kind;
    if (kind === undefined) continue;
    pages.set(kind, (pages.get(kind) ?? 0) + part.pages);
    seen.set(kind, (seen.get(kind) ?? new Set()).add(part.thing));
  }
  return MAP_KINDS.flatMap((kind) => {
    const sum = pages.get(kind);
    return sum === undefined ? [] : [{ kind, pages: sum, things: seen.get(kind)?.size ?? 0 }];
  });
}

/**
 * The buffers that are drawn in the second of two shades: of two that lie side by side one is, as far as buffers in many
 * pieces let that be.
 */
export function secondShade({ things, parts }: MemoryMap): ReadonlySet<number> {
  const isSecond = new Map<number, boolean>();
  let before: MapPart | undefined;
  for (const part of parts) {
    if (things[part.thing]?.kind !== 'buffer') continue;
    if (!isSecond.has(part.thing)) {
      const touches = before !== undefined && before.pfn + before.pages === part.pfn;
      isSecond.set(part.thing, touches && isSecond.get(before?.thing ?? -1) === false);
    }
    before = part;
  }
  return new Set([...isSecond].flatMap(([thing, second]) => (second ? [thing] : [])));
}

/** The kinds that have a cell to themselves; those of others are seen in cells of several kinds alone. */
export const shownKinds = ({ things }: MemoryMap, { lines }: MapLayout): ReadonlySet<MapKind> =>
  new Set(
    lines.flatMap((line) =>
      line.is === 'hole'
        ? []
        : line.cells.flatMap(({ thing, mixed }) =>
            thing === undefined || mixed ? [] : (things[thing]?.kind ?? []),
          ),
    ),
  );

/** What can be had of an area, a pool or RAM. */
export interface FreeSpace {
  readonly name: string;
  /** By which programs allocate of it. */
  readonly heaps: readonly string[];
  /** Absent of RAM, which lies in many pieces. */
  readonly place?: MapPlace;
  readonly pages: number;
  readonly freePages: number;
  /** How many runs the free pages lie in. */
  readonly runs: number;
  readonly longest?: PfnRange;
  /** What one call gets of it; absent where no heap is. */
  readonly largest?: LargestRequest;
}

/** Of each area and pool that has its own pages, and of RAM. */
export function freeSpaces(map: MemoryMap): readonly FreeSpace[] {
  const spaces = map.places.flatMap((place, index): FreeSpace[] => {
    if (place.area === undefined) return [];
    const own = map.things.filter((thing) => thing.place === index && isFree(thing.kind));
    return [
      {
        name: place.name,
        heaps: place.heaps,
        place,
        pages: place.pages,
        ...(place.largest && { largest: place.largest }),
        ...freeOf(own.flatMap(({ runs }) => runs)),
      },
    ];
  });
  const ram = map.things.find(({ kind }) => kind === 'free');
  const pages = map.things
    .filter(({ place }) => place === undefined)
    .reduce((sum, thing) => sum + thing.pages, 0);
  const { heaps = [], largest } = map.ram ?? {};
  return [...spaces, { name: 'RAM', heaps, pages, ...(largest && { largest }), ...freeOf(ram?.runs ?? []) }];
}

function freeOf(all: readonly PfnRange[]): Pick<FreeSpace, 'freePages' | 'runs' | 'longest'> {
  const runs = joinedRuns(all);
  const longest = longestRun(runs);
  return {
    freePages: runs.reduce((sum, run) => sum + run.pages, 0),
    runs: runs.length,
    ...(longest && { longest }),
  };
}

/** `--from 0x60000000 --to 0x61000000`: what shows a run alone. */
export function zoomWords(run: PfnRange, pageSize: number): string {
  const { base, size } = bytesOf(run, pageSize);
  return `--from ${formatHex(base)} --to ${formatHex(base + size)}`;
}
