/** Buffers from a CMA area. Models drivers/dma-buf/heaps/cma_heap.c (Linux 7.3). */
import { Cma } from '../mm/cma.ts';
import { getOrder } from '../units.ts';
import type { Failure } from './failure.ts';
import type { Allocation, DmaHeapOps, HeapContext } from './heap-ops.ts';
import { zeroPages } from './heap-ops.ts';

/** @param area the number of the CMA area */
export function cmaHeapOps(area: number): DmaHeapOps {
  return {
    allocate(context: HeapContext, pages: bigint): Allocation {
      const { config, geometry } = context.profile;
      const cma = new Cma(context.records, area);
      const count = Number(pages);
      const order = Math.min(getOrder(count), config.CONFIG_CMA_ALIGNMENT);
      const pfn = cma.alloc(count, order, context.printk);
      if (pfn === undefined)
        return { errno: 'ENOMEM', why: explain(cma, geometry.pageSize, pages, 2 ** order) };
      const sgTable = [{ pfn, pages: count }];
      zeroPages(context, sgTable);
      return { sgTable };
    },
    release(context, sgTable) {
      const cma = new Cma(context.records, area);
      for (const { pfn, pages } of sgTable) cma.release(pfn, pages);
    },
  };
}

/** What is free in the area, and how much of it lies right. */
function explain(cma: Cma, pageSize: number, pages: bigint, alignPages: number): Failure {
  const runs = cma.movableRuns();
  const longest = (lengths: readonly number[]) => lengths.reduce((most, length) => Math.max(most, length), 0);
  const aligned = runs.map((run) => run.pfn + run.pages - Math.ceil(run.pfn / alignPages) * alignPages);
  const freePages = cma.bitmap.zeros();
  const pinnedPages = runs.reduce((left, run) => left - run.pages, freePages);
  return {
    kind: 'cma-no-room',
    pageSize,
    area: cma.name,
    pages,
    alignPages,
    freePages,
    totalPages: cma.count,
    largestRun: longest(runs.map((run) => run.pages)),
    largestAlignedRun: longest(aligned),
    ...(pinnedPages > 0 && { pinnedPages }),
  };
}
