/** How a driver's memory goes back. Models kernel/dma/direct.c: dma_direct_free() and its like (Linux 7.3). */
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import { getOrder } from '../../units.ts';
import { Cma } from '../alloc/cma.ts';
import { DmaCoherentMem } from '../alloc/coherent.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import { freeAtomic } from './atomic-pools.ts';
import type { Device } from './device.ts';
import { bindingOf, type DeviceBuffer, dmaMachine } from './device-memory.ts';
import type { DriverContext } from './driver-pages.ts';
import { IovaDomain } from './iommu-dma.ts';
import { RestrictedPool } from './restricted-pool.ts';

/**
 * Gives back what a driver took: dma_free_attrs(), dma_free_pages().
 *
 * @param buffer whose pool, if it was of one, is still bound
 * @returns false where the frames of an area stay taken: the device's area is another now
 */
export function dmaFree(context: DriverContext, device: Device, buffer: DeviceBuffer): boolean {
  const { records } = context;
  if (device.iommu && buffer.from !== 'pool') new IovaDomain(records, device).unmap(buffer.dma);
  return giveFramesBack(context, device, buffer, geometryOf(records).pageAlign(buffer.size));
}

export function giveFramesBack(
  context: DriverContext,
  device: Device,
  { from, source, frames }: Pick<DeviceBuffer, 'from' | 'source' | 'frames'>,
  rounded: bigint,
): boolean {
  const { records, printk } = context;
  const { geometry, linux } = profileIn(records);
  const count = Number(rounded / geometry.page);
  const [first] = frames;
  if (first === undefined) return true;
  switch (from) {
    case 'pool':
      new DmaCoherentMem(records, Number(source)).release(first.pfn, first.pages);
      return true;
    case 'atomic':
      freeAtomic(records, { zone: String(source) as 'DMA', pfn: first.pfn }, count);
      return true;
    case 'restricted':
      new RestrictedPool(records, String(source)).free(geometry.pfnPhys(first.pfn), count);
      return true;
    case 'buddy': {
      const pages = new PageAllocator(records);
      for (const { pfn, pages: size } of frames) pages.free(pfn, getOrder(size));
      return true;
    }
    case 'cma': {
      // dma_free_contiguous() asks one area alone.
      const area = bindingOf(records, device.name).area ?? dmaMachine(records).defaultArea;
      if (area === source) {
        new Cma(records, Number(source)).release(first.pfn, first.pages);
        return true;
      }
      if (linux.dma.tellsBadPages) {
        for (let pfn = first.pfn + 1; pfn < first.pfn + 2 ** getOrder(count); pfn++) {
          printk.print(
            1,
            `BUG: Bad page state in process ${context.comm}  pfn:${pfn.toString(16).padStart(5, '0')}`,
          );
        }
      }
      return false;
    }
  }
}
