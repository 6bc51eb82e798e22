/** Which part of memory a map shows. */
import type { HeapView } from '../../kernel/views/views.ts';
import { wholeOf } from '../../report/map-layout.ts';
import type { MemoryMap } from '../../report/memory-map.ts';
import { formatHex, type PfnRange, type PhysAddr } from '../../units.ts';
import { UsageError } from '../failures.ts';

/** The ends of a part: bytes, the second one past the end. */
export interface MapEnds {
  readonly from?: PhysAddr;
  readonly to?: PhysAddr;
}

/**
 * The pages to show; `undefined` for all.
 *
 * @param name of a heap, a region or an area
 * @throws UsageError when there is none of that name, or nothing there
 */
export function mapWindow(
  map: MemoryMap,
  heaps: readonly HeapView[],
  name: string | undefined,
  { from, to }: MapEnds,
): PfnRange | undefined {
  if (name !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new UsageError(`${name} says where to begin and to end: --from and --to would be ignored`);
    }
    return placeOf(map, heaps, name);
  }
  if (from === undefined && to === undefined) return undefined;
  const whole = wholeOf(map);
  const size = BigInt(map.pageSize);
  const begin = from === undefined ? whole.pfn : Number(from / size);
  const end = to === undefined ? whole.pfn + whole.pages : Number((to + size - 1n) / size);
  const window = { pfn: begin, pages: end - begin };
  const isThere = map.segments.some((run) => run.pfn < end && begin < run.pfn + run.pages);
  if (window.pages > 0 && isThere) return window;
  const text = `${formatHex(BigInt(begin) * size)}..${formatHex(BigInt(end) * size)}`;
  const given = [...(from === undefined ? [] : ['--from']), ...(to === undefined ? [] : ['--to'])];
  throw new UsageError(
    `${given.join(', ')}: there is no memory at ${text}`,
    'dmaheap memmap shows where memory is',
  );
}

function placeOf(map: MemoryMap, heaps: readonly HeapView[], name: string): PfnRange | undefined {
  const region = heaps.find((heap) => heap.name === name);
  // The system heap's memory is all RAM.
  if (region !== undefined && region.region === undefined) return undefined;
  const place =
    map.places.find(({ heaps: own }) => own.includes(name)) ??
    map.places.find((one) => one.name === name || one.area?.name === name);
  if (place !== undefined) return { pfn: place.pfn, pages: place.pages };
  const known = [...new Set(map.places.flatMap(({ name: own, heaps: more }) => [own, ...more]))];
  throw new UsageError(
    `there is no heap and no region with memory called ${name}`,
    known.length === 0 ? 'This board has none' : `There are ${known.join(', ')}`,
  );
}
