/** The nodes of /dev/dma_heap as their users see them: where the memory lies and what is left of it. */
import type { FileTable } from '../dma-buf/dma-buf.ts';
import { type DmaHeap, dmaHeaps, findDmaHeap } from '../dma-buf/dma-heap.ts';
import { Cma } from '../mm/cma.ts';
import { DmaCoherentMem } from '../mm/coherent.ts';
import { PageAllocator } from '../mm/page-alloc.ts';
import type { Records } from '../records.ts';
import { PAGE_SIZE, type PfnRange, pfnPhys } from '../units.ts';
import type { HeapView } from './views.ts';

/** What a backend says of its memory. */
type Space = Pick<HeapView, 'region' | 'base' | 'size' | 'free' | 'largest'>;

const bytes = (pages: number): bigint => BigInt(pages) * BigInt(PAGE_SIZE);

/** All heaps by minor, each with the number of its live buffers. */
export function heapViews(records: Records, files: FileTable): HeapView[] {
  const buffers = new Map<string, number>();
  for (const [, file] of files.dmaBufs()) {
    buffers.set(file.expName, (buffers.get(file.expName) ?? 0) + 1);
  }
  return dmaHeaps(records).map((heap) => ({
    name: heap.name,
    minor: heap.minor,
    mode: '600',
    backend: heap.backing.backend,
    buffers: buffers.get(heap.name) ?? 0,
    ...spaceOf(records, heap),
  }));
}

/** The free runs of a heap's area or pool, ascending; none for the system heap, whose memory is all RAM. */
export function freeRunsOf(records: Records, name: string): readonly PfnRange[] {
  const backing = findDmaHeap(records, name)?.backing;
  if (backing === undefined || backing.backend === 'system') return [];
  const [bitmap, base] =
    backing.backend === 'cma'
      ? [new Cma(records, backing.area).bitmap, new Cma(records, backing.area).basePfn]
      : [new DmaCoherentMem(records, backing.pool).bitmap, new DmaCoherentMem(records, backing.pool).pfnBase];
  return [...bitmap.zeroRuns()].map((run) => ({ pfn: base + run.start, pages: run.length }));
}

function spaceOf(records: Records, { backing }: DmaHeap): Space {
  switch (backing.backend) {
    case 'system':
      return systemSpace(new PageAllocator(records));
    case 'cma':
      return cmaSpace(new Cma(records, backing.area));
    case 'coherent':
      return coherentSpace(new DmaCoherentMem(records, backing.pool));
  }
}

function systemSpace(pages: PageAllocator): Space {
  const managed = pages.zones().reduce((sum, zone) => sum + pages.managedPages(zone), 0);
  const order = pages.largestOrder();
  return { size: bytes(managed), free: bytes(pages.freePages()), largest: bytes(order < 0 ? 0 : 2 ** order) };
}

function cmaSpace(cma: Cma): Space {
  const runs = cma.freeRuns().map((run) => run.length);
  return {
    region: cma.name,
    base: pfnPhys(cma.basePfn),
    size: bytes(cma.count),
    free: bytes(runs.reduce((sum, run) => sum + run, 0)),
    largest: bytes(runs.reduce((most, run) => Math.max(most, run), 0)),
  };
}

function coherentSpace(pool: DmaCoherentMem): Space {
  return {
    region: pool.name,
    base: pfnPhys(pool.pfnBase),
    size: bytes(pool.size),
    free: bytes(pool.size - pool.bitmap.weight()),
    largest: bytes(pool.largestBlock()),
  };
}
