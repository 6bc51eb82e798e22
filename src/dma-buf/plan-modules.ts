/**
 * What each heap module will register, decided at boot: which pools can be mapped, which areas there are. What is built
 * in registers at once; a module does when it is loaded.
 */
import type { EarlyBoot, EarlyCma, EarlyCoherent } from '../mm/early/early-boot.ts';
import type { SystemRam } from '../mm/early/system-ram.ts';
import { VmallocSpace } from '../mm/early/vmalloc-space.ts';
import { seriesRules } from '../profile/coherent-series.ts';
import { formatHex, rangeEnd, roundDown } from '../units.ts';
import {
  configuredModules,
  type HeapModule,
  type ModulePlan,
  type PlannedPool,
  type PoolRefusal,
} from './heap-modules.ts';

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
  const { refusesCpu = false } = seriesRules(early.profile.coherent_series) ?? {};
  return early.coherentPools.map((pool, index) => {
    const { name, base, size } = pool;
    const refused =
      memremapRefusal(early, ram, pool) ?? spaceRefusal(space, pool) ?? bitmapRefusal(early, pool);
    return {
      index,
      name,
      base,
      size,
      ...(refusesCpu && pool.noMap && { refusesCpu: true as const }),
      ...(refused && { refused }),
    };
  });
}

const spaceRefusal = (space: VmallocSpace, { size }: EarlyCoherent): PoolRefusal | undefined =>
  space.map(size) ? undefined : { problem: 'unmappable', errno: 22 };

type PoolPlace = Pick<EarlyCoherent, 'name' | 'base' | 'size'>;

/** Why a pool cannot be set up, wherever there is room for its mapping. */
export const poolRefusal = (early: EarlyBoot, ram: SystemRam, pool: PoolPlace): PoolRefusal | undefined =>
  memremapRefusal(early, ram, pool) ?? bitmapRefusal(early, pool);

/** Why the pool cannot be mapped uncached: dma_init_coherent_memory(), memremap(), arm64's ioremap_prot(). */
function memremapRefusal(
  { memblock, profile }: EarlyBoot,
  ram: SystemRam,
  pool: PoolPlace,
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
function bitmapRefusal({ profile }: EarlyBoot, pool: PoolPlace): PoolRefusal | undefined {
  const { maxPageOrder, pageSize, pfnDown } = profile.geometry;
  const most = 2 ** maxPageOrder * pageSize * 8;
  return pfnDown(pool.size) > most ? { problem: 'unmappable', errno: 12 } : undefined;
}
