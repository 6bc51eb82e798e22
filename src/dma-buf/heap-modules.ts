/** The heap modules, and what each registers when it is loaded, as data: boot decides it (`plan-modules.ts`). */
import { hasCoherentHeaps, type Profile } from '../profile/profile.ts';
import type { PhysAddr } from '../units.ts';

/** The modules of drivers/dma-buf/heaps/, in the order in which they are linked. */
export const HEAP_MODULES = ['system_heap', 'cma_heap', 'coherent_heap'] as const;

export type HeapModule = (typeof HEAP_MODULES)[number];

export const isHeapModule = (name: string): name is HeapModule =>
  HEAP_MODULES.some((module) => module === name);

/** A pool, and whether it can be mapped uncached. */
export interface PlannedPool {
  /** The pool's number, in set-up order. */
  readonly index: number;
  /** The full node name. */
  readonly name: string;
  readonly base: PhysAddr;
  readonly size: PhysAddr;
  /** Set where the series refuses the CPU's access to it. */
  readonly refusesCpu?: true;
  readonly refused?: PoolRefusal;
}

/** Why a pool is refused, with what the log says of it. */
export interface PoolRefusal {
  readonly problem: 'size-zero' | 'mapped-ram' | 'mapped-page' | 'unmappable';
  /** The errno in `failed to initialize memory`. */
  readonly errno: 12 | 22;
  /** The line of a WARN() before it. */
  readonly warning?: string;
  /** The warning is a WARN_ONCE(): the name of its site. */
  readonly once?: string;
}

/** What a module has to register. */
export type ModulePlan =
  | { readonly module: 'system_heap' }
  | { readonly module: 'coherent_heap'; readonly pools: readonly PlannedPool[] }
  | {
      readonly module: 'cma_heap';
      /** The number of dma_contiguous_default_area. */
      readonly defaultArea?: number;
      readonly areas: readonly { readonly index: number; readonly name: string }[];
    };

/** The modules that the configuration has. */
export function configuredModules(profile: Profile): readonly HeapModule[] {
  const has: Readonly<Record<HeapModule, boolean>> = {
    system_heap: profile.config.CONFIG_DMABUF_HEAPS_SYSTEM,
    coherent_heap: hasCoherentHeaps(profile),
    cma_heap: profile.config.CONFIG_DMABUF_HEAPS_CMA,
  };
  return HEAP_MODULES.filter((module) => has[module]);
}
