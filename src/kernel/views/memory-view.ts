/** Who has which pages: what the allocators, the boot loader and early boot say of physical memory, as page frames. */
import { dmaHeapOps } from '../../dma-buf/backends.ts';
import { dmaHeaps } from '../../dma-buf/dma-heap.ts';
import { cmaAreas } from '../../mm/alloc/cma.ts';
import { DmaCoherentMem, hasCoherentPool } from '../../mm/alloc/coherent.ts';
import { PageAllocator } from '../../mm/alloc/page-alloc.ts';
import { atomicChunks } from '../../mm/dma/atomic-pools.ts';
import { dmaMachine } from '../../mm/dma/device-memory.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PfnRange, PhysRange } from '../../units.ts';
import { rangeEnd } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';

/** An area or a pool that hands its own pages out. */
export interface AreaView extends PfnRange {
  /** `declared`: a carveout of a vendor's kernel or of a TEE. */
  readonly kind: 'cma' | 'coherent' | 'declared';
  readonly name: string;
  /** Its heaps, by minor; two names of one area are one area. */
  readonly heaps: readonly string[];
  /** Ascending. */
  readonly free: readonly PfnRange[];
}

/** Physical memory as page frames. */
export interface MemoryView {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Where there is memory, ascending: RAM, no-map included, and pools outside it. */
  readonly memory: readonly PfnRange[];
  /** What the boot loader left in memory: `kernel`, `initrd`, `dtb` and others. */
  readonly images: readonly (PfnRange & { readonly name: string })[];
  /** The bounce buffers of the software IO TLB. */
  readonly swiotlb?: PfnRange;
  /** CMA areas in set-up order, then pools. */
  readonly areas: readonly AreaView[];
  /** The chunks of the pools for atomic DMA allocations. */
  readonly atomic: readonly PfnRange[];
  /** What boot gave to the page allocator, and what of it is free. Ascending. */
  readonly managed: readonly PfnRange[];
  readonly free: readonly PfnRange[];
}

/** All of it. */
export function memoryView(records: Records): MemoryView {
  const geometry = geometryOf(records);
  const { reserve, layout, swiotlb } = bootRecord(records);
  const pages = new PageAllocator(records);
  /** The pages that a range has bytes of. */
  const pagesOf = (range: PhysRange): PfnRange => {
    const pfn = geometry.pfnDown(range.base);
    return { pfn, pages: geometry.pfnUp(rangeEnd(range)) - pfn };
  };
  const zones: readonly ZoneName[] = ['DMA', 'DMA32', 'Normal'];
  return {
    pageSize: geometry.pageSize,
    memory: layout.map(pagesOf),
    images: Object.entries(reserve).flatMap(([name, range]) =>
      range === undefined ? [] : [{ name, ...pagesOf(range) }],
    ),
    ...(swiotlb && { swiotlb: pagesOf(swiotlb) }),
    areas: [...cmaViews(records), ...poolViews(records), ...declaredViews(records)],
    atomic: zones.flatMap((zone) => atomicChunks(records, zone)),
    managed: pages.managedRuns(),
    free: pages.freeRuns(),
  };
}

/** The names of the heaps of a backing. */
const heapsOf = (records: Records, isIt: (backend: string, index: number) => boolean): readonly string[] =>
  dmaHeaps(records)
    .filter(({ backing }) => isIt(backing.backend, backing.index))
    .map(({ name }) => name);

const cmaViews = (records: Records): readonly AreaView[] =>
  cmaAreas(records, bootRecord(records).cmaAreas).map((area, at) => ({
    kind: 'cma',
    name: area.name,
    heaps: heapsOf(records, (backend, index) => backend === 'cma' && index === at),
    pfn: area.basePfn,
    pages: area.count,
    free: area.bitmap.freeFrames(area.basePfn),
  }));

/** The coherent pools that are mapped, for a heap or for a device. */
function poolViews(records: Records): readonly AreaView[] {
  const ofRegions = dmaMachine(records).regions.flatMap(({ pool }) => pool ?? []);
  const ofHeaps = dmaHeaps(records).flatMap(({ backing }) =>
    backing.backend === 'coherent' ? [backing.index] : [],
  );
  return [...new Set([...ofRegions, ...ofHeaps])]
    .filter((index) => hasCoherentPool(records, index))
    .map((at) => {
      const pool = new DmaCoherentMem(records, at);
      return {
        kind: 'coherent',
        name: pool.name,
        heaps: heapsOf(records, (backend, index) => backend === 'coherent' && index === at),
        pfn: pool.pfnBase,
        pages: pool.size,
        free: pool.bitmap.freeFrames(pool.pfnBase),
      };
    });
}

/** The memory of declared heaps that have a pool of their own. */
const declaredViews = (records: Records): readonly AreaView[] =>
  dmaHeaps(records).flatMap(({ name, backing }): AreaView[] => {
    const { backend } = backing;
    if (backend === 'cma' || backend === 'coherent' || backend === 'system') return [];
    const ops = dmaHeapOps(backing);
    const { region, pages } = ops.space(records);
    if (region === undefined) return [];
    const free = ops.freeRuns(records);
    return [{ kind: 'declared', name: region.name, heaps: [name], pfn: region.pfn, pages, free }];
  });
