/**
 * Buffers from a coherent pool. Models drivers/dma-buf/heaps/coherent_heap.c of the series "dma-buf:
 * heaps: add coherent reserved-memory heap" (v3).
 */
import { DmaCoherentMem } from '../mm/coherent.ts';
import { getOrder } from '../units.ts';
import type { Allocation, DmaHeapOps } from './heap-ops.ts';
import { zeroPages } from './heap-ops.ts';

/** @param pool the number of the pool */
export function coherentHeapOps(pool: number): DmaHeapOps {
  return {
    allocate(context, pages): Allocation {
      const mem = new DmaCoherentMem(context.records, pool);
      const count = Number(pages);
      const pfn = mem.alloc(count);
      if (pfn === undefined) {
        return {
          errno: 'ENOMEM',
          why: {
            kind: 'coherent-no-room',
            pageSize: context.profile.geometry.pageSize,
            pool: mem.name,
            pages,
            blockPages: 1n << BigInt(getOrder(count)),
            freePages: mem.bitmap.zeros(),
            totalPages: mem.size,
            largestBlock: mem.largestBlock(),
          },
        };
      }
      const sgTable = [{ pfn, pages: count }];
      zeroPages(context, sgTable);
      return { sgTable };
    },
    release(context, sgTable) {
      const mem = new DmaCoherentMem(context.records, pool);
      for (const { pfn, pages } of sgTable) mem.release(pfn, pages);
    },
  };
}
