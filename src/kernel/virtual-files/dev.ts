/** /dev: what devtmpfs makes of the heaps. Models drivers/base/devtmpfs.c (Linux 7.3). */
import { DMA_HEAP_MAJOR, dmaHeaps } from '../../dma-buf/dma-heap.ts';
import type { Viewer } from './context.ts';
import { heapDeviceName } from './dma-heap-sysfs.ts';
import { directory, type Entries } from './make-node.ts';
import type { VirtualDirectory, VirtualNode } from './node.ts';

/** Other nodes than those of the heaps are not modelled. The folder comes with the first heap. */
export function devDirectory({ records }: Viewer): VirtualDirectory {
  const heaps = (): Entries =>
    new Map(
      dmaHeaps(records).map((heap) => [
        heapDeviceName(heap),
        (): VirtualNode => ({
          kind: 'device',
          mode: heap.mode,
          gid: heap.gid,
          major: DMA_HEAP_MAJOR,
          minor: heap.minor,
          heap: heap.name,
        }),
      ]),
    );
  return directory(0o755, () =>
    dmaHeaps(records).length === 0 ? new Map() : new Map([['dma_heap', () => directory(0o755, heaps)]]),
  );
}
