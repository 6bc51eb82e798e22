/**
 * Memory zones by their physical limits. Models arch/arm64/mm/init.c: zone_sizes_init() (Linux 7.3) and its like of
 * other architectures.
 */
import type { ZoneName } from '../../profile/linux-version.ts';
import type { Profile } from '../../profile/profile.ts';
import type { PhysAddr } from '../../units.ts';
import { rangeEnd, roundDown, U32_MASK, U64_MASK } from '../../units.ts';
import type { Memblock } from './memblock.ts';

/** A zone spans `[start, end)`, whole pages; empty where they are equal. */
export interface ZoneSpan {
  readonly name: ZoneName;
  readonly start: PhysAddr;
  readonly end: PhysAddr;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a < b ? b : a);

/** The end of the DMA zone, exclusive, which bounds the default CMA area: arm64_dma_phys_limit. */
export function dmaPhysLimit(memblock: Memblock, profile: Profile, maxCpuAddress?: PhysAddr): PhysAddr {
  const end = memblock.endOfDram;
  if (!profile.config.CONFIG_ZONE_DMA) return dma32PhysLimit(memblock, profile);
  const { dma32End, dmaZone } = profile.arch;
  if (typeof dmaZone === 'bigint') return min(dmaZone, end);
  if (profile.linux.zonesByBits) return zoneEndByBits(memblock, maxCpuAddress, dma32End);
  let limit = maxCpuAddress === undefined ? end : maxCpuAddress + 1n;
  if (memblock.startOfDram < dma32End - 1n) limit = min(limit, dma32End);
  return min(limit, end);
}

/**
 * The highest address of ZONE_DMA, inclusive, whatever RAM there is: zone_dma_limit; up to Linux 6.6 its bits,
 * zone_dma_bits.
 */
export function zoneDmaLimit(memblock: Memblock, { linux }: Profile, maxCpuAddress?: PhysAddr): PhysAddr {
  const lowest = maxCpuAddress ?? U64_MASK;
  if (linux.zonesByBits) {
    const bits = Math.min(32, lowest.toString(2).length);
    return (1n << BigInt(bits)) - 1n;
  }
  return memblock.startOfDram < U32_MASK ? min(lowest, U32_MASK) : lowest;
}

/** The end of a zone of so many address bits; it widens where RAM lies above: max_zone_phys() (Linux 6.6). */
function zoneEndByBits(
  memblock: Memblock,
  maxCpuAddress: PhysAddr | undefined,
  dma32End: PhysAddr,
): PhysAddr {
  const bits = Math.min(32, (maxCpuAddress ?? dma32End - 1n).toString(2).length);
  const start = memblock.startOfDram;
  const limit =
    start >= dma32End ? memblock.endOfDram : start >= 1n << BigInt(bits) ? dma32End : 1n << BigInt(bits);
  return min(limit, memblock.endOfDram);
}

function dma32PhysLimit(memblock: Memblock, profile: Profile): PhysAddr {
  const { zonesByBits } = profile.linux;
  if (zonesByBits && memblock.startOfDram >= profile.arch.dma32End) return memblock.endOfDram;
  return profile.config.CONFIG_ZONE_DMA32
    ? min(profile.arch.dma32End, memblock.endOfDram)
    : memblock.endOfDram;
}

/** Where the default CMA area ends unless the command line says. */
export function defaultCmaLimit(memblock: Memblock, profile: Profile, maxCpuAddress?: PhysAddr): PhysAddr {
  switch (profile.arch.early.defaultCmaLimit) {
    case 'dma-zone':
      return dmaPhysLimit(memblock, profile, maxCpuAddress);
    case 'dma32-zone':
      return min(profile.arch.dma32End, memblock.endOfDram);
    case 'ram':
      return memblock.endOfDram;
  }
}

/** Where bounce buffers end, which are those of the lowest zone that devices without limits reach; none where there are none. */
export function swiotlbLimit(
  memblock: Memblock,
  profile: Profile,
  maxCpuAddress?: PhysAddr,
): PhysAddr | undefined {
  const { dma32End, dmaZone, early } = profile.arch;
  if (early.swiotlb === 'none') return undefined;
  if (dmaZone === 'devices') {
    const limit = dmaPhysLimit(memblock, profile, maxCpuAddress);
    const isNeeded = memblock.endOfDram > limit || profile.linux.dma.swiotlb !== 'none';
    return isNeeded ? limit : undefined;
  }
  return early.swiotlb === 'to-bounce' && memblock.endOfDram <= dma32End
    ? undefined
    : min(dma32End, memblock.endOfDram);
}

/**
 * The end of RAM that has linear addresses: arm_lowmem_limit. RAM that is hidden does not count, so that it sinks
 * where a no-map region lies at its end.
 */
export function lowmemEnd(memblock: Memblock, { arch }: Profile): PhysAddr {
  if (arch.lowmem === undefined) return memblock.endOfDram;
  const most = roundDown(memblock.startOfDram, memblock.geometry.tableSpans[0]) + arch.lowmem;
  const low = memblock.memory.filter(({ base, nomap }) => !nomap && base < most);
  return low.reduce((end, region) => max(end, min(rangeEnd(region), most)), memblock.startOfDram);
}

/** The zones that the kernel is configured with, from the bottom up. */
export function zoneSpans(memblock: Memblock, profile: Profile, maxCpuAddress?: PhysAddr): ZoneSpan[] {
  const { CONFIG_ZONE_DMA, CONFIG_ZONE_DMA32 } = profile.config;
  const limits: [ZoneName, PhysAddr][] = [];
  if (CONFIG_ZONE_DMA) limits.push(['DMA', dmaPhysLimit(memblock, profile, maxCpuAddress)]);
  if (CONFIG_ZONE_DMA32) limits.push(['DMA32', dma32PhysLimit(memblock, profile)]);
  limits.push(['Normal', lowmemEnd(memblock, profile)]);
  if (profile.arch.lowmem !== undefined && profile.config.CONFIG_HIGHMEM) {
    limits.push(['HighMem', memblock.endOfDram]);
  }
  let start = memblock.startOfDram;
  return limits.map(([name, limit]) => {
    const end = roundDown(limit, memblock.geometry.page);
    const span = { name, start, end: max(end, start) };
    start = span.end;
    return span;
  });
}
