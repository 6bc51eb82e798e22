/** The backends by name: a new one is its file and a line here. */
import { cmaBackend } from './cma-heap.ts';
import { coherentBackend } from './coherent-heap.ts';
import type { DmaHeapOps, HeapBackend } from './heap-ops.ts';
import { systemBackend } from './system-heap.ts';

export const BACKENDS = { system: systemBackend, cma: cmaBackend, coherent: coherentBackend };

export type Backend = keyof typeof BACKENDS;

/** Which backend holds a buffer's pages, and which of its areas or pools, by number; 0 where there is but one. */
export interface HeapBacking {
  readonly backend: Backend;
  readonly index: number;
}

/** What a request that found no room says of itself, by any backend. */
export type NoRoom = {
  [B in Backend]: (typeof BACKENDS)[B] extends HeapBackend<infer F> ? F : never;
}[Backend];

/** The operations on a backing. */
export const dmaHeapOps = ({ backend, index }: HeapBacking): DmaHeapOps<NoRoom> =>
  BACKENDS[backend].ops(index);

/** A request that found no room, in words and numbers. */
export function explainNoRoom(failure: NoRoom): string[] {
  const backends: readonly HeapBackend<NoRoom>[] = Object.values(BACKENDS);
  return backends.find(({ failures }) => failures.includes(failure.kind))?.explain(failure) ?? [];
}
