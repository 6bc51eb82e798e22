/** The nodes of /dev/dma_heap as their users see them: where the memory lies and what is left of it. */
import type { FileTable } from '../dma-buf/dma-buf.ts';
import { type DmaHeap, dmaHeaps, findDmaHeap } from '../dma-buf/dma-heap.ts';
import { Cma } from '../mm/cma.ts';
import { DmaCoherentMem } from '../mm/coherent.ts';
import { PageAllocator } from '../mm/page-alloc.ts';
import type { Geometry } from '../profile/geometry.ts';
import { geometryOf, profileIn } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import type { PfnRange } from '../units.ts';
import type { HeapView } from './views.ts';

/** What a backend says of its memory. */
type Space = Pick<HeapView, 'region' | 'base' | 'size' | 'free' | 'largest'>;

/** All heaps by minor, each with the number of its live buffers. */
export function heapViews(records: Records, files: FileTable): HeapView[] {
  const buffers = files.dmaBufCounts();
  const { pageSize } = geometryOf(records);
  return dmaHeaps(records).map((heap) => ({
    name: heap.name,
    minor: heap.minor,
    mode: heap.mode.toString(8),
    gid: heap.gid,
    backend: heap.backing.backend,
    pageSize,
    buffers: buffers.get(heap.name) ?? 0,
    ...spaceOf(records, heap),
  }));
}

/** The free runs of a heap's area or pool, ascending; none for the system heap, whose memory is all RAM. */
export function freeRunsOf(records: Records, name: string): readonly PfnRange[] {
  const backing = findDmaHeap(records, name)?.backing;
  if (backing === undefined || backing.backend === 'system') return [];
  if (backing.backend === 'cma') {
    const cma = new Cma(records, backing.area);
    return cma.bitmap.freeFrames(cma.basePfn);
  }
  const pool = new DmaCoherentMem(records, backing.pool);
  return pool.bitmap.freeFrames(pool.pfnBase);
}

/**
 * The largest request that a heap can still answer. A CMA area's first fit asks for an alignment that grows with the
 * request (cma_heap_allocate(): get_order(), CONFIG_CMA_ALIGNMENT at most), so that a large run may take less than
 * its length:
 *
 * ```
 *   aligned to    1     2     4           4
 *   free runs     . [###########]    [#######]
 * ```
 */
export function largestRequest(records: Records, name: string): bigint {
  const backing = findDmaHeap(records, name)?.backing;
  if (backing === undefined) return 0n;
  const { pagesToBytes } = geometryOf(records);
  switch (backing.backend) {
    case 'system':
      return pagesToBytes(new PageAllocator(records).freePages());
    case 'coherent':
      return pagesToBytes(new DmaCoherentMem(records, backing.pool).largestBlock());
    case 'cma': {
      const most = profileIn(records).config.CONFIG_CMA_ALIGNMENT;
      const runs = new Cma(records, backing.area).movableRuns();
      return pagesToBytes(runs.reduce((best, run) => Math.max(best, largestInRun(run, most)), 0));
    }
  }
}

/** Pages of the largest request that fits into a run, whose alignment depends on itself. */
function largestInRun({ pfn, pages }: PfnRange, mostOrder: number): number {
  let best = 0;
  for (let order = 0; order <= mostOrder; order++) {
    const align = 2 ** order;
    const left = pfn + pages - Math.ceil(pfn / align) * align;
    best = Math.max(best, order === mostOrder ? left : Math.min(left, align));
  }
  return best;
}

function spaceOf(records: Records, { backing }: DmaHeap): Space {
  const geometry = geometryOf(records);
  switch (backing.backend) {
    case 'system':
      return systemSpace(new PageAllocator(records), geometry);
    case 'cma':
      return cmaSpace(new Cma(records, backing.area), geometry);
    case 'coherent':
      return coherentSpace(new DmaCoherentMem(records, backing.pool), geometry);
  }
}

function systemSpace(pages: PageAllocator, { pagesToBytes }: Geometry): Space {
  const managed = pages.zones().reduce((sum, zone) => sum + pages.managedPages(zone), 0);
  const order = pages.largestOrder();
  return {
    size: pagesToBytes(managed),
    free: pagesToBytes(pages.freePages()),
    largest: pagesToBytes(order < 0 ? 0 : 2 ** order),
  };
}

function cmaSpace(cma: Cma, { pfnPhys, pagesToBytes }: Geometry): Space {
  return {
    region: cma.name,
    base: pfnPhys(cma.basePfn),
    size: pagesToBytes(cma.count),
    free: pagesToBytes(cma.bitmap.zeros()),
    largest: pagesToBytes(cma.bitmap.longestZeroRun()),
  };
}

function coherentSpace(pool: DmaCoherentMem, { pfnPhys, pagesToBytes }: Geometry): Space {
  return {
    region: pool.name,
    base: pfnPhys(pool.pfnBase),
    size: pagesToBytes(pool.size),
    free: pagesToBytes(pool.bitmap.zeros()),
    largest: pagesToBytes(pool.largestBlock()),
  };
}
