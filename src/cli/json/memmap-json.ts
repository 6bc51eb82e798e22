/** The map of memory as JSON. */
import { partsIn } from '../../report/map-layout.ts';
import { addressOf, type FreeSpace, freeSpaces } from '../../report/map-words.ts';
import type { MemoryMap } from '../../report/memory-map.ts';
import { bytesOf, formatHex, type PfnRange } from '../../units.ts';

type Json = Readonly<Record<string, unknown>>;

/** The answer of `memmap`: a window of a map, every page of which belongs to one of the things. */
export function memmapJson(map: MemoryMap, window: PfnRange): Json {
  const { pageSize } = map;
  const range = (run: PfnRange): Json => {
    const { base, size } = bytesOf(run, pageSize);
    return { base: formatHex(base), size };
  };
  const extents = new Map<number, PfnRange[]>();
  for (const part of partsIn(map.parts, window)) {
    const own = extents.get(part.thing);
    if (own === undefined) extents.set(part.thing, [part]);
    else own.push(part);
  }
  const size = (pages: number): bigint => BigInt(pages) * BigInt(pageSize);
  const space = ({ name, heaps, place, pages, freePages, runs, longest, largest }: FreeSpace): Json => ({
    name,
    heaps,
    base: place === undefined ? null : formatHex(bytesOf(place, pageSize).base),
    size: size(pages),
    free: size(freePages),
    free_runs: runs,
    largest: longest === undefined ? null : range(longest),
    largest_request: largest === undefined ? null : size(largest.pages),
    largest_request_base: largest?.pfn === undefined ? null : formatHex(addressOf(largest.pfn, pageSize)),
  });
  return {
    schema: 'dmaheap.memmap/1',
    profile: map.banner,
    page_size: pageSize,
    window: range(window),
    memory: map.segments.map(range),
    things: [...extents].flatMap(([index, own]) => {
      const thing = map.things[index];
      if (thing === undefined) return [];
      const { kind, name, place, tasks, buffer, device } = thing;
      return [
        {
          kind,
          name,
          region: place === undefined ? null : (map.places[place]?.name ?? null),
          size: own.reduce((sum, run) => sum + size(run.pages), 0n),
          extents: own.map(range),
          ...(buffer && { ino: buffer.ino, heap: buffer.heap, tasks }),
          ...(device && { device: device.device, id: device.id }),
        },
      ];
    }),
    areas: freeSpaces(map).map(space),
  };
}
