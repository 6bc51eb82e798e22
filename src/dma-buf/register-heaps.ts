/**
 * The heap modules' init: system, then coherent pools, then CMA. Models the module_init() functions of
 * drivers/dma-buf/heaps/ (Linux 7.3 with the v3 coherent series).
 */
import { createCoherentPool } from '../mm/coherent.ts';
import type { EarlyBoot, EarlyCoherent } from '../mm/early-boot.ts';
import type { SystemRam } from '../mm/system-ram.ts';
import { hasCoherentHeaps } from '../profile/profile.ts';
import { formatHex, formatPa, PAGE, pfnDown, rangeEnd, roundDown } from '../units.ts';
import { registerDmaHeap } from './dma-heap.ts';

/** The name that the default CMA area has besides its own. */
const DEFAULT_CMA_HEAP = 'default_cma_region';

/** Why a pool or an area got no heap. */
export type RegistrationProblem =
  | 'size-zero'
  | 'mapped-ram'
  | 'mapped-page'
  | 'unmappable'
  | 'name-taken'
  | 'no-cma-heaps';

/** PHYS_MASK + 1 with 48-bit physical addresses. */
const PHYS_END = 1n << 48n;

/** The pages that the largest bitmap of one kmalloc() stands for: 4 MiB of bits, 128 GiB of pool. */
const MAX_POOL_PAGES = 1 << 25;

/** Pools by number and areas by number that got no heap. */
export interface RegistrationProblems {
  readonly pools: ReadonlyMap<number, RegistrationProblem>;
  readonly areas: ReadonlyMap<number, RegistrationProblem>;
}

/** Registers every heap that the configuration and the regions give. */
export function registerHeaps(early: EarlyBoot, ram: SystemRam): RegistrationProblems {
  const { records, printk, profile } = early;
  const pools = new Map<number, RegistrationProblem>();
  const areas = new Map<number, RegistrationProblem>();
  if (profile.config.CONFIG_DMABUF_HEAPS_SYSTEM) {
    registerDmaHeap(records, printk, 'system', { backend: 'system' });
  }
  if (hasCoherentHeaps(profile)) {
    for (const [index, pool] of early.coherentPools.entries()) {
      const problem = registerCoherentHeap(early, ram, index, pool);
      if (problem === undefined) continue;
      pools.set(index, problem);
      printk.print(4, `Failed to add coherent heap ${pool.name}`);
    }
  }
  if (profile.config.CONFIG_DMABUF_HEAPS_CMA) registerCmaHeaps(early, areas);
  return { pools, areas };
}

/** __coherent_heap_register(): create, bind the device to its region, register; unwound on failure. */
function registerCoherentHeap(
  early: EarlyBoot,
  ram: SystemRam,
  index: number,
  pool: EarlyCoherent,
): RegistrationProblem | undefined {
  const { records, printk } = early;
  const refused = memremapRefusal(early, ram, pool);
  if (refused !== undefined) {
    printk.print(3, 'coherent_heap: failed to initialize memory (-22)');
    return refused;
  }
  if (pfnDown(pool.size) > MAX_POOL_PAGES) {
    printk.print(3, 'coherent_heap: failed to initialize memory (-12)');
    return 'unmappable';
  }
  createCoherentPool(records, index, {
    name: pool.name,
    pfnBase: pfnDown(pool.base),
    size: pfnDown(pool.size),
  });
  printk.print(6, `dma_heap ${pool.name}: assigned reserved memory node ${pool.name}`);
  if (registerDmaHeap(records, printk, pool.name, { backend: 'coherent', pool: index })) return undefined;
  printk.print(3, 'coherent_heap: failed to register heap (-17)');
  return 'name-taken';
}

/** Why the pool cannot be mapped uncached: dma_init_coherent_memory(), memremap(), arm64's ioremap_prot(). */
function memremapRefusal(
  early: EarlyBoot,
  ram: SystemRam,
  pool: EarlyCoherent,
): RegistrationProblem | undefined {
  const { printk, memblock } = early;
  if (pool.size === 0n) return 'size-zero';
  const what = `${formatPa(pool.base)} size: ${formatHex(pool.size)}`;
  const intersection = ram.intersects(pool);
  if (intersection === 'mixed') {
    printk.printOnce('memremap-mixed', 4, `memremap attempted on mixed range ${what}`);
    return 'mapped-ram';
  }
  if (intersection === 'ram') {
    printk.printOnce('memremap-ram', 4, `memremap attempted on ram ${what}`);
    return 'mapped-ram';
  }
  if (rangeEnd(pool) > PHYS_END) return 'unmappable';
  return memblock.isMapMemory(roundDown(pool.base, PAGE)) ? 'mapped-page' : undefined;
}

/** add_cma_heaps(): the default area under its second name first, then every area. */
function registerCmaHeaps(early: EarlyBoot, problems: Map<number, RegistrationProblem>): void {
  const { defaultCma, cmaAreas } = early;
  if (defaultCma !== undefined && !addCmaHeap(early, DEFAULT_CMA_HEAP, defaultCma.index)) {
    for (const area of cmaAreas) problems.set(area.index, 'no-cma-heaps');
    return;
  }
  for (const area of cmaAreas) {
    if (addCmaHeap(early, area.name, area.index)) continue;
    early.printk.print(4, `cma_heap: Failed to add CMA heap ${area.name}`);
    problems.set(area.index, 'name-taken');
  }
}

/** __add_cma_heap() through dma_heap_add(). */
function addCmaHeap(early: EarlyBoot, name: string, area: number): boolean {
  const { records, printk } = early;
  if (registerDmaHeap(records, printk, name, { backend: 'cma', area })) return true;
  printk.print(3, 'dma_heap: failed to register heap (-17)');
  return false;
}
