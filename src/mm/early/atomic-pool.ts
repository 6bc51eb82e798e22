/**
 * The pools for atomic DMA allocations, which take the first pages of the default CMA area. Models
 * kernel/dma/pool.c (Linux 7.3).
 */
import type { Printk } from '../../printk.ts';
import type { Geometry } from '../../profile/geometry.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { getOrder, KiB, rangeEnd } from '../../units.ts';
import { Cma } from '../alloc/cma.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import type { EarlyCma } from './early-boot.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import type { ZoneSpan } from './zones.ts';

/** The pools in the order of their set-up, with the names that %pGg prints. */
const POOLS: readonly (readonly [zone: ZoneName, gfp: string])[] = [
  ['Normal', 'GFP_KERNEL'],
  ['DMA', 'GFP_KERNEL|GFP_DMA'],
  ['DMA32', 'GFP_KERNEL|GFP_DMA32'],
];

const MIN_POOL = 128n * KiB;

export interface AtomicPoolInputs {
  readonly spans: readonly ZoneSpan[];
  /** Pages of RAM that the kernel manages: totalram_pages(). */
  readonly totalRamPages: number;
  /** `coherent_pool=`, bytes; 0 is as good as none. */
  readonly coherentPool?: bigint;
  readonly defaultCma?: EarlyCma;
  /** CONFIG_CMA_ALIGNMENT. */
  readonly cmaAlignment: number;
  /** The zones that get a pool. */
  readonly zones: ReadonlySet<ZoneName>;
}

/** dma_atomic_pool_init(). */
export function createAtomicPools(records: Records, printk: Printk, inputs: AtomicPoolInputs): void {
  const geometry = geometryOf(records);
  const wanted = inputs.coherentPool || defaultPoolBytes(inputs.totalRamPages, geometry);
  const order = Math.min(getOrder(geometry.pfnUp(wanted)), geometry.maxPageOrder);
  for (const [zone, gfp] of POOLS) {
    if (!inputs.zones.has(zone)) continue;
    const got = expand(records, printk, inputs, zone, order);
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

/** The size without `coherent_pool=`: RAM / 8192, at least 128 KiB and at most the largest block. */
function defaultPoolBytes(totalRamPages: number, { maxPageOrder, pagesToBytes }: Geometry): bigint {
  const pages = Math.min(Math.floor(totalRamPages / 8192), 2 ** maxPageOrder);
  const bytes = pagesToBytes(pages);
  return bytes > MIN_POOL ? bytes : MIN_POOL;
}

/**
 * Takes a pool's pages, half as many each time there is no room: atomic_pool_expand().
 *
 * @returns the order that it got
 */
function expand(
  records: Records,
  printk: Printk,
  inputs: AtomicPoolInputs,
  zone: ZoneName,
  order: number,
): number | undefined {
  const pages = new PageAllocator(records);
  const area = inputs.defaultCma;
  for (let o = order; o >= 0; o--) {
    if (area !== undefined && cmaInZone(area, inputs.spans, zone)) {
      const cma = new Cma(records, area.index);
      if (cma.alloc(2 ** o, Math.min(o, inputs.cmaAlignment), printk) !== undefined) return o;
    }
    if (pages.alloc(o, zone) !== undefined) return o;
  }
  return undefined;
}

/** Whether the area's last byte lies where the zone's devices reach: cma_in_zone(). */
function cmaInZone(area: EarlyCma, spans: readonly ZoneSpan[], zone: ZoneName): boolean {
  if (zone === 'Normal') return true;
  const span = spans.find((s) => s.name === zone);
  return span !== undefined && rangeEnd(area) <= span.end;
}
