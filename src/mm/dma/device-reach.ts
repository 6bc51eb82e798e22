/** How far a device reaches, and what memory that leaves for its driver. Models kernel/dma/direct.c (Linux 7.3). */
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { Pfn, PhysAddr } from '../../units.ts';
import { U32_MASK, U64_MASK } from '../../units.ts';
import { type Device, type DmaAddr, dmaLimit, dmaToPhys, physToDma } from './device.ts';
import { bindingOf, coherentMask, dmaMachine } from './device-memory.ts';
import { type Gfp, mayBlock } from './gfp.ts';

/** min_not_zero() of coherent mask and bus limit. */
export const coherentLimit = (records: Records, device: Device): DmaAddr =>
  dmaLimit({ ...device, dmaMask: coherentMask(records, device) });

/** Which zone the device's reach asks for: dma_direct_optimal_gfp_mask(). */
export function zoneFlags(records: Records, device: Device): readonly ('GFP_DMA' | 'GFP_DMA32')[] {
  const limit = dmaToPhys(device, coherentLimit(records, device)) ?? U64_MASK;
  if (limit <= dmaMachine(records).zoneDmaLimit) return ['GFP_DMA'];
  return limit <= U32_MASK ? ['GFP_DMA32'] : [];
}

/** dma_coherent_ok() */
export function isReached(records: Records, device: Device, pfn: Pfn, size: bigint): boolean {
  const address = physToDma(device, geometryOf(records).pfnPhys(pfn));
  if (address === undefined) return false;
  return BigInt.asUintN(64, address + size - 1n) <= coherentLimit(records, device);
}

/** The area that a request is for, if it is for any: dma_alloc_contiguous(). @param pages asked for */
export function areaFor(records: Records, device: Device, pages: bigint, gfp: Gfp): number | undefined {
  if (!mayBlock(gfp)) return undefined;
  const { area } = bindingOf(records, device.name);
  return area ?? (pages > 1n ? dmaMachine(records).defaultArea : undefined);
}

/** Whether the mask is one that the machine's memory allows: dma_direct_supported(). */
export function supportsMask(records: Records, device: Device, mask: DmaAddr): boolean {
  if (device.iommu || mask >= U32_MASK) return true;
  const { zoneDmaLimit, maxPfn } = dmaMachine(records);
  const lastPage: PhysAddr = geometryOf(records).pfnPhys(maxPfn - 1);
  const least = lastPage < zoneDmaLimit ? lastPage : zoneDmaLimit;
  return mask >= (physToDma(device, least) ?? U64_MASK);
}
