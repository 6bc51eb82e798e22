/**
 * The heap modules' init. Models the module_init() functions of drivers/dma-buf/heaps/ (Linux 7.3 with the
 * coherent series).
 */
import { registerDmemRegion } from '../mm/account/dmem.ts';
import { createCoherentPool } from '../mm/alloc/coherent.ts';
import type { Printk } from '../printk.ts';
import { seriesRules } from '../profile/coherent-series.ts';
import { geometryOf, profileIn } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { registerDmaHeap, registersInTwoSteps } from './dma-heap.ts';
import type { ModulePlan, PlannedPool, PoolRefusal } from './heap-modules.ts';

/** Why a pool or an area got no heap. */
export type RegistrationProblem = PoolRefusal['problem'] | 'name-taken' | 'no-cma-heaps';

/** Pools by number and areas by number that got no heap. */
export interface RegistrationProblems {
  readonly pools: ReadonlyMap<number, RegistrationProblem>;
  readonly areas: ReadonlyMap<number, RegistrationProblem>;
}

/** What a module's init answers. */
export interface ModuleInit extends RegistrationProblems {
  /** Set when init failed: the module is not there. */
  readonly errno?: 'EEXIST';
}

/** Runs a module's init: registers every heap that it has to. */
export function initModule(records: Records, printk: Printk, plan: ModulePlan): ModuleInit {
  const pools = new Map<number, RegistrationProblem>();
  const areas = new Map<number, RegistrationProblem>();
  const { linux } = profileIn(records);
  switch (plan.module) {
    case 'system_heap': {
      const done = registerDmaHeap(records, printk, 'system', { backend: 'system', index: 0 });
      return { pools, areas, ...(!done && { errno: 'EEXIST' }) };
    }
    case 'coherent_heap':
      for (const pool of plan.pools) {
        const problem = registerCoherentHeap(records, printk, pool);
        if (problem === undefined) continue;
        pools.set(pool.index, problem);
        if (hasKnownLog(records)) printk.print(4, `Failed to add coherent heap ${pool.name}`);
      }
      // Recorded behind the lines of all heaps: who prints it then is not known.
      for (const pool of plan.pools) {
        if (pool.refused?.errno === 12) printk.print(...linux.log.coherentPoolFailed(pool.base, pool.size));
      }
      return { pools, areas };
    case 'cma_heap': {
      const done = registerCmaHeaps(records, printk, plan, areas);
      return { pools, areas, ...(!done && { errno: 'EEXIST' }) };
    }
  }
}

/** Whether it is known what the driver of the coherent series logs. */
const hasKnownLog = (records: Records): boolean =>
  seriesRules(profileIn(records).coherent_series)?.knownLog === true;

/** __coherent_heap_register(): create, bind the device to its region, register; unwound on failure. */
function registerCoherentHeap(
  records: Records,
  printk: Printk,
  { index, name, base, size, refusesCpu, refused }: PlannedPool,
): RegistrationProblem | undefined {
  const told = hasKnownLog(records);
  if (refused !== undefined) {
    const { warning, once } = refused;
    if (warning !== undefined) {
      if (once === undefined) printk.print(4, warning);
      else printk.printOnce(once, 4, warning);
    }
    if (told) printk.print(3, `coherent_heap: failed to initialize memory (-${refused.errno})`);
    return refused.problem;
  }
  const { pfnDown } = geometryOf(records);
  createCoherentPool(records, index, {
    name,
    pfnBase: pfnDown(base),
    size: pfnDown(size),
    ...(refusesCpu && { refusesCpu }),
  });
  if (told) printk.print(6, `dma_heap ${name}: assigned reserved memory node ${name}`);
  const { heapName = String } = seriesRules(profileIn(records).coherent_series) ?? {};
  if (registerDmaHeap(records, printk, heapName(name), { backend: 'coherent', index })) {
    const isCharged = profileIn(records).accounting.includes('dmem-coh-v1');
    if (isCharged) registerDmemRegion(records, { name: `coh/${name}`, size });
    return undefined;
  }
  if (told) printk.print(3, 'coherent_heap: failed to register heap (-17)');
  return 'name-taken';
}

/** add_cma_heaps(): the default area under its second name first, then every area. @returns whether init worked */
function registerCmaHeaps(
  records: Records,
  printk: Printk,
  { defaultArea, areas }: Extract<ModulePlan, { module: 'cma_heap' }>,
  problems: Map<number, RegistrationProblem>,
): boolean {
  const { linux } = profileIn(records);
  if (defaultArea !== undefined && !addCmaHeap(records, printk, linux.defaultCmaHeap, defaultArea)) {
    for (const area of areas) problems.set(area.index, 'no-cma-heaps');
    return false;
  }
  for (const area of areas) {
    if (addCmaHeap(records, printk, area.name, area.index)) continue;
    printk.print(...linux.log.cmaHeapRefused(area.name));
    problems.set(area.index, 'name-taken');
  }
  return true;
}

/** __add_cma_heap() through dma_heap_add(). */
function addCmaHeap(records: Records, printk: Printk, name: string, area: number): boolean {
  if (registerDmaHeap(records, printk, name, { backend: 'cma', index: area })) return true;
  if (registersInTwoSteps(profileIn(records))) {
    printk.print(3, 'dma_heap: failed to register heap (-17)');
  }
  return false;
}
