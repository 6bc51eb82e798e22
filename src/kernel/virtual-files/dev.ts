/** /dev: what devtmpfs makes of the heaps. Models drivers/base/devtmpfs.c (Linux 7.3). */
import { DMA_HEAP_MAJOR, dmaHeaps } from '../../dma-buf/dma-heap.ts';
import { DRM_MAJOR } from '../../uapi/drm.ts';
import { type DrmNode, drmNodes } from '../drm-devices.ts';
import type { Viewer } from './context.ts';
import { heapDeviceName } from './dma-heap-sysfs.ts';
import { directory, type Entries } from './make-node.ts';
import type { VirtualDirectory, VirtualNode } from './node.ts';

const drmDevice = ({ device, mode, minor }: DrmNode): VirtualNode => ({
  kind: 'device',
  mode,
  major: DRM_MAJOR,
  minor,
  opens: { drm: device },
});

/** Other nodes than those of heaps and DRM devices are not modelled. The folders come with the first of them. */
export function devDirectory({ records }: Viewer): VirtualDirectory {
  const heaps = (): Entries =>
    new Map(
      dmaHeaps(records).map((heap) => [
        heapDeviceName(heap),
        (): VirtualNode => ({
          kind: 'device',
          mode: heap.mode,
          ...(heap.uid !== undefined && { uid: heap.uid }),
          gid: heap.gid,
          major: DMA_HEAP_MAJOR,
          minor: heap.minor,
          opens: { heap: heap.name },
        }),
      ]),
    );
  const drm = (): Entries => new Map(drmNodes(records).map((node) => [node.name, () => drmDevice(node)]));
  return directory(
    0o755,
    (): Entries =>
      new Map([
        ...(dmaHeaps(records).length === 0 ? [] : [['dma_heap', () => directory(0o755, heaps)] as const]),
        ...(drmNodes(records).length === 0 ? [] : [['dri', () => directory(0o755, drm)] as const]),
      ]),
  );
}
