/** The nodes of /dev/dma_heap as their users see them: where the memory lies and what is left of it. */
import { chargedBy, dmaHeapOps, type HeapBacking } from '../../dma-buf/backends.ts';
import type { FileTable } from '../../dma-buf/dma-buf.ts';
import { dmaHeaps, findDmaHeap } from '../../dma-buf/dma-heap.ts';
import type { DeclaredTraits, LargestRequest } from '../../dma-buf/heap-ops.ts';
import { type DeviceShare, deviceShares } from '../../mm/dma/device-memory.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PfnRange } from '../../units.ts';
import type { DeclaredView, HeapView } from './views.ts';

/** All heaps by minor, each with the number of its live buffers. */
export function heapViews(records: Records, files: FileTable): HeapView[] {
  const buffers = files.dmaBufCounts();
  const { pageSize, pagesToBytes, pfnPhys } = geometryOf(records);
  return dmaHeaps(records).map(({ name, minor, mode, gid, backing }) => {
    const { region, pages, freePages, largestPages } = dmaHeapOps(backing).space(records);
    return {
      name,
      minor,
      mode: mode.toString(8),
      gid,
      backend: backing.backend,
      ...(region && { region: region.name, base: pfnPhys(region.pfn) }),
      pageSize,
      size: pagesToBytes(pages),
      free: pagesToBytes(freePages),
      largest: pagesToBytes(largestPages),
      buffers: buffers.get(name) ?? 0,
      ...(backing.declared && { declared: declaredOf(backing.declared) }),
      devices: sharesOf(records, backing),
      ...chargesOf(records, backing, region?.name),
    };
  });
}

const declaredOf = ({ by, cached, zone, source }: DeclaredTraits): DeclaredView => ({
  by,
  cached,
  ...(zone !== undefined && { zone }),
  ...(source !== undefined && { source }),
});

/** Who else has pages of a heap's memory. */
function sharesOf(records: Records, { backend, index }: HeapBacking): readonly DeviceShare[] {
  if (backend === 'cma') return deviceShares(records, 'cma', index);
  return backend === 'coherent' ? deviceShares(records, 'pool', index) : [];
}

/** Which controller a heap charges, where it does. @param name the area or pool */
function chargesOf(
  records: Records,
  { backend, declared }: HeapBacking,
  name: string | undefined,
): Pick<HeapView, 'charges'> {
  const account = chargedBy({ backend, declared });
  if (account === undefined || !profileIn(records).accounting.includes(account.by)) return {};
  const { controller, region } = account;
  const charged = name === undefined ? undefined : region?.(name);
  return { charges: { controller, ...(charged !== undefined && { region: charged }) } };
}

/** The free runs of a heap's area or pool, ascending; none for the system heap, whose memory is all RAM. */
export function freeRunsOf(records: Records, name: string): readonly PfnRange[] {
  const heap = findDmaHeap(records, name);
  return heap === undefined ? [] : dmaHeapOps(heap.backing).freeRuns(records);
}

/** The largest request that a heap can still answer. */
export function largestRequest(records: Records, name: string): LargestRequest {
  const heap = findDmaHeap(records, name);
  return heap === undefined ? { pages: 0 } : dmaHeapOps(heap.backing).largestRequest(records);
}
