/** What became of every reserved-memory node: from the boot's steps to one answer a region. */
import type { MemoryCmdline } from '../../board/cmdline.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Backend } from '../../dma-buf/backends.ts';
import { dmaHeaps } from '../../dma-buf/dma-heap.ts';
import type { HeapModule, ModulePlan } from '../../dma-buf/heap-modules.ts';
import type { RegistrationProblems } from '../../dma-buf/register-heaps.ts';
import { Cma } from '../../mm/alloc/cma.ts';
import type { EarlyBoot } from '../../mm/early/early-boot.ts';
import type { ReservedMem } from '../../mm/early/reserved-region.ts';
import { hasCoherentHeaps } from '../../profile/profile.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { RegionView, WhyNoHeap } from '../views/views.ts';

/** What became of the regions when the heaps registered. */
export interface Registered extends RegistrationProblems {
  /** Modules that are not loaded yet. */
  readonly waiting: ReadonlySet<HeapModule>;
  /** Names of declared heaps by the name of the region that is their memory. */
  readonly declared: ReadonlyMap<string, readonly string[]>;
  /** Declared heaps that are not there, and why. */
  readonly undeclared: readonly Diagnostic[];
}

/** Of a kernel that died before heaps registered. */
export const NOTHING_REGISTERED: Registered = {
  pools: new Map(),
  areas: new Map(),
  waiting: new Set(),
  declared: new Map(),
  undeclared: [],
};

/**
 * The regions in tree order, then the CMA area that no node made, which a node's may have displaced as the default,
 * or one that could not be had.
 */
export function regionViews(
  early: EarlyBoot,
  regions: readonly ReservedMem[],
  problems: Registered,
  words: MemoryCmdline,
): readonly RegionView[] {
  const views = regions.map((region) => viewOf(early, region, problems));
  const area = early.cmaAreas.find(({ index }) => !regions.some((region) => region.cma === index));
  const origin = words.cma === undefined ? 'config' : 'cmdline';
  const detail = early.defaultCmaFailed;
  if (detail !== undefined) {
    const lost = { name: 'reserved', origin, size: detail.asked, noMap: false, reusable: true } as const;
    return [
      ...views,
      { ...lost, kind: 'none', heaps: [], isDefault: false, why: 'default-area-failed', detail },
    ];
  }
  if (area === undefined) return views;
  const why = whyNoCmaHeap(early, problems, area.index);
  const view: RegionView = {
    name: area.name,
    origin,
    base: area.base,
    size: area.size,
    noMap: false,
    reusable: true,
    kind: 'cma',
    heaps: heapsOf(early.records, 'cma', area.index),
    isDefault: area === early.defaultCma,
    ...(why && { why }),
  };
  return [...views, view];
}

function viewOf(early: EarlyBoot, region: ReservedMem, problems: Registered): RegionView {
  const pool = early.coherentPools.findIndex((p) => p.name === region.name && p.base === region.base);
  const declared = problems.declared.get(region.name);
  const heaps =
    region.cma !== undefined
      ? heapsOf(early.records, 'cma', region.cma)
      : region.kind === 'coherent' && pool >= 0
        ? heapsOf(early.records, 'coherent', pool)
        : (declared ?? []);
  const why =
    declared === undefined ? (region.problem ?? whyNoHeap(early, region, problems, pool)) : undefined;
  return {
    name: region.name,
    origin: region.dynamic ? 'dynamic' : 'static',
    ...(region.base !== undefined && { base: region.base }),
    ...(region.size !== undefined && { size: region.size }),
    noMap: region.noMap,
    reusable: region.reusable,
    kind: region.kind,
    heaps,
    isDefault: region.cma !== undefined && region.cma === early.defaultCma?.index,
    ...(why && { why }),
    ...(region.detail && declared === undefined && { detail: region.detail }),
  };
}

function heapsOf(records: Records, backend: Backend, index: number): readonly string[] {
  return dmaHeaps(records)
    .filter(({ backing }) => backing.backend === backend && backing.index === index)
    .map((heap) => heap.name);
}

function whyNoHeap(
  early: EarlyBoot,
  region: ReservedMem,
  problems: Registered,
  pool: number,
): WhyNoHeap | undefined {
  if (region.cma !== undefined) return whyNoCmaHeap(early, problems, region.cma);
  if (region.kind !== 'coherent') return undefined;
  if (!hasCoherentHeaps(early.profile)) return 'coherent-off';
  return problems.waiting.has('coherent_heap') ? 'module-not-loaded' : problems.pools.get(pool);
}

const whyNoCmaHeap = (early: EarlyBoot, problems: Registered, area: number): WhyNoHeap | undefined => {
  if (new Cma(early.records, area).count === 0) return 'cma-across-zones';
  if (!early.profile.config.CONFIG_DMABUF_HEAPS_CMA) return 'cma-not-configured';
  return problems.waiting.has('cma_heap') ? 'module-not-loaded' : problems.areas.get(area);
};

/** The regions after a module was loaded: what it registered, and what it could not. */
export function regionsWithModule(
  records: Records,
  regions: readonly RegionView[],
  plan: ModulePlan,
  problems: RegistrationProblems,
): readonly RegionView[] {
  if (plan.module === 'system_heap') return regions;
  const { pfnPhys } = geometryOf(records);
  const backend = plan.module === 'cma_heap' ? 'cma' : 'coherent';
  const indexOf = (region: RegionView): number | undefined => {
    if (plan.module === 'coherent_heap') {
      return plan.pools.find((pool) => pool.name === region.name && pool.base === region.base)?.index;
    }
    // An area's name may be the node's cut short.
    return plan.areas.find(
      ({ index, name }) =>
        region.name.startsWith(name) && pfnPhys(new Cma(records, index).basePfn) === region.base,
    )?.index;
  };
  return regions.map((region) => {
    const index = region.kind === backend ? indexOf(region) : undefined;
    if (index === undefined) return region;
    const { why: before, ...rest } = region;
    const found = backend === 'cma' ? problems.areas.get(index) : problems.pools.get(index);
    const pending = before === 'module-not-loaded' || before === 'no-cma-heaps';
    const why = pending ? found : before;
    return { ...rest, heaps: heapsOf(records, backend, index), ...(why && { why }) };
  });
}
