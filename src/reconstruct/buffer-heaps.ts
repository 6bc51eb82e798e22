/** Which heap each buffer of bufinfo came from. */
import type { Kernel } from '../kernel/kernel.ts';
import type { HeapView } from '../kernel/views/views.ts';
import { getOrder, type PfnRange } from '../units.ts';
import type { BufferLine, Facts, Told } from './facts.ts';
import type { Tell } from './finding.ts';
import { runsWithout } from './page-runs.ts';
import { placeBuffers, type Unplaced } from './place-buffers.ts';
import type { AreaState } from './used-pages.ts';

/** A buffer that is to be made. */
export interface Wanted {
  readonly told: Told<BufferLine>;
  readonly heap: HeapView;
  /** Of a CMA heap. */
  readonly area?: AreaState;
  readonly pages: number;
  /** Nothing tells which heap it is of. */
  readonly heapGuessed?: true;
}

/** @returns the buffers that can be made, the oldest first */
export function heapsOfBuffers(
  kernel: Kernel,
  facts: Facts,
  areas: readonly AreaState[],
  tell: Tell,
): readonly Wanted[] {
  const heaps = kernel.heaps();
  const { exporter } = kernel.profile.linux;
  const areaOf = (heap: HeapView) =>
    heap.backend === 'cma'
      ? areas.find(({ span }) => BigInt(span.pfn) * BigInt(heap.pageSize) === heap.base)
      : undefined;
  const told = [...facts.buffers].reverse();
  const wanted: Wanted[] = [];
  const unsaid: Told<BufferLine>[] = [];
  for (const buffer of told) {
    const heap = heaps.find(({ name }) => name === buffer.expName);
    if (heap !== undefined && exporter === undefined) {
      const area = areaOf(heap);
      wanted.push({ told: buffer, heap, pages: pagesOf(buffer, heap), ...(area && { area }) });
    } else if (buffer.expName === exporter) unsaid.push(buffer);
    else {
      tell({
        kind: 'missing',
        code: 'not-of-a-heap',
        message: `a buffer of ${buffer.size} bytes is of the exporter ${buffer.expName}, which is no heap here`,
        taken: 'left out',
        at: buffer.at,
      });
    }
  }
  wanted.push(...guessHeaps(heaps, unsaid, areaOf, kernel.profile.config.CONFIG_CMA_ALIGNMENT, tell));
  const order = new Map(told.map((buffer, index) => [buffer, index]));
  return wanted.sort((a, b) => (order.get(a.told) ?? 0) - (order.get(b.told) ?? 0));
}

const pagesOf = ({ size }: BufferLine, { pageSize }: HeapView): number =>
  Math.max(1, Math.ceil(Number(size) / pageSize));

/**
 * Linux 5.10 names one exporter for all heaps. There are two: what the default area's bitmap has room for, the largest
 * first, can be its own; the rest is the system heap's.
 */
function guessHeaps(
  heaps: readonly HeapView[],
  buffers: readonly Told<BufferLine>[],
  areaOf: (heap: HeapView) => AreaState | undefined,
  mostOrder: number,
  tell: Tell,
): Wanted[] {
  const [first] = buffers;
  if (first === undefined) return [];
  const system = heaps.find(({ backend }) => backend === 'system');
  const cma = heaps.find(({ backend }) => backend === 'cma');
  const area = cma && areaOf(cma);
  const taken = area === undefined || area.known === 'booted' ? [] : takenOf(area);
  const room = taken.reduce((sum, { pages }) => sum + pages, 0);
  if (cma !== undefined) {
    tell({
      kind: 'guess',
      code: 'heap-of-buffer',
      message: `bufinfo of this kernel has the exporter ${first.expName} for every heap`,
      taken:
        room > 0
          ? 'buffers that fit into the taken pages of the default CMA area are its own, the others of the system heap'
          : 'all are of the system heap',
      at: first.at,
    });
  }
  const fitting = cma === undefined ? [] : fill(buffers, (one) => pagesOf(one, cma), room);
  const places = placeBuffers(
    fitting.map((one) => placing(cma === undefined ? 1 : pagesOf(one, cma), mostOrder)),
    taken,
  );
  const chosen = new Set(fitting.filter((_, i) => places[i]?.pfn !== undefined));
  return buffers.flatMap((told): Wanted[] => {
    const isCma = chosen.has(told) || system === undefined;
    const heap = isCma ? cma : system;
    if (heap === undefined) return [];
    const pages = pagesOf(told, heap);
    return [
      { told, heap, pages, ...(isCma && area && { area }), ...(cma !== undefined && { heapGuessed: true }) },
    ];
  });
}

/** The pages of an area that are taken, but not by what boot itself took. */
export const takenOf = ({ span, free, booted }: AreaState): readonly PfnRange[] =>
  runsWithout(runsWithout([span], free), runsWithout([span], booted));

/** How the heap asks CMA for a buffer: cma_heap_allocate(). */
export const placing = (pages: number, mostOrder: number): Unplaced => ({
  pages,
  align: 2 ** Math.min(getOrder(pages), mostOrder),
});

/** Those that together have just so many pages, if any do; else the largest that fit. */
function fill<T>(items: readonly T[], pagesOf: (item: T) => number, room: number): readonly T[] {
  const sorted = [...items].sort((a, b) => pagesOf(b) - pagesOf(a));
  let steps = 0;
  const search = (from: number, left: number): readonly T[] | undefined => {
    if (left === 0) return [];
    for (let i = from; i < sorted.length && ++steps < 20_000; i++) {
      const item = sorted[i];
      if (item === undefined || pagesOf(item) > left) continue;
      const rest = search(i + 1, left - pagesOf(item));
      if (rest !== undefined) return [item, ...rest];
    }
    return undefined;
  };
  const exact = search(0, room);
  if (exact !== undefined) return exact;
  const chosen: T[] = [];
  let left = room;
  for (const item of sorted) {
    if (pagesOf(item) > left) continue;
    chosen.push(item);
    left -= pagesOf(item);
  }
  return chosen;
}
