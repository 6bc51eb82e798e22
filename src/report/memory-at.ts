/** The map of memory at a step: the base that holds then, and over it the buffers that live then. */
import type { PfnRange } from '../units.ts';
import type { MapKind } from './map-kinds.ts';
import type { MapPart, MapThing, MemoryMap } from './memory-map.ts';
import type { Flat, MemoryBase, ReportBuffer, ReportPlace, TimelineData } from './report-data.ts';

/** A map, and which buffers its first things are. */
export interface MapAtStep {
  readonly map: MemoryMap;
  /** The buffers that live, by their indexes: the things of the map begin with them, in this order. */
  readonly alive: readonly number[];
}

/** Pairs of a flat list, as runs of pages. */
export function* runsOf(flat: Flat): Iterable<PfnRange> {
  for (let at = 0; at + 1 < flat.length; at += 2) yield { pfn: flat[at] ?? 0, pages: flat[at + 1] ?? 0 };
}

/** The region that has the first page of a buffer, by its index; -1: none has. */
export function placeOf({ runs }: ReportBuffer, places: readonly ReportPlace[]): number {
  const [pfn = -1] = runs;
  return places.findIndex((place) => pfn >= place.pfn && pfn < place.pfn + place.pages);
}

/** Whether a buffer lives after a step. */
export const livesAt = ({ born, died }: Pick<ReportBuffer, 'born' | 'died'>, step: number): boolean =>
  born <= step && (died === undefined || died > step);

/** The last of the bases that began no later than a step. */
export function baseAt(bases: readonly MemoryBase[], step: number): MemoryBase | undefined {
  let [from, to] = [0, bases.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((bases[middle]?.step ?? 0) <= step) from = middle + 1;
    else to = middle;
  }
  return bases[from - 1];
}

/** What the map was after a step; 0 is before the first. */
export function memoryAt(data: TimelineData, step: number): MapAtStep {
  const alive = data.buffers.flatMap((buffer, index) => (livesAt(buffer, step) ? [index] : []));
  const things: (MapThing & { runs: PfnRange[]; pages: number })[] = [];
  const covers: MapPart[] = [];
  for (const index of alive) {
    const buffer = data.buffers[index] as ReportBuffer;
    const { name, ino, task } = buffer;
    const place = placeOf(buffer, data.places);
    const runs = [...runsOf(buffer.runs)];
    const pages = runs.reduce((sum, run) => sum + run.pages, 0);
    for (const run of runs) covers.push({ ...run, thing: things.length });
    things.push({
      kind: 'buffer',
      name,
      number: ino,
      tasks: [task],
      ...(place >= 0 && { place }),
      runs,
      pages,
    });
  }
  covers.sort((a, b) => a.pfn - b.pfn);
  const parts: MapPart[] = [];
  const indexes = new Map<string, number>();
  let at = 0;
  for (const { pfn: first, pages, kind, place } of partsOf(baseAt(data.bases, step), data.kinds)) {
    const key = `${kind} ${place}`;
    const thing = indexes.get(key) ?? things.length;
    if (thing === things.length) {
      indexes.set(key, thing);
      const name = data.places[place ?? -1]?.name ?? '';
      things.push({ kind, name, ...(place !== undefined && { place }), runs: [], pages: 0 });
    }
    const own = place === undefined ? {} : { place };
    const end = first + pages;
    let pfn = first;
    const rest = (to: number): void => {
      if (to <= pfn) return;
      const run = { pfn, pages: to - pfn };
      parts.push({ ...run, thing, ...own });
      const owner = things[thing];
      owner?.runs.push(run);
      if (owner !== undefined) owner.pages += run.pages;
    };
    for (let cover = covers[at]; cover !== undefined && cover.pfn < end; cover = covers[++at]) {
      const from = Math.max(cover.pfn, pfn);
      const to = Math.min(cover.pfn + cover.pages, end);
      if (to > from) {
        rest(from);
        parts.push({ pfn: from, pages: to - from, thing: cover.thing, ...own });
        pfn = to;
      }
      // What reaches into the next part is cut there again.
      if (cover.pfn + cover.pages > end) break;
    }
    rest(end);
  }
  const { pageSize, banner } = data;
  const map = {
    pageSize,
    banner,
    segments: [...runsOf(data.segments)],
    places: data.places.map(({ name, pfn, pages, heaps, what }) => ({ name, pfn, pages, heaps, what })),
    things,
    parts,
  };
  return { map, alive };
}

interface BasePart extends PfnRange {
  readonly kind: MapKind;
  readonly place?: number;
}

/** A base's numbers as parts. */
function* partsOf(base: MemoryBase | undefined, kinds: readonly MapKind[]): Iterable<BasePart> {
  const flat = base?.parts ?? [];
  let end = 0;
  for (let at = 0; at + 3 < flat.length; at += 4) {
    const [gap = 0, pages = 0, kind = 0, place = -1] = flat.slice(at, at + 4);
    const pfn = end + gap;
    end = pfn + pages;
    yield { pfn, pages, kind: kinds[kind] ?? 'free', ...(place >= 0 && { place }) };
  }
}
