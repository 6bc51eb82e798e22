/**
 * What a device behind an IOMMU gets: pages wherever they are, and addresses of its own. Models
 * drivers/iommu/dma-iommu.c: iommu_dma_alloc() (Linux 7.3), from the source alone.
 */
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PfnRange } from '../../units.ts';
import { getOrder } from '../../units.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import { allocAtomic } from './atomic-pools.ts';
import type { Device } from './device.ts';
import { coherentMask } from './device-memory.ts';
import { areaFor } from './device-reach.ts';
import { tellExhausted } from './dma-direct.ts';
import { giveFramesBack } from './dma-free.ts';
import { cleared, DMA_ATTRS, type DmaResult, none, type Taken } from './dma-taken.ts';
import { allocCma, allocPages, type DriverContext, zoneOfGfp } from './driver-pages.ts';
import { type Gfp, mayBlock } from './gfp.ts';
import { IovaDomain } from './iommu-dma.ts';

/** Sizes that the page tables of an IOMMU map at once: a page, and what a PMD maps. */
const iommuOrders = (records: Records): readonly number[] => {
  const { tableSpans, page, maxPageOrder } = geometryOf(records);
  const large = getOrder(Number(tableSpans[0] / page));
  return large <= maxPageOrder ? [large, 0] : [0];
};

/** iommu_dma_alloc() (source only) */
export function iommuAlloc(
  context: DriverContext,
  device: Device,
  size: bigint,
  gfp: Gfp,
  attrs: number,
): DmaResult {
  const { records } = context;
  const { pageAlign, page } = geometryOf(records);
  const rounded = pageAlign(size);
  const contiguous = (attrs & DMA_ATTRS.DMA_ATTR_FORCE_CONTIGUOUS) !== 0;
  const mapped = device.dmaCoherent ? 'linear' : 'vmalloc';
  if (mayBlock(gfp) && !contiguous) return iommuPages(context, device, rounded, gfp, attrs);
  if (mayBlock(gfp) || device.dmaCoherent) return iommuContiguous(context, device, rounded, gfp, mapped);
  const pages = Number(rounded / page);
  const zone = zoneOfGfp(gfp);
  const got = pages === 0 ? { pools: 1 } : allocAtomic(records, pages, zone, () => true);
  if ('pools' in got) {
    tellExhausted(context, device, gfp, got.pools);
    return none(context, device, size, BigInt(pages), 'atomic');
  }
  const taken = {
    from: 'atomic',
    source: got.zone,
    frames: [{ pfn: got.pfn, pages }],
    kaddr: 'vmalloc',
  } as const;
  return withAddresses(context, device, cleared(context, taken, rounded), rounded);
}

/** Page by page, and never of an area: iommu_dma_alloc_remap() (source only). */
function iommuPages(
  context: DriverContext,
  device: Device,
  rounded: bigint,
  gfp: Gfp,
  attrs: number,
): DmaResult {
  const { records, memory } = context;
  const geometry = geometryOf(records);
  const single = (attrs & DMA_ATTRS.DMA_ATTR_ALLOC_SINGLE_PAGES) !== 0;
  const orders = single ? [0] : iommuOrders(records);
  const pages = new PageAllocator(records);
  const frames: PfnRange[] = [];
  const giveBack = () => {
    for (const { pfn, pages: count } of frames) pages.free(pfn, getOrder(count));
  };
  const wanted = Number(rounded / geometry.page);
  if (wanted > pages.freePages()) context.outOfMemory(wanted);
  for (let left = wanted; left > 0; ) {
    const order = orders.find((one) => 2 ** one <= left && (one === 0 || pages.largestOrder() >= one)) ?? 0;
    const pfn = allocPages(context, order, gfp);
    if (pfn === undefined) {
      giveBack();
      return none(context, device, rounded, BigInt(left), 'pages');
    }
    frames.push({ pfn, pages: 2 ** order });
    left -= 2 ** order;
  }
  for (const { pfn, pages: count } of frames) {
    memory.zero(geometry.pfnPhys(pfn), geometry.pagesToBytes(count));
  }
  const noMapping = (attrs & DMA_ATTRS.DMA_ATTR_NO_KERNEL_MAPPING) !== 0;
  return withAddresses(
    context,
    device,
    { from: 'buddy', frames, kaddr: noMapping ? 'cookie' : 'vmalloc' },
    rounded,
  );
}

/** An area, else the page allocator, wherever that lies: iommu_dma_alloc_pages() (source only). */
export function iommuContiguous(
  context: DriverContext,
  device: Device,
  rounded: bigint,
  gfp: Gfp,
  kaddr: Taken['kaddr'],
): DmaResult {
  const { records } = context;
  const { page, pageShift } = geometryOf(records);
  const pages = rounded / page;
  const count = Number(pages);
  const area = areaFor(records, device, pages, gfp);
  const inArea = area === undefined ? undefined : allocCma(context, area, count, gfp, true);
  const order = pages === 0n ? 64 - pageShift : getOrder(count);
  const pfn = inArea ?? allocPages(context, order, gfp);
  if (pfn === undefined) return none(context, device, rounded, pages, 'pages');
  const frames = [{ pfn, pages: inArea === undefined ? 2 ** order : count }];
  const from =
    inArea === undefined || area === undefined
      ? ({ from: 'buddy' } as const)
      : ({ from: 'cma', source: area } as const);
  return withAddresses(context, device, cleared(context, { ...from, frames, kaddr }, rounded), rounded);
}

/** Gives pages addresses of the device's own: __iommu_dma_map(), or gives them back. */
function withAddresses(
  context: DriverContext,
  device: Device,
  taken: Omit<Taken, 'dma'>,
  rounded: bigint,
): DmaResult {
  const { records } = context;
  const { page } = geometryOf(records);
  const domain = new IovaDomain(records, { ...device, dmaMask: coherentMask(records, device) });
  const pages = Number(rounded / page);
  const [first] = taken.frames;
  const runs = taken.frames.length === 1 && first !== undefined ? [{ pfn: first.pfn, pages }] : taken.frames;
  const mapped = pages === 0 ? undefined : domain.map(runs, 'read-write');
  if (mapped !== undefined) return { ...taken, dma: mapped.base };
  giveFramesBack(context, device, taken, rounded);
  return none(context, device, rounded, BigInt(pages), 'addresses');
}
