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
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Pfn } from '../../units.ts';
import { getOrder, U64_MASK } from '../../units.ts';
import { DmaCoherentMem } from '../alloc/coherent.ts';
import { type Device, type DmaAddr, physToDma } from './device.ts';
import { bindingOf, coherentMask, heldBy } from './device-memory.ts';
import { directAlloc, directPages } from './dma-direct.ts';
import { cleared, DMA_ATTRS, type DmaResult, none } from './dma-taken.ts';
import { type DriverContext, quietly, warn } from './driver-pages.ts';
import { type Gfp, gfpWith } from './gfp.ts';
import { iommuAlloc, iommuContiguous } from './iommu-alloc.ts';

/** dma_alloc_attrs(). @param size bytes, 0 to 2^64 - 1 */
export function dmaAllocAttrs(
  context: DriverContext,
  device: Device,
  size: bigint,
  gfp: Gfp,
  attrs: number,
): DmaResult {
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
export function dmaAllocPages(context: DriverContext, device: Device, size: bigint, gfp: Gfp): DmaResult {
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
): DmaResult {
  if ((attrs & ~DMA_ATTRS.DMA_ATTR_ALLOC_SINGLE_PAGES) !== 0) {
    warn(context, 'noncontiguous-attrs');
    return none(context, device, size, 0n, 'flags');
  }
  return dmaAllocPages(context, device, size, gfp);
}

/** dma_alloc_from_dev_coherent(): power-of-two pages, silently, whatever mask and flags say. */
function fromPool(context: DriverContext, device: Device, index: number, size: bigint): DmaResult {
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
    const room = { freePages: pool.bitmap.zeros(), totalPages: pool.size, ...heldBy(records, 'pool', index) };
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
