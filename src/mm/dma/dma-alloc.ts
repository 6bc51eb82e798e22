/**
 * What a driver's dma_alloc_attrs() and dma_alloc_pages() give, and how it goes back. Models kernel/dma/mapping.c,
 * kernel/dma/direct.c, kernel/dma/contiguous.c and, behind an IOMMU, drivers/iommu/dma-iommu.c (Linux 7.3).
 *
 *   own pool ──► restricted pool ──► may not sleep? atomic pools
 *   (alone)          (alone)                │ may
 *                                           ▼
 *                       own area, else the default one ──► page allocator ──► a lower zone
 *                                no room, or out of reach          out of reach
 */
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { Pfn, PfnRange, PhysAddr } from '../../units.ts';
import { getOrder, U32_MASK, U64_MASK } from '../../units.ts';
import { Cma } from '../alloc/cma.ts';
import { DmaCoherentMem } from '../alloc/coherent.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import { allocAtomic, freeAtomic } from './atomic-pools.ts';
import { type Device, type DmaAddr, dmaLimit, dmaToPhys, physToDma } from './device.ts';
import { bindingOf, coherentMask, type DeviceBuffer, type DmaSource, dmaMachine } from './device-memory.ts';
import { allocCma, allocPages, type DriverContext, quietly, warn, zoneOfGfp } from './driver-pages.ts';
import { type Gfp, gfpWith, mayBlock } from './gfp.ts';
import { IovaDomain } from './iommu-dma.ts';
import { RestrictedPool } from './restricted-pool.ts';

/** Bits of include/linux/dma-mapping.h (Linux 7.3) that an allocation may have. */
export const DMA_ATTRS = {
  DMA_ATTR_WEAK_ORDERING: 1 << 1,
  DMA_ATTR_WRITE_COMBINE: 1 << 2,
  DMA_ATTR_NO_KERNEL_MAPPING: 1 << 4,
  DMA_ATTR_SKIP_CPU_SYNC: 1 << 5,
  DMA_ATTR_FORCE_CONTIGUOUS: 1 << 6,
  DMA_ATTR_ALLOC_SINGLE_PAGES: 1 << 7,
  DMA_ATTR_NO_WARN: 1 << 8,
  DMA_ATTR_PRIVILEGED: 1 << 9,
} as const;

/** What an allocation gave. */
export type Taken = Pick<DeviceBuffer, 'from' | 'frames' | 'dma' | 'kaddr' | 'source'>;

/** Why it gave nothing: the last place that was asked, and what it had. */
export interface DmaNoRoom {
  readonly kind: 'dma-no-room';
  readonly device: string;
  readonly size: bigint;
  readonly pageSize: number;
  /** Pages that were wanted in one run, as the last place counts them. */
  readonly pages: bigint;
  /**
   * The last place: the only one for a pool; `pages`: the page allocator, behind `area` where one was asked; `flags`:
   * the flags are refused; `reach`: nothing lies where the device reaches.
   */
  readonly last: 'pool' | 'restricted' | 'atomic' | 'pages' | 'order' | 'reach' | 'flags' | 'addresses';
  /** The name of the pool, or of the area that was asked before. */
  readonly place?: string;
  readonly freePages?: number;
  readonly totalPages?: number;
}

type Result = Taken | DmaNoRoom;

/** What a failure has in common. */
const none = (
  { records }: DriverContext,
  device: Device,
  size: bigint,
  pages: bigint,
  last: DmaNoRoom['last'],
  more: Pick<DmaNoRoom, 'place' | 'freePages' | 'totalPages'> = {},
): DmaNoRoom => ({
  kind: 'dma-no-room',
  device: device.name,
  size,
  pageSize: geometryOf(records).pageSize,
  pages,
  last,
  ...more,
});

/** dma_alloc_attrs(). @param size bytes, 0 to 2^64 - 1 */
export function dmaAllocAttrs(
  context: DriverContext,
  device: Device,
  size: bigint,
  gfp: Gfp,
  attrs: number,
): Result {
  const { records } = context;
  const rules = profileIn(records).linux.dma;
  if (coherentMask(records, device) === 0n) warn(context, 'no-mask');
  if (rules.refusesCompound && gfp.flags.has('__GFP_COMP')) {
    warn(context, 'compound');
    return none(context, device, size, 0n, 'flags');
  }
  const { pool } = bindingOf(records, device.name);
  if (pool !== undefined) return fromPool(context, device, pool, size);
  const flags = gfpWith(gfp, [], ['GFP_DMA', 'GFP_DMA32', '__GFP_HIGHMEM']);
  const silent = rules.nowaitNoWarn && gfp.base === 'GFP_NOWAIT';
  const asked = quietly(flags, silent);
  return device.iommu
    ? iommuAlloc(context, device, size, asked, attrs)
    : directAlloc(context, device, size, asked, attrs);
}

/** dma_alloc_pages(): never of the own pool, and always in the linear map. */
export function dmaAllocPages(context: DriverContext, device: Device, size: bigint, gfp: Gfp): Result {
  const { records } = context;
  const { linux, geometry } = profileIn(records);
  if (coherentMask(records, device) === 0n) {
    warn(context, 'pages-mask');
    return none(context, device, size, 0n, 'flags');
  }
  const refused = gfp.flags.has('GFP_DMA') || gfp.flags.has('GFP_DMA32') || gfp.flags.has('__GFP_HIGHMEM');
  if (refused || (linux.dma.refusesCompound && gfp.flags.has('__GFP_COMP'))) {
    warn(context, refused ? 'pages-zone' : 'pages-compound');
    return none(context, device, size, 0n, 'flags');
  }
  const rounded = geometry.pageAlign(size);
  if (device.iommu) return iommuContiguous(context, device, rounded, gfp, 'linear');
  const found = directPages(context, device, rounded, gfp, true);
  return 'last' in found ? found : { ...cleared(context, found, rounded), kaddr: 'linear' };
}

/** dma_alloc_noncontiguous() of a device whose memory is one run all the same. */
export function dmaAllocNoncontiguous(
  context: DriverContext,
  device: Device,
  size: bigint,
  gfp: Gfp,
  attrs: number,
): Result {
  if ((attrs & ~DMA_ATTRS.DMA_ATTR_ALLOC_SINGLE_PAGES) !== 0) {
    warn(context, 'noncontiguous-attrs');
    return none(context, device, size, 0n, 'flags');
  }
  return dmaAllocPages(context, device, size, gfp);
}

/** dma_alloc_from_dev_coherent(): power-of-two pages, silently, whatever mask and flags say. */
function fromPool(context: DriverContext, device: Device, index: number, size: bigint): Result {
  const { records, memory } = context;
  const { linux, geometry } = profileIn(records);
  const pool = new DmaCoherentMem(records, index);
  // The base is translated; what lies behind it follows, also behind an address that could not be made.
  const base = physToDma(device, geometry.pfnPhys(pool.pfnBase)) ?? U64_MASK;
  const at = (pfn: Pfn): DmaAddr => BigInt.asUintN(64, base + geometry.pagesToBytes(pfn - pool.pfnBase));
  const given = { from: 'pool', source: index, kaddr: 'vmalloc' } as const;
  if (size === 0n && linux.dma.poolGivesNothing) return { ...given, frames: [], dma: base };
  const pages = wholePages(geometry.pageSize, size);
  const fits = size > 0n && size <= geometry.pagesToBytes(pool.size);
  const pfn = fits ? pool.alloc(Number(pages)) : undefined;
  if (pfn === undefined) {
    const room = { freePages: pool.bitmap.zeros(), totalPages: pool.size };
    return none(context, device, size, powerOfTwo(pages), 'pool', { place: pool.name, ...room });
  }
  memory.zero(geometry.pfnPhys(pfn), size);
  return { ...given, frames: [{ pfn, pages: 2 ** getOrder(Number(pages)) }], dma: at(pfn) };
}

const wholePages = (pageSize: number, size: bigint): bigint =>
  (size + BigInt(pageSize) - 1n) / BigInt(pageSize);

/** As many pages as the allocator gives for so many. */
const powerOfTwo = (pages: bigint): bigint => {
  let power = 1n;
  while (power < pages) power <<= 1n;
  return power;
};

/** Clears what was taken, as far as it was asked for in whole pages. */
function cleared<T extends Pick<Taken, 'frames'>>(
  { records, memory }: DriverContext,
  taken: T,
  rounded: bigint,
): T {
  const [first] = taken.frames;
  if (first !== undefined) memory.zero(geometryOf(records).pfnPhys(first.pfn), rounded);
  return taken;
}

/** dma_direct_alloc() */
function directAlloc(context: DriverContext, device: Device, size: bigint, gfp: Gfp, attrs: number): Result {
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

/** dma_direct_alloc_from_pool() */
function fromAtomic(context: DriverContext, device: Device, rounded: bigint, gfp: Gfp, size: bigint): Result {
  const { records, printk } = context;
  const { geometry, linux } = profileIn(records);
  const pages = Number(rounded / geometry.page);
  const zone = zoneOfGfp(gfpWith(gfp, zoneFlags(context, device)));
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
  const { atomicExhausted } = linux.dma;
  if (!atomicExhausted.quiet || !gfp.flags.has('__GFP_NOWARN')) {
    const text = got.pools === 0 ? `Failed to get suitable pool for ${device.name}` : undefined;
    printk.print(4, text ?? atomicExhausted.text(device.name));
    warn(context, 'atomic-pools', false);
  }
  return none(context, device, size, BigInt(pages), 'atomic');
}

/** min_not_zero() of coherent mask and bus limit. */
const coherentLimit = (records: Records, device: Device): DmaAddr =>
  dmaLimit({ ...device, dmaMask: coherentMask(records, device) });

/** Which zone the device's reach asks for: dma_direct_optimal_gfp_mask(). */
function zoneFlags({ records }: DriverContext, device: Device): readonly ('GFP_DMA' | 'GFP_DMA32')[] {
  const limit = dmaToPhys(device, coherentLimit(records, device)) ?? U64_MASK;
  if (limit <= dmaMachine(records).zoneDmaLimit) return ['GFP_DMA'];
  return limit <= U32_MASK ? ['GFP_DMA32'] : [];
}

/** dma_coherent_ok() */
function isReached(records: Records, device: Device, pfn: Pfn, size: bigint): boolean {
  const address = physToDma(device, geometryOf(records).pfnPhys(pfn));
  if (address === undefined) return false;
  return BigInt.asUintN(64, address + size - 1n) <= coherentLimit(records, device);
}

/** The area that a request is for, if it is for any: dma_alloc_contiguous(). @param pages asked for */
function areaFor(records: Records, device: Device, pages: bigint, gfp: Gfp): number | undefined {
  if (!mayBlock(gfp)) return undefined;
  const { area } = bindingOf(records, device.name);
  return area ?? (pages > 1n ? dmaMachine(records).defaultArea : undefined);
}

/**
 * CMA, then the page allocator: __dma_direct_alloc_pages().
 *
 * @param willClear whether the CPU clears the pages
 */
function directPages(
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
  const asked = gfpWith(gfp, zoneFlags(context, device));
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
  const place = area === undefined ? {} : { place: new Cma(records, area).name };
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

/** Sizes that the page tables of an IOMMU map at once: a page, and what a PMD maps. */
const iommuOrders = (records: Records): readonly number[] => {
  const { tableSpans, page, maxPageOrder } = geometryOf(records);
  const large = getOrder(Number(tableSpans[0] / page));
  return large <= maxPageOrder ? [large, 0] : [0];
};

/** iommu_dma_alloc() (source only) */
function iommuAlloc(context: DriverContext, device: Device, size: bigint, gfp: Gfp, attrs: number): Result {
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
    const { atomicExhausted } = profileIn(records).linux.dma;
    if (!atomicExhausted.quiet || !gfp.flags.has('__GFP_NOWARN')) {
      context.printk.print(4, atomicExhausted.text(device.name));
      warn(context, 'atomic-pools', false);
    }
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
): Result {
  const { records, memory } = context;
  const { geometry } = profileIn(records);
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
function iommuContiguous(
  context: DriverContext,
  device: Device,
  rounded: bigint,
  gfp: Gfp,
  kaddr: Taken['kaddr'],
): Result {
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
): Result {
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

function giveFramesBack(
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

/** Whether the mask is one that the machine's memory allows: dma_direct_supported(). */
export function supportsMask(records: Records, device: Device, mask: DmaAddr): boolean {
  if (device.iommu || mask >= U32_MASK) return true;
  const { zoneDmaLimit, maxPfn } = dmaMachine(records);
  const lastPage: PhysAddr = geometryOf(records).pfnPhys(maxPfn - 1);
  const least = lastPage < zoneDmaLimit ? lastPage : zoneDmaLimit;
  return mask >= (physToDma(device, least) ?? U64_MASK);
}
