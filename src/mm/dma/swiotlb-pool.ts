/**
 * How large the software IO TLB is and where boot takes it. Models arch/arm64/mm/init.c:
 * arch_mm_preinit() and kernel/dma/swiotlb.c: swiotlb_init_remap() (Linux 7.3).
 */
import type { PhysAddr, PhysRange } from '../../units.ts';
import { KiB, MiB, roundUp } from '../../units.ts';
import type { Memblock } from '../early/memblock.ts';

/** IO_TLB_DEFAULT_SIZE. */
const DEFAULT_SIZE = 64n * MiB;
/** What a pool that cannot be had is tried down to: IO_TLB_MIN_SLABS. */
const MIN_SIZE = MiB;
const SEGMENT = 256n * KiB;

/**
 * The size that boot asks for: 64 MiB where a device with the DMA zone's reach does not see all RAM, else
 * a 1024th of RAM, which is for small kmalloc() buffers. Never less than a segment of 256 KiB for each CPU,
 * and a power of two.
 *
 * @param ramBytes all RAM, no-map regions included: memblock_phys_mem_size()
 * @param ramEnd the end of RAM, exclusive
 * @param dmaLimit the end of the DMA zone, exclusive: arm64_dma_phys_limit
 * @param cpus possible CPUs, each of which gets an area of its own
 * @param full whether it is never reduced
 */
export function swiotlbSize(
  ramBytes: bigint,
  ramEnd: PhysAddr,
  dmaLimit: PhysAddr,
  cpus = 1,
  full = false,
): bigint {
  const bounces = full || ramEnd > dmaLimit;
  const forKmalloc = roundUp((ramBytes + 1023n) / 1024n, SEGMENT);
  const size = bounces || forKmalloc > DEFAULT_SIZE ? DEFAULT_SIZE : forKmalloc;
  const areas = powerOfTwo(BigInt(cpus)) * SEGMENT;
  return powerOfTwo(size > areas ? size : areas);
}

function powerOfTwo(atLeast: bigint): bigint {
  let value = 1n;
  while (value < atLeast) value <<= 1n;
  return value;
}

/**
 * Takes the pool: from the top down below the DMA limit, half as much each time there is no room.
 *
 * Its place is modelled, not recorded: Linux takes it after the CMA areas and after much that is not
 * modelled, so that a real kernel's lies lower by some of that. Its size is what Linux makes it.
 *
 * @returns what it took, or `undefined` when there is no room even for 1 MiB (or for the size, if smaller)
 */
export function takeSwiotlb(
  memblock: Memblock,
  dmaLimit: PhysAddr,
  cpus = 1,
  full = false,
): PhysRange | undefined {
  const ramBytes = memblock.memory.reduce((sum, region) => sum + region.size, 0n);
  // ARCH_LOW_ADDRESS_LIMIT is the last address, and memblock takes it for an end.
  const where = { start: 0n, end: dmaLimit - 1n };
  for (let size = swiotlbSize(ramBytes, memblock.endOfDram, dmaLimit, cpus, full); ; ) {
    const base = memblock.alloc(size, memblock.geometry.page, where);
    if (base !== undefined) return { base, size };
    if (size <= MIN_SIZE) return undefined;
    size = roundUp(size / 2n, SEGMENT);
  }
}
