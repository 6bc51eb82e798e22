/** Buffers from the page allocator, piece by piece. Models drivers/dma-buf/heaps/system_heap.c (Linux 7.3). */
import { PageAllocator } from '../mm/page-alloc.ts';
import type { PfnRange } from '../units.ts';
import type { Allocation, DmaHeapOps } from './heap-ops.ts';
import { zeroPages } from './heap-ops.ts';

/**
 * Takes the largest piece that is not above what remains nor above the order last given:
 * alloc_largest_available().
 */
function allocLargest(
  pages: PageAllocator,
  orders: readonly number[],
  remaining: number,
  maxOrder: number,
): PfnRange | undefined {
  for (const order of orders) {
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
    const orders = context.profile.linux.systemHeapOrders;
    let [maxOrder] = orders;
    for (let remaining = Number(wanted); remaining > 0; ) {
      const piece = allocLargest(pages, orders, remaining, maxOrder);
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
