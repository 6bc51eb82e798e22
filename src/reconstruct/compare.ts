/** What was booted, held against everything that was read: a model that does not agree says so, line by line. */
import type { Kernel } from '../kernel/kernel.ts';
import type { RegionView } from '../kernel/views/views.ts';
import { formatHex, formatSize, KiB } from '../units.ts';
import type { DefaultArea } from './default-area.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';
import { type SeenRegion, SHARED_DMA_POOL } from './regions-of.ts';

export function compareWithFacts(
  kernel: Kernel,
  facts: Facts,
  regions: readonly SeenRegion[],
  area: DefaultArea,
  tell: Tell,
): void {
  const views = kernel.regions();
  compareRegions(views, regions, tell);
  compareFolders(kernel, views, facts, tell);
  compareHeaps(kernel, facts, tell);
  compareTotals(views, facts, tell);
  if (area.is === 'none' && facts.failedDefault.length === 0 && views.some(({ isDefault }) => isDefault)) {
    tell({
      kind: 'contradiction',
      code: 'default-area',
      message: 'nothing tells of a default CMA area',
      taken: 'one that this boot makes',
    });
  }
  for (const { name, why, at } of facts.refused) {
    if (views.some((view) => view.name === name)) continue;
    if (why === 'skipped' || why === 'bypassed') continue;
    tell({
      kind: 'missing',
      code: 'region-failed',
      message: `the region ${name} failed on the target, and its place or size is not told`,
      taken: 'left out: it had no memory there either',
      at,
    });
  }
}

/** What a region that was seen is here. */
function compareRegions(views: readonly RegionView[], regions: readonly SeenRegion[], tell: Tell): void {
  for (const region of regions) {
    const view = views.find(({ name, base }) => name === region.name && base === region.base);
    const wanted = region.compatible !== SHARED_DMA_POOL ? undefined : region.reusable ? 'cma' : 'coherent';
    if (view?.kind === wanted || (wanted === undefined && view?.kind === 'reserved')) continue;
    if (wanted === undefined && view !== undefined) continue;
    tell({
      kind: 'contradiction',
      code: 'region-differs',
      message: `${region.name} at ${formatHex(region.base)} was ${wanted === 'cma' ? 'a CMA area' : wanted === 'coherent' ? 'a pool' : 'reserved'}, and here it is ${
        view === undefined
          ? 'not there'
          : view.kind === 'none'
            ? 'nothing'
            : view.kind === 'reserved'
              ? 'reserved memory'
              : `a ${view.kind} region`
      }${view?.why === undefined ? '' : ` (${view.why})`}`,
      taken: 'what this boot makes of it',
      at: region.at,
    });
  }
}

function compareFolders(kernel: Kernel, views: readonly RegionView[], facts: Facts, tell: Tell): void {
  const { pageSize } = kernel.profile.geometry;
  for (const { name, at, basePfn, count } of facts.folders.values()) {
    if (basePfn === undefined) continue;
    const base = BigInt(basePfn) * BigInt(pageSize);
    const view = views.find((one) => one.kind === 'cma' && one.base === base);
    const size = count === undefined ? undefined : BigInt(count) * BigInt(pageSize);
    if (view !== undefined && (size === undefined || view.size === size)) continue;
    tell({
      kind: 'contradiction',
      code: 'area-differs',
      message: `debugfs has the CMA area ${name} at ${formatHex(base)}${size === undefined ? '' : ` (${formatSize(size)})`}, and here ${
        view === undefined ? 'none begins there' : `it has ${formatSize(view.size ?? 0n)}`
      }`,
      taken: 'the areas of this boot',
      at,
    });
  }
}

function compareHeaps(kernel: Kernel, { heapNodes }: Facts, tell: Tell): void {
  const [first] = heapNodes;
  if (first === undefined) return;
  const here = kernel.heaps();
  for (const { name, minor, at } of heapNodes) {
    const heap = here.find((one) => one.name === name);
    if (heap !== undefined) {
      if (minor === undefined || minor === heap.minor) continue;
      tell({
        kind: 'contradiction',
        code: 'heap-minor',
        message: `the heap ${name} had the minor ${minor}, and here it has ${heap.minor}`,
        taken: `${heap.minor}`,
        at,
      });
      continue;
    }
    tell({
      kind: 'contradiction',
      code: 'heap-not-here',
      message: `/dev/dma_heap had ${name}, and this boot makes no such heap: its region is not told, or it is a vendor's`,
      taken: 'the heaps of this boot',
      at,
    });
  }
  for (const { name } of here) {
    if (heapNodes.some((node) => node.name === name)) continue;
    tell({
      kind: 'contradiction',
      code: 'heap-not-there',
      message: `this boot makes the heap ${name}, and /dev/dma_heap had none of that name`,
      taken: 'the heaps of this boot',
      at: first.at,
    });
  }
}

function compareTotals(views: readonly RegionView[], { meminfo, memory }: Facts, tell: Tell): void {
  const here = views.reduce((sum, { kind, size = 0n }) => (kind === 'cma' ? sum + size : sum), 0n);
  const counted = meminfo.get('CmaTotal');
  const said = counted ?? memory.findLast(({ cma }) => cma !== undefined);
  if (said === undefined) return;
  const kib = 'kib' in said ? said.kib : (said.cma ?? 0);
  if (BigInt(kib) * KiB === here) return;
  tell({
    kind: 'contradiction',
    code: 'cma-total',
    message: `${counted === undefined ? '"Memory:"' : 'CmaTotal'} has ${formatSize(BigInt(kib) * KiB)} in CMA areas, and those of this boot have ${formatSize(here)}: an area is not told, or these are two boots`,
    taken: 'the areas of this boot',
    at: said.at,
  });
}
