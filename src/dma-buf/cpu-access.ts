/** Buffers that the CPU may not touch: what an unposted version of the coherent series does with `no-map` pools. */
import type { Records } from '../records.ts';
import { BACKENDS, dmaHeapOps, type HeapBacking } from './backends.ts';
import type { Failure } from './failure.ts';

/** Why SYNC, mmap and vmap of a buffer are EINVAL; `undefined` where they are not. */
export function refuseCpu(records: Records, { backend, index }: HeapBacking): Failure | undefined {
  if (!BACKENDS[backend].refusesCpu(records, index)) return undefined;
  return { kind: 'no-cpu-access', pool: dmaHeapOps({ backend, index }).space(records).region?.name ?? '' };
}
