/** What became of every reserved-memory node: from the boot's steps to one answer a region. */
import type { MemoryCmdline } from '../board/cmdline.ts';
import { dmaHeaps } from '../dma-buf/dma-heap.ts';
import type { RegistrationProblems } from '../dma-buf/register-heaps.ts';
import { Cma } from '../mm/cma.ts';
import type { EarlyBoot } from '../mm/early-boot.ts';
import type { ReservedMem } from '../mm/reserved-mem.ts';
import { hasCoherentHeaps } from '../profile/profile.ts';
import type { RegionView, WhyNoHeap } from './views.ts';

/** The regions in tree order, then the default CMA area where no node made it. */
export function regionViews(
  early: EarlyBoot,
  regions: readonly ReservedMem[],
  problems: RegistrationProblems,
  words: MemoryCmdline,
): readonly RegionView[] {
  const views = regions.map((region) => viewOf(early, region, problems));
  const area = early.defaultCma;
  if (area === undefined || regions.some((region) => region.cma === area.index)) return views;
  const why = whyNoCmaHeap(early, problems, area.index);
  const view: RegionView = {
    name: area.name,
    origin: words.cma === undefined ? 'config' : 'cmdline',
    base: area.base,
    size: area.size,
    noMap: false,
    reusable: true,
    kind: 'cma',
    heaps: heapsOf(early, 'cma', area.index),
    isDefault: true,
    ...(why && { why }),
  };
  return [...views, view];
}

function viewOf(early: EarlyBoot, region: ReservedMem, problems: RegistrationProblems): RegionView {
  const pool = early.coherentPools.findIndex((p) => p.name === region.name && p.base === region.base);
  const heaps =
    region.cma !== undefined
      ? heapsOf(early, 'cma', region.cma)
      : region.kind === 'coherent' && pool >= 0
        ? heapsOf(early, 'coherent', pool)
        : [];
  const why = region.problem ?? whyNoHeap(early, region, problems, pool);
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
  };
}

function heapsOf(early: EarlyBoot, backend: 'cma' | 'coherent', index: number): readonly string[] {
  return dmaHeaps(early.records)
    .filter(({ backing }) =>
      backing.backend === 'cma'
        ? backend === 'cma' && backing.area === index
        : backing.backend === 'coherent' && backend === 'coherent' && backing.pool === index,
    )
    .map((heap) => heap.name);
}

function whyNoHeap(
  early: EarlyBoot,
  region: ReservedMem,
  problems: RegistrationProblems,
  pool: number,
): WhyNoHeap | undefined {
  if (region.cma !== undefined) return whyNoCmaHeap(early, problems, region.cma);
  if (region.kind !== 'coherent') return undefined;
  return hasCoherentHeaps(early.profile) ? problems.pools.get(pool) : 'coherent-off';
}

const whyNoCmaHeap = (
  early: EarlyBoot,
  problems: RegistrationProblems,
  area: number,
): WhyNoHeap | undefined => {
  if (new Cma(early.records, area).count === 0) return 'cma-across-zones';
  return early.profile.config.CONFIG_DMABUF_HEAPS_CMA ? problems.areas.get(area) : 'cma-not-configured';
};
