/**
 * What a device without an IOMMU gets. Models kernel/dma/direct.c: dma_direct_alloc() (Linux 7.3).
 */
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Pfn, PfnRange } from '../../units.ts';
import { getOrder, U64_MASK } from '../../units.ts';
import { Cma } from '../alloc/cma.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import { allocAtomic } from './atomic-pools.ts';
import { type Device, dmaToPhys, physToDma } from './device.ts';
import { bindingOf, type DmaSource, heldBy } from './device-memory.ts';
import { areaFor, coherentLimit, isReached, zoneFlags } from './device-reach.ts';
import { cleared, DMA_ATTRS, type DmaNoRoom, type DmaResult, none, type Taken } from './dma-taken.ts';
import { allocCma, allocPages, type DriverContext, quietly, warn, zoneOfGfp } from './driver-pages.ts';
import { type Gfp, gfpWith, mayBlock } from './gfp.ts';
import { RestrictedPool } from './restricted-pool.ts';

/** dma_direct_alloc() */
export function directAlloc(
  context: DriverContext,
  device: Device,
  size: bigint,
  gfp: Gfp,
  attrs: number,
): DmaResult {
  const { records } = context;
  const { pageAlign } = geometryOf(records);
  const rounded = pageAlign(size);
  const asked = quietly(gfp, (attrs & DMA_ATTRS.DMA_ATTR_NO_WARN) !== 0);
  const { restricted } = bindingOf(records, device.name);
  const mapped = device.dmaCoherent ? 'linear' : 'vmalloc';
  if (restricted !== undefined) {
    const found = fromRestricted(context, device, restricted, rounded);
    return 'last' in found ? found : { ...cleared(context, found, rounded), kaddr: mapped };
  }
  if ((attrs & DMA_ATTRS.DMA_ATTR_NO_KERNEL_MAPPING) !== 0) {
    const found = directPages(context, device, rounded, asked, false);
    return 'last' in found ? found : { ...found, kaddr: 'cookie' };
  }
  if (!device.dmaCoherent && !mayBlock(gfp)) return fromAtomic(context, device, rounded, asked, size);
  const found = directPages(context, device, rounded, gfpWith(asked, [], ['__GFP_ZERO']), true);
  return 'last' in found ? found : { ...cleared(context, found, rounded), kaddr: mapped };
}

type Found = Omit<Taken, 'kaddr'>;

/** dma_direct_alloc_swiotlb(): no fallback, and nothing is said. */
function fromRestricted(
  context: DriverContext,
  device: Device,
  name: string,
  rounded: bigint,
): Found | DmaNoRoom {
  const { records } = context;
  const { pageSize, pfnDown } = geometryOf(records);
  const pages = rounded / BigInt(pageSize);
  const pool = new RestrictedPool(records, name);
  const address = pages === 0n ? undefined : pool.alloc(Number(pages));
  if (address === undefined) {
    const perPage = pageSize / 2048;
    const room = { freePages: pool.freeSlots / perPage, totalPages: pool.slots / perPage };
    return none(context, device, rounded, pages, 'restricted', { place: name, ...room });
  }
  const frames = [{ pfn: pfnDown(address), pages: Number(pages) }];
  return { from: 'restricted', source: name, frames, dma: physToDma(device, address) ?? U64_MASK };
}

/** What is said where no atomic pool has room. @param pools how many there are */
export function tellExhausted(context: DriverContext, device: Device, gfp: Gfp, pools: number): void {
  const { atomicExhausted } = profileIn(context.records).linux.dma;
  if (atomicExhausted.quiet && gfp.flags.has('__GFP_NOWARN')) return;
  const text = pools === 0 ? `Failed to get suitable pool for ${device.name}` : undefined;
  context.printk.print(4, text ?? atomicExhausted.text(device.name));
  warn(context, 'atomic-pools', false);
}

/** dma_direct_alloc_from_pool() */
function fromAtomic(
  context: DriverContext,
  device: Device,
  rounded: bigint,
  gfp: Gfp,
  size: bigint,
): DmaResult {
  const { records } = context;
  const { geometry } = profileIn(records);
  const pages = Number(rounded / geometry.page);
  const zone = zoneOfGfp(gfpWith(gfp, zoneFlags(context.records, device)));
  const got =
    pages === 0
      ? { pools: 1 }
      : allocAtomic(records, pages, zone, (pfn) => isReached(records, device, pfn, rounded));
  if (!('pools' in got)) {
    const { pfn } = got;
    const dma = physToDma(device, geometry.pfnPhys(pfn)) ?? U64_MASK;
    const taken = {
      from: 'atomic',
      source: got.zone,
      frames: [{ pfn, pages }],
      dma,
      kaddr: 'vmalloc',
    } as const;
    return cleared(context, taken, rounded);
  }
  tellExhausted(context, device, gfp, got.pools);
  return none(context, device, size, BigInt(pages), 'atomic');
}

/**
 * CMA, then the page allocator: __dma_direct_alloc_pages().
 *
 * @param willClear whether the CPU clears the pages
 */
export function directPages(
  context: DriverContext,
  device: Device,
  rounded: bigint,
  gfp: Gfp,
  willClear: boolean,
): Found | DmaNoRoom {
  const { records } = context;
  const { geometry } = profileIn(records);
  const pages = rounded / geometry.page;
  const count = Number(pages);
  const asked = gfpWith(gfp, zoneFlags(context.records, device));
  const found = (from: DmaSource, run: PfnRange, source?: number): Found => ({
    from,
    frames: [run],
    dma: physToDma(device, geometry.pfnPhys(run.pfn)) ?? U64_MASK,
    ...(source !== undefined && { source }),
  });
  const area = areaFor(records, device, pages, gfp);
  if (area !== undefined) {
    const pfn = allocCma(context, area, count, asked, willClear);
    if (pfn !== undefined && isReached(records, device, pfn, rounded)) {
      return found('cma', { pfn, pages: count }, area);
    }
    if (pfn !== undefined) new Cma(records, area).release(pfn, count);
  }
  // Of no pages the order is that of all 64 bits.
  const order = pages === 0n ? 64 - geometry.pageShift : getOrder(count);
  const pfn = pagesInReach(context, device, order, asked, rounded);
  if (typeof pfn === 'number') return found('buddy', { pfn, pages: 2 ** order });
  const place =
    area === undefined ? {} : { place: new Cma(records, area).name, ...heldBy(records, 'cma', area) };
  return none(context, device, rounded, 2n ** BigInt(order), pfn, place);
}

/** The page allocator, and again with a lower zone while what it gives is out of reach. */
function pagesInReach(
  context: DriverContext,
  device: Device,
  order: number,
  gfp: Gfp,
  rounded: bigint,
): Pfn | 'order' | 'pages' | 'reach' {
  const { records } = context;
  const { config, geometry } = profileIn(records);
  const limit = dmaToPhys(device, coherentLimit(records, device)) ?? U64_MASK;
  for (let asked = gfp; ; ) {
    const pfn = allocPages(context, order, asked);
    if (pfn === undefined) return order > geometry.maxPageOrder ? 'order' : 'pages';
    if (isReached(records, device, pfn, rounded)) return pfn;
    new PageAllocator(records).free(pfn, order);
    const zone = zoneOfGfp(asked);
    if (config.CONFIG_ZONE_DMA32 && limit < U64_MASK && zone === 'Normal') {
      asked = gfpWith(asked, ['GFP_DMA32']);
    } else if (config.CONFIG_ZONE_DMA && zone !== 'DMA') {
      asked = gfpWith(asked, ['GFP_DMA'], ['GFP_DMA32']);
    } else return 'reach';
  }
}
