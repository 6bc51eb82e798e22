/** The heaps that a board or a vendor declares: what is their memory, and which of them register. */
import type { Board } from '../../board/board.ts';
import {
  type DeclaredHeap,
  declaredBanner,
  type HeapDeclarations,
  REGION_WORD,
} from '../../board/declared-heaps.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { HeapBacking } from '../../dma-buf/backends.ts';
import { registerDmaHeap } from '../../dma-buf/dma-heap.ts';
import { HEAP_MODULES, type HeapModule } from '../../dma-buf/heap-modules.ts';
import { createGenPool } from '../../mm/alloc/gen-pool.ts';
import type { EarlyBoot } from '../../mm/early/early-boot.ts';
import type { ReservedMem } from '../../mm/early/reserved-region.ts';
import type { Printk } from '../../printk.ts';
import type { Records } from '../../records.ts';
import { formatHex, formatRange, type PhysRange, rangeEnd, rangesOverlap } from '../../units.ts';
import type { BootParams } from './boot-params.ts';

/** A heap that will register. */
export interface DeclaredPlan {
  readonly name: string;
  readonly backing: HeapBacking;
  /** When: before mainline's modules, in the place of one of them, or after all. */
  readonly at: 'fs_initcall' | HeapModule | 'module_init';
  /** The region that is its memory, where it has one of its own. */
  readonly region?: string;
}

/** What an early boot has for a declaration, or why it has nothing. */
type Found =
  | { readonly name: string; readonly cma: number }
  | ({ readonly name: string; readonly noMap: boolean; readonly isRegion: boolean } & PhysRange);
type NotFound = { readonly why: string; readonly hint?: string };

/** The declared heaps of one boot. */
export class DeclaredHeaps {
  readonly #early: EarlyBoot;
  readonly #board: Board;
  readonly #regions: readonly ReservedMem[];
  readonly plans: DeclaredPlan[] = [];
  readonly problems: Diagnostic[] = [];
  /** The memory of pools, by number. */
  readonly pools: PhysRange[] = [];
  readonly replaces: ReadonlySet<string>;
  /** For the banner: who declares. */
  readonly told: readonly string[];
  readonly #registered = new Map<string, string[]>();

  constructor(
    early: EarlyBoot,
    board: Board,
    declarations: readonly HeapDeclarations[],
    regions: readonly ReservedMem[],
  ) {
    this.#early = early;
    this.#board = board;
    this.#regions = regions;
    this.replaces = new Set(declarations.flatMap(({ replaces = [] }) => replaces));
    this.told = declarations.map(declaredBanner);
    for (const { by, heaps, replaces = [] } of declarations) {
      const place = HEAP_MODULES.find((module) => replaces.some((one) => one === module));
      for (const heap of heaps) this.#plan(by, heap, heap.initcall ?? place ?? 'module_init');
    }
  }

  /** dma_heap_add() of one. */
  readonly register = (records: Records, printk: Printk, plan: DeclaredPlan): void => {
    if (!registerDmaHeap(records, printk, plan.name, plan.backing)) {
      this.#problem(plan.backing.declared?.by ?? '', plan.name, {
        why: 'a heap of that name is there already',
        hint: 'a vendor file says with replaces: which heaps of mainline it stands for',
      });
      return;
    }
    if (plan.region === undefined) return;
    this.#registered.set(plan.region, [...(this.#registered.get(plan.region) ?? []), plan.name]);
  };

  /** The names of heaps by the region that is their memory. */
  byRegion(): ReadonlyMap<string, readonly string[]> {
    return this.#registered;
  }

  #problem(by: string, name: string, { why, hint }: NotFound): void {
    this.problems.push({
      code: 'declared-heap-absent',
      severity: 'warning',
      message: `the heap ${name}, which ${by} declares, is not there: ${why}`,
      position: { file: this.#board.source },
      ...(hint !== undefined && { hint }),
    });
  }

  #plan(by: string, heap: DeclaredHeap, place: DeclaredPlan['at']): void {
    const { backend } = heap;
    // tee_heap.c leaves exp_name to the macro, which takes the name of the module.
    const exporter = (name: string): string => heap.exporter ?? (backend === 'tee' ? 'tee' : name);
    const traits = (name: string, cached: boolean) => ({
      by,
      cached,
      exporter: exporter(name),
      ...(heap.zone !== undefined && { zone: heap.zone }),
      ...(heap.source !== undefined && { source: heap.source }),
    });
    if (backend === 'system') {
      const { name, cached = true } = heap;
      this.plans.push({ name, at: place, backing: { backend, index: 0, declared: traits(name, cached) } });
      return;
    }
    for (const found of this.#memoryOf(heap)) {
      if ('why' in found) {
        this.#problem(by, heap.name, found);
        continue;
      }
      const name = heap.name.replaceAll(REGION_WORD, found.name);
      if ('cma' in found) {
        const declared = traits(name, heap.cached ?? true);
        this.plans.push({ name, at: place, backing: { backend, index: found.cma, declared } });
        continue;
      }
      const refused = this.#poolProblem(heap, found);
      if (refused !== undefined) {
        this.#problem(by, name, refused);
        continue;
      }
      const { pfnDown } = this.#early.profile.geometry;
      const index = this.pools.length;
      this.pools.push({ base: found.base, size: found.size });
      createGenPool(this.#early.records, index, {
        name: found.name,
        pfnBase: pfnDown(found.base),
        size: pfnDown(found.size),
      });
      const declared = traits(name, heap.cached ?? !found.noMap);
      const region = found.isRegion ? { region: found.name } : {};
      this.plans.push({ name, at: place, backing: { backend, index, declared }, ...region });
    }
  }

  #memoryOf({ name, backend, region, compatible, range }: DeclaredHeap): readonly (Found | NotFound)[] {
    if (range !== undefined) return [{ name, ...range, noMap: true, isRegion: false }];
    if (compatible !== undefined) return this.#compatible(compatible).map((one) => this.#ofRegion(one));
    if (region === undefined) {
      const { defaultCma } = this.#early;
      return defaultCma === undefined
        ? [{ why: 'this boot has no default CMA area', hint: 'give it one with --cmdline cma=64M' }]
        : [{ name: defaultCma.name, cma: defaultCma.index }];
    }
    const found = this.#regions.find((one) => one.name === region || one.name.split('@', 1)[0] === region);
    if (found === undefined) {
      return [
        { why: `/reserved-memory has no node ${region}`, hint: 'dmaheap regions lists those that there are' },
      ];
    }
    if (backend !== 'cma') return [this.#ofRegion(found)];
    const area = this.#early.cmaAreas.find(({ index }) => index === found.cma);
    return area === undefined
      ? [{ why: `the region ${found.name} is no CMA area`, hint: 'dmaheap regions says what it is' }]
      : [{ name: area.name, cma: area.index }];
  }

  /** The regions that a handler of that compatible is called for, in the order in which Linux sets regions up. */
  #compatible(compatible: string): readonly ReservedMem[] {
    const nodes = this.#board.reservedMemory?.nodes ?? [];
    const names = new Set(
      nodes.filter((node) => node.compatible.some((one) => one === compatible)).map(({ name }) => name),
    );
    const regions = this.#regions.filter(({ name, problem }) => names.has(name) && problem !== 'disabled');
    if (this.#early.profile.linux.reservedMem.order === 'tree') return regions;
    return [...regions].sort((a, b) => ((a.base ?? 0n) < (b.base ?? 0n) ? -1 : 1));
  }

  #ofRegion({ name, base, size, noMap, kind }: ReservedMem): Found | NotFound {
    if (base === undefined || size === undefined || kind === 'none') {
      return { why: `the region ${name} has no memory`, hint: 'dmaheap regions says why' };
    }
    if (kind !== 'reserved') {
      const what = kind === 'cma' ? 'a CMA area' : 'a coherent pool';
      return {
        why: `the region ${name} is ${what} of mainline`,
        hint: 'leave out compatible = "shared-dma-pool"',
      };
    }
    return { name, base, size, noMap, isRegion: true };
  }

  /** Why a pool cannot be made of the memory. */
  #poolProblem({ backend }: DeclaredHeap, found: Exclude<Found, { cma: number }>): NotFound | undefined {
    const { memblock, profile } = this.#early;
    const { page, pagesPerSection, pagesToBytes } = profile.geometry;
    const { base, size } = found;
    if (base % page !== 0n || size % page !== 0n || size === 0n) {
      return { why: `${formatHex(base)} and ${formatHex(size)} are no whole pages of ${page} bytes` };
    }
    if (!found.isRegion && memblock.memory.some((ram) => !ram.nomap && rangesOverlap(ram, found))) {
      return {
        why: `${formatRange(found)} is RAM that Linux maps and uses`,
        hint: 'reserve it: a no-map node of /reserved-memory, and region: NAME',
      };
    }
    const other = this.pools.find((pool) => rangesOverlap(pool, found));
    if (other !== undefined)
      return { why: `its memory is that of another declared heap, ${formatRange(other)}` };
    if (backend !== 'tee') return undefined;
    // tee_protmem_static_pool_alloc() asks pfn_valid() of the first page: whether its section of the map is there.
    const section = pagesToBytes(pagesPerSection);
    const from = base - (base % section);
    const isMapped = memblock.memory.some((ram) => ram.base < from + section && rangeEnd(ram) > from);
    if (isMapped) return undefined;
    return {
      why: `Linux has no struct page for ${formatHex(base)}, and a TEE's pool needs them`,
      hint: 'give the memory in a memory node, and take it out with a no-map node of /reserved-memory',
    };
  }
}

/** Decides on the declared heaps of a boot: the board's first, then the vendor's. */
export function planDeclared(
  early: EarlyBoot,
  board: Board,
  { vendor }: BootParams,
  regions: readonly ReservedMem[],
): DeclaredHeaps {
  const declarations = [board.heaps, vendor].filter((one) => one !== undefined);
  return new DeclaredHeaps(early, board, declarations, regions);
}
