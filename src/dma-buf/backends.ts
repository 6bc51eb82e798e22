/** The backends by name: a new one is its file and a line here. */
import type { Records } from '../records.ts';
import { cmaBackend } from './cma-heap.ts';
import { coherentBackend } from './coherent-heap.ts';
import type { Failure } from './failure.ts';
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

/** Why SYNC, mmap and vmap of a buffer are EINVAL; `undefined` where they are not. */
export function refuseCpu(records: Records, { backend, index }: HeapBacking): Failure | undefined {
  if (!BACKENDS[backend].refusesCpu(records, index)) return undefined;
  return { kind: 'no-cpu-access', pool: dmaHeapOps({ backend, index }).space(records).region?.name ?? '' };
}

/** A request that found no room, in words and numbers. */
export function explainNoRoom(failure: NoRoom): string[] {
  const backends: readonly HeapBackend<NoRoom>[] = Object.values(BACKENDS);
  return backends.find(({ failures }) => failures.includes(failure.kind))?.explain(failure) ?? [];
}
