/**
 * How high in memory every device of a board can reach: drivers/of/address.c: of_dma_get_max_cpu_address()
 * (Linux 7.3). It bounds ZONE_DMA and with it the default CMA area.
 */
import { type PhysAddr, U64_MASK } from '../units.ts';
import type { OfAddress } from './of-address.ts';
import type { Bus } from './of-bus.ts';

/**
 * The highest CPU address (inclusive) that all DMA masters below the root can reach; `undefined` when no
 * `dma-ranges` limits it (PHYS_ADDR_MAX).
 *
 * @throws InvalidInput when the ranges are absurdly many or form a loop
 */
export function dmaMaxCpuAddress(root: Bus, address: OfAddress): PhysAddr | undefined {
  const limit = ofSubtree(root, address);
  return limit === U64_MASK ? undefined : limit;
}

/** of_dma_get_max_cpu_address(np) */
function ofSubtree(bus: Bus, address: OfAddress): bigint {
  let limit = ofNode(bus, address);
  for (const child of bus.children) {
    if (!child.available) continue;
    const below = ofSubtree(child, address);
    if (below < limit) limit = below;
  }
  return limit;
}

/** What the node's own `dma-ranges` allows: the highest end of its ranges. */
function ofNode(bus: Bus, address: OfAddress): bigint {
  const ranges = address.dmaRanges(bus);
  if (ranges.length === 0) return U64_MASK;
  let highest = 0n;
  for (const { cpu, size } of ranges) {
    // Wraps at 2^64 as the kernel's sum does, also for an address that could not be translated.
    const end = (cpu + size) & U64_MASK;
    if (end > highest) highest = end - 1n;
  }
  return highest;
}
