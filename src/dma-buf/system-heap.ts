/** Buffers from the page allocator, piece by piece. Models drivers/dma-buf/heaps/system_heap.c (Linux 7.3). */
import { PageAllocator } from '../mm/page-alloc.ts';
import type { PfnRange } from '../units.ts';
import type { Allocation, DmaHeapOps } from './heap-ops.ts';
import { zeroPages } from './heap-ops.ts';

/** The piece sizes that are tried: 1 MiB, 64 KiB, 4 KiB. */
const ORDERS = [8, 4, 0] as const;

/**
 * Takes the largest piece that is not above what remains nor above the order last given:
 * alloc_largest_available().
 */
function allocLargest(pages: PageAllocator, remaining: number, maxOrder: number): PfnRange | undefined {
  for (const order of ORDERS) {
    if (remaining < 2 ** order || maxOrder < order) continue;
    const pfn = pages.alloc(order);
    if (pfn !== undefined) return { pfn, pages: 2 ** order };
  }
  return undefined;
}

export const systemHeapOps: DmaHeapOps = {
  /**
   * Deviation: when free memory cannot cover the request, Linux takes page after page until the OOM
   * killer ends the caller, which sees -EINTR if it lives to see anything. Here the call answers EINTR
   * at once, with the reason, and the task lives.
   */
  allocate(context, wanted): Allocation {
    const pages = new PageAllocator(context.records);
    const freePages = pages.freePages();
    if (wanted > BigInt(freePages)) {
      return {
        errno: 'EINTR',
        why: { kind: 'system-oom', pageSize: context.profile.geometry.pageSize, pages: wanted, freePages },
      };
    }
    const sgTable: PfnRange[] = [];
    let maxOrder: number = ORDERS[0];
    for (let remaining = Number(wanted); remaining > 0; ) {
      const piece = allocLargest(pages, remaining, maxOrder);
      // Single pages cover whatever is free.
      if (piece === undefined) throw new Error('free pages that no order gives');
      sgTable.push(piece);
      remaining -= piece.pages;
      maxOrder = Math.log2(piece.pages);
    }
    zeroPages(context, sgTable);
    return { sgTable };
  },
  release(context, sgTable) {
    const pages = new PageAllocator(context.records);
    for (const piece of sgTable) pages.free(piece.pfn, Math.log2(piece.pages));
  },
};
