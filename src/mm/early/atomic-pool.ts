/**
 * The pools for atomic DMA allocations, which take the first pages of the default CMA area. Models
 * kernel/dma/pool.c (Linux 7.3).
 */
import type { Printk } from '../../printk.ts';
import type { Geometry } from '../../profile/geometry.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { getOrder, KiB } from '../../units.ts';
import { Cma } from '../alloc/cma.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import { expandAtomicPool, putAtomicPools } from '../dma/atomic-pools.ts';
import type { EarlyCma } from './early-boot.ts';

/** The pools in the order of their set-up, with the names that %pGg prints. */
const POOLS: readonly (readonly [zone: ZoneName, gfp: string])[] = [
  ['Normal', 'GFP_KERNEL'],
  ['DMA', 'GFP_KERNEL|GFP_DMA'],
  ['DMA32', 'GFP_KERNEL|GFP_DMA32'],
];

const MIN_POOL = 128n * KiB;

export interface AtomicPoolInputs {
  /** Pages of RAM that the kernel manages: totalram_pages(). */
  readonly totalRamPages: number;
  /** `coherent_pool=`, bytes; 0 is as good as none. */
  readonly coherentPool?: bigint;
  readonly defaultCma?: EarlyCma;
  /** CONFIG_CMA_ALIGNMENT. */
  readonly cmaAlignment: number;
  /** The zones that get a pool, where pools are of zones. */
  readonly zones: ReadonlySet<ZoneName>;
}

/** dma_atomic_pool_init(). */
export function createAtomicPools(records: Records, printk: Printk, inputs: AtomicPoolInputs): void {
  const geometry = geometryOf(records);
  const wanted = inputs.coherentPool || defaultPoolBytes(inputs.totalRamPages, geometry);
  putAtomicPools(records, {
    nominal: wanted,
    cmaAlignment: inputs.cmaAlignment,
    ...(inputs.defaultCma && { area: inputs.defaultCma.index }),
  });
  const order = Math.min(getOrder(geometry.pfnUp(wanted)), geometry.maxPageOrder);
  for (const [zone, gfp] of POOLS) {
    if (!inputs.zones.has(zone)) continue;
    const got = expandAtomicPool(records, printk, zone, order);
    if (got === undefined) {
      printk.print(3, `DMA: failed to allocate ${wanted / KiB} KiB ${gfp} pool for atomic allocation`);
    } else {
      printk.print(
        6,
        `DMA: preallocated ${geometry.pagesToBytes(2 ** got) / KiB} KiB ${gfp} pool for atomic allocations`,
      );
    }
  }
}

/** DEFAULT_DMA_COHERENT_POOL_SIZE. */
const SINGLE_POOL = 256n * KiB;

/**
 * The one pool of 32-bit arm: of the default area if there is one, else of pages of which the rest goes back. Models
 * arch/arm/mm/dma-mapping.c: atomic_pool_init() (Linux 7.3).
 *
 * @param coherentPool `coherent_pool=`, bytes
 */
export function createSinglePool(
  records: Records,
  printk: Printk,
  { coherentPool = SINGLE_POOL, defaultCma, cmaAlignment }: SinglePoolInputs,
): void {
  const { pfnDown, pfnUp } = geometryOf(records);
  const count = pfnDown(coherentPool);
  const order = getOrder(Math.max(pfnUp(coherentPool), 1));
  const got =
    defaultCma === undefined
      ? takePages(records, count, order)
      : count > 0 &&
        new Cma(records, defaultCma.index).alloc(count, Math.min(order, cmaAlignment), printk) !== undefined;
  const kib = coherentPool / KiB;
  if (got) printk.print(6, `DMA: preallocated ${kib} KiB pool for atomic coherent allocations`);
  else printk.print(3, `DMA: failed to allocate ${kib} KiB pool for atomic coherent allocation`);
}

interface SinglePoolInputs {
  readonly coherentPool?: bigint;
  /** The default area, even one that has no pages. */
  readonly defaultCma?: EarlyCma;
  readonly cmaAlignment: number;
}

/** Takes the first `count` pages of a block. */
function takePages(records: Records, count: number, order: number): boolean {
  const pages = new PageAllocator(records);
  const pfn = order <= geometryOf(records).maxPageOrder ? pages.alloc(order, 'Normal') : undefined;
  if (pfn === undefined) return false;
  for (let i = count; i < 2 ** order; i++) pages.free(pfn + i, 0);
  return true;
}

/** The size without `coherent_pool=`: RAM / 8192, at least 128 KiB and at most the largest block. */
function defaultPoolBytes(totalRamPages: number, { maxPageOrder, pagesToBytes }: Geometry): bigint {
  const pages = Math.min(Math.floor(totalRamPages / 8192), 2 ** maxPageOrder);
  const bytes = pagesToBytes(pages);
  return bytes > MIN_POOL ? bytes : MIN_POOL;
}
