/**
 * What each heap module registers when it is loaded, decided at boot as data: which pools can be mapped, which
 * areas there are. What is built in registers at once; a module does when it is loaded.
 */
import type { EarlyBoot, EarlyCma, EarlyCoherent } from '../mm/early/early-boot.ts';
import type { SystemRam } from '../mm/early/system-ram.ts';
import { VmallocSpace } from '../mm/early/vmalloc-space.ts';
import { hasCoherentHeaps, type Profile } from '../profile/profile.ts';
import type { PhysAddr } from '../units.ts';
import { formatHex, rangeEnd, roundDown } from '../units.ts';

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

/** What the configured modules will register, in link order. */
export function planModules(early: EarlyBoot, ram: SystemRam): readonly ModulePlan[] {
  return configuredModules(early.profile).map((module) => planModule(early, ram, module));
}

function planModule(early: EarlyBoot, ram: SystemRam, module: HeapModule): ModulePlan {
  switch (module) {
    case 'system_heap':
      return { module };
    case 'coherent_heap':
      return { module, pools: planPools(early, ram) };
    case 'cma_heap':
      return {
        module,
        ...defaultHeap(early),
        areas: heapAreas(early).map(({ index, name }) => ({ index, name })),
      };
  }
}

/** The default area, where its heap has a name of its own: add_default_cma_heap(). */
const defaultHeap = ({ defaultCma, profile }: EarlyBoot): { readonly defaultArea?: number } =>
  defaultCma === undefined || profile.linux.cmaHeaps === 'default-by-name'
    ? {}
    : { defaultArea: defaultCma.index };

/** The areas that become heaps under their own names. */
function heapAreas({ cmaAreas, defaultCma, profile }: EarlyBoot): readonly EarlyCma[] {
  const { cmaHeaps, defaultCmaHeap } = profile.linux;
  if (cmaHeaps === 'all') return cmaAreas;
  if (defaultCma === undefined) return [];
  const legacy = profile.config.CONFIG_DMABUF_HEAPS_CMA_LEGACY && defaultCma.name !== defaultCmaHeap;
  return cmaHeaps === 'default-by-name' || legacy ? [defaultCma] : [];
}

/** What becomes of each pool, as they are mapped one after another. */
function planPools(early: EarlyBoot, ram: SystemRam): readonly PlannedPool[] {
  const space = new VmallocSpace(early.memblock, early.profile);
  return early.coherentPools.map((pool, index) => {
    const { name, base, size } = pool;
    const refused =
      memremapRefusal(early, ram, pool) ?? spaceRefusal(space, pool) ?? bitmapRefusal(early, pool);
    return { index, name, base, size, ...(refused && { refused }) };
  });
}

const spaceRefusal = (space: VmallocSpace, { size }: EarlyCoherent): PoolRefusal | undefined =>
  space.map(size) ? undefined : { problem: 'unmappable', errno: 22 };

/** Why the pool cannot be mapped uncached: dma_init_coherent_memory(), memremap(), arm64's ioremap_prot(). */
function memremapRefusal(
  { memblock, profile }: EarlyBoot,
  ram: SystemRam,
  pool: EarlyCoherent,
): PoolRefusal | undefined {
  if (pool.size === 0n) return { problem: 'size-zero', errno: 22 };
  const { arch, geometry } = profile;
  const what = `${arch.formatPa(pool.base)} size: ${formatHex(pool.size)}`;
  const intersection = ram.intersects(pool);
  if (intersection !== 'none') {
    const range = intersection === 'mixed' ? 'mixed range' : 'ram';
    return {
      problem: 'mapped-ram',
      errno: 22,
      warning: `memremap attempted on ${range} ${what}`,
      once: `memremap-${intersection}`,
    };
  }
  if (rangeEnd(pool) > arch.physEnd) return { problem: 'unmappable', errno: 22 };
  if (!memblock.isMapMemory(roundDown(pool.base, geometry.page))) return undefined;
  const warning = arch.ioremapSaysWhy && { warning: 'ioremap attempted on RAM pfn' };
  return { problem: 'mapped-page', errno: 22, ...warning };
}

/** Why the pool has no bitmap: the largest kmalloc() is a buddy block, which with 4 KiB pages stands for 128 GiB. */
function bitmapRefusal({ profile }: EarlyBoot, pool: EarlyCoherent): PoolRefusal | undefined {
  const { maxPageOrder, pageSize, pfnDown } = profile.geometry;
  const most = 2 ** maxPageOrder * pageSize * 8;
  return pfnDown(pool.size) > most ? { problem: 'unmappable', errno: 12 } : undefined;
}
