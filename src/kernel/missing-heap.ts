/** What is known where a name is no heap's: the heaps that there are, and a region of that name that became none. */
import type { Failure } from '../dma-buf/failure.ts';
import type { RegionView } from './views/views.ts';

/** What a boot has that names can be looked for in. */
export interface Known {
  readonly heaps: readonly { readonly name: string }[];
  readonly regions: readonly RegionView[];
  /** Modules that are not loaded. */
  readonly notLoaded?: readonly string[];
}

export function noSuchHeap(name: string, { heaps, regions, notLoaded = [] }: Known): Failure {
  const noHeap = regions.find((region) => region.name === name)?.why;
  return {
    kind: 'no-such-heap',
    name,
    known: heaps.map((heap) => heap.name),
    ...(notLoaded.length > 0 && { notLoaded }),
    ...(noHeap !== undefined && { noHeap }),
  };
}
