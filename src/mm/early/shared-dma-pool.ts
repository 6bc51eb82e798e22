/**
 * What becomes of a region with `compatible = "shared-dma-pool"`: a CMA area or a coherent pool. Models the
 * handlers kernel/dma/contiguous.c: rmem_cma_setup() and kernel/dma/coherent.c: rmem_dma_setup(), with the
 * coherent series' list of pools (Linux 7.3).
 */
import type { ReservedMemNode } from '../../board/board.ts';
import { seriesRules } from '../../profile/coherent-series.ts';
import { hasCoherentHeaps, pageblockBytes } from '../../profile/profile.ts';
import type { PhysRange } from '../../units.ts';
import { MiB } from '../../units.ts';
import type { EarlyBoot } from './early-boot.ts';
import { addCma, cmaSlotFree } from './early-boot.ts';

/** Why the handlers did not make a heap's region of it. */
export type SharedDmaPoolProblem =
  | 'not-shared-dma-pool'
  | 'reusable-and-no-map'
  | 'cma-not-configured'
  | 'size-zero'
  | 'reserve-failed'
  | 'cma-misaligned'
  | 'cma-no-slot'
  | 'skipped-for-cmdline'
  | 'coherent-not-no-map'
  | 'coherent-no-slot'
  | 'restricted-pool'
  | 'restricted-refused';

/** What the handlers answer: set up, -ENODEV (not mine), or an error. */
export type SharedDmaPool =
  | { readonly answer: 'ok'; readonly kind: 'cma'; readonly area: number }
  | { readonly answer: 'ok'; readonly kind: 'coherent'; readonly problem?: SharedDmaPoolProblem }
  | { readonly answer: 'ok'; readonly kind: 'restricted' }
  | { readonly answer: 'not-mine'; readonly problem: SharedDmaPoolProblem }
  | { readonly answer: 'failed'; readonly problem: SharedDmaPoolProblem };

/** The compatible of what holds all that its devices allocate. */
export const RESTRICTED_POOL = 'restricted-dma-pool';

const isSharedDmaPool = (node: ReservedMemNode): boolean =>
  node.compatible.some((name) => name.toLowerCase() === 'shared-dma-pool');

/** What the CMA handler takes. */
export const isCmaPool = (node: ReservedMemNode): boolean =>
  isSharedDmaPool(node) && node.reusable && !node.noMap;

/** __reserved_mem_init_node(): the CMA handler, then the coherent one. */
export function setupSharedDmaPool(early: EarlyBoot, node: ReservedMemNode, range: PhysRange): SharedDmaPool {
  if (isRestrictedPool(early, node)) return setupRestricted(early, node, range);
  if (!isSharedDmaPool(node)) return { answer: 'not-mine', problem: 'not-shared-dma-pool' };
  const hasCma = early.profile.config.CONFIG_DMA_CMA;
  if (hasCma && isCmaPool(node)) return setupCma(early, node, range);
  if (!node.reusable) return setupCoherent(early, node, range);
  // The handler of CMA is not there or refuses no-map, and that of coherent pools refuses reusable.
  const { bothProperties } = early.profile.linux.reservedMem;
  const answer = bothProperties === 'refused' ? 'failed' : 'not-mine';
  return { answer, problem: node.noMap ? 'reusable-and-no-map' : 'cma-not-configured' };
}

const isRestrictedPool = ({ profile }: EarlyBoot, node: ReservedMemNode): boolean =>
  profile.config.CONFIG_DMA_RESTRICTED_POOL &&
  profile.linux.dma.restrictedAlign !== undefined &&
  node.compatible.some((name) => name.toLowerCase() === RESTRICTED_POOL);

/** kernel/dma/swiotlb.c: rmem_swiotlb_setup(). */
function setupRestricted(early: EarlyBoot, node: ReservedMemNode, { base, size }: PhysRange): SharedDmaPool {
  const { printk, profile } = early;
  if (node.noMap || node.reusable || node.linuxCmaDefault || node.linuxDmaDefault) {
    return { answer: 'failed', problem: 'restricted-refused' };
  }
  printk.print(...profile.linux.dma.restrictedPoolMade(base, size));
  return { answer: 'ok', kind: 'restricted' };
}

/** kernel/dma/contiguous.c: rmem_cma_setup(). */
function setupCma(early: EarlyBoot, node: ReservedMemNode, { base, size }: PhysRange): SharedDmaPool {
  const { printk, profile } = early;
  const pageblock = pageblockBytes(profile);
  if (base % pageblock !== 0n || size % pageblock !== 0n) {
    printk.print(3, 'Reserved memory: incorrect alignment of CMA region');
    return { answer: 'failed', problem: 'cma-misaligned' };
  }
  const problem = cmaInitProblem(early, { base, size });
  if (problem !== undefined) {
    printk.print(3, 'Reserved memory: unable to setup CMA region');
    return { answer: 'failed', problem };
  }
  const area = addCma(early, node.name, base, size);
  if (node.linuxCmaDefault) early.defaultCma = area;
  printk.print(
    6,
    `Reserved memory: created CMA memory pool at ${profile.arch.formatPa(base)}, size ${size / MiB} MiB`,
  );
  return { answer: 'ok', kind: 'cma', area: area.index };
}

/** Why cma_init_reserved_mem() refuses the region. */
function cmaInitProblem(early: EarlyBoot, range: PhysRange): SharedDmaPoolProblem | undefined {
  if (range.size === 0n) return 'size-zero';
  // A region that shared its memory may have failed before, and given it back.
  if (!early.memblock.isRegionReserved(range)) return 'reserve-failed';
  return cmaSlotFree(early) ? undefined : 'cma-no-slot';
}

/** kernel/dma/coherent.c: rmem_dma_setup(). */
function setupCoherent(early: EarlyBoot, node: ReservedMemNode, range: PhysRange): SharedDmaPool {
  const { printk, coherentPools, profile } = early;
  const { base, size } = range;
  if (profile.arch.early.coherentNeedsNoMap && !node.noMap) {
    printk.print(3, 'Reserved memory: regions without no-map are not yet supported');
    return { answer: 'failed', problem: 'coherent-not-no-map' };
  }
  printk.print(...profile.linux.log.coherentPoolMade(base, size));
  if (!hasCoherentHeaps(profile)) return { answer: 'ok', kind: 'coherent' };
  const { mostPools = 0, knownLog = false } = seriesRules(profile.coherent_series) ?? {};
  if (coherentPools.length >= mostPools) {
    if (knownLog) {
      printk.print(4, `Deferred heap areas list full, dropping ${node.name}`);
      printk.print(4, `Reserved memory: failed to store coherent area for ${node.name} (-22)`);
    }
    return { answer: 'ok', kind: 'coherent', problem: 'coherent-no-slot' };
  }
  coherentPools.push({ name: node.name, ...range, noMap: node.noMap });
  return { answer: 'ok', kind: 'coherent' };
}
