/**
 * Memory without its buffers, whenever it changed. Pages of buffers are shown as what they are when nobody has them, so
 * that a base holds through thousands of allocations:
 *
 * ```text
 * map    | kernel | free | frame0 | free area | frame1 |
 * base   | kernel | free | free area                   |
 * ```
 */
import { MAP_KINDS, type MapKind } from './map-kinds.ts';
import type { MapPart, MemoryMap } from './memory-map.ts';
import type { MemoryBase, TimelineData } from './report-data.ts';

/** Bases, and numbers of all of them, that a page takes. */
const MAX_BASES = 400;
const MAX_NUMBERS = 160_000;

export class MemoryBases {
  readonly pageSize: number;
  readonly #bases: MemoryBase[] = [];
  #numbers = 0;
  #leftOut = 0;

  /** @param map of the kernel before the first step */
  constructor(map: MemoryMap) {
    this.pageSize = map.pageSize;
    this.look(0, map);
  }

  /** Keeps the base of a map where it is another one than the last. */
  look(step: number, map: MemoryMap): void {
    const parts = baseOf(map);
    const last = this.#bases.at(-1);
    if (last !== undefined && sameNumbers(last.parts, parts)) return;
    if (
      this.#bases.length >= MAX_BASES ||
      (last !== undefined && this.#numbers + parts.length > MAX_NUMBERS)
    ) {
      this.#leftOut++;
      return;
    }
    this.#numbers += parts.length;
    this.#bases.push({ step, parts });
  }

  data(): Pick<TimelineData, 'bases' | 'basesLeftOut' | 'kinds'> {
    return { bases: this.#bases, basesLeftOut: this.#leftOut, kinds: MAP_KINDS };
  }
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((number, at) => number === b[at]);

/** What the pages of a buffer are when it has gone. */
function kindBelow({ things, places }: MemoryMap, { thing, place }: MapPart): MapKind {
  const kind = things[thing]?.kind ?? 'free';
  if (kind !== 'buffer') return kind;
  const area = place === undefined ? undefined : places[place]?.area;
  if (area === undefined) return 'free';
  return area.kind === 'cma' ? 'area-free' : 'pool-free';
}

/** Neighbours that are alike become one part. */
function baseOf(map: MemoryMap): number[] {
  const flat: number[] = [];
  let end = 0;
  let [lastKind, lastPlace] = [-1, -1];
  for (const part of map.parts) {
    const kind = MAP_KINDS.indexOf(kindBelow(map, part));
    const place = part.place ?? -1;
    const { pfn, pages } = part;
    if (flat.length > 0 && pfn === end && kind === lastKind && place === lastPlace) {
      flat[flat.length - 3] = (flat[flat.length - 3] ?? 0) + pages;
    } else flat.push(pfn - end, pages, kind, place);
    end = pfn + pages;
    [lastKind, lastPlace] = [kind, place];
  }
  return flat;
}
