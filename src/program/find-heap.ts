/** The heap of a name. */

import { fail } from '../kernel/calls/results.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { noSuchHeap } from '../kernel/missing-heap.ts';
import type { HeapView } from '../kernel/views/views.ts';
import type { Outcome } from './outcome.ts';

/** ENOENT when there is none, as open(2) of its node says it. */
export function findHeap(
  kernel: Kernel,
  name: string,
): { readonly heap: HeapView } | (Outcome & { readonly heap?: never }) {
  const heaps = kernel.heaps();
  const heap = heaps.find((one) => one.name === name);
  if (heap !== undefined) return { heap };
  const notLoaded = kernel.waitingModules();
  return fail('ENOENT', noSuchHeap(name, { heaps, regions: kernel.regions(), notLoaded }));
}
