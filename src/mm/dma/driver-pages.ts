/** What drivers get of the page allocator and of CMA, with the lines that Linux prints where they get nothing. */
import type { Printk } from '../../printk.ts';
import type { WarnReason } from '../../profile/dma-rules.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { Pfn, PhysAddr } from '../../units.ts';
import { getOrder } from '../../units.ts';
import { Cma } from '../alloc/cma.ts';
import { PageAllocator } from '../alloc/page-alloc.ts';
import type { PhysMemory } from '../phys-memory.ts';
import { type Gfp, gfpMode, gfpWith, mayBlock } from './gfp.ts';

/** What an allocation works with. */
export interface DriverContext {
  readonly records: Records;
  readonly printk: Printk;
  /** Memory as the CPU clears it. */
  readonly memory: PhysMemory;
  /** The task on whose behalf the driver asks. */
  readonly comm: string;
  readonly pid: number;
  /** Told of pages of an area that the CPU cannot clear, for the kernel does not map them; throws. */
  readonly oops: (area: string, address: PhysAddr) => never;
  /** Told where the OOM killer would be met; throws. */
  readonly outOfMemory: (pages: number) => never;
}

/** Prints a warning with its file and line: WARN(). @param once whether only the first of a boot is printed */
export function warn({ records, printk, comm, pid }: DriverContext, reason: WarnReason, once = true): void {
  const { dma } = profileIn(records).linux;
  const line = dma.warning(dma.sites[reason], { comm, pid });
  if (once) printk.printOnce(`warn-${reason}`, ...line);
  else printk.print(...line);
}

/** Largest order of which the OOM killer makes room: PAGE_ALLOC_COSTLY_ORDER. */
const COSTLY_ORDER = 3;
/** warn_alloc() speaks once in 10 seconds. */
const WARN_ALLOC = { interval: 10_000_000_000, burst: 1 };

/** The zone that flags begin with: gfp_zone(). */
export const zoneOfGfp = ({ flags }: Gfp): 'DMA' | 'DMA32' | 'Normal' =>
  flags.has('GFP_DMA') ? 'DMA' : flags.has('GFP_DMA32') ? 'DMA32' : 'Normal';

/** alloc_pages(). @returns the first frame, or `undefined` after the lines that say so */
export function allocPages(context: DriverContext, order: number, gfp: Gfp): Pfn | undefined {
  const { records, printk, comm } = context;
  const quiet = gfp.flags.has('__GFP_NOWARN');
  if (order > geometryOf(records).maxPageOrder) {
    if (!quiet) warn(context, 'page-order');
    return undefined;
  }
  const pages = new PageAllocator(records);
  const zone = zoneOfGfp(gfp);
  const pfn = pages.allocUnmovable(order, zone);
  if (pfn !== undefined) return pfn;
  const mayKill =
    zone === 'Normal' && order <= COSTLY_ORDER && mayBlock(gfp) && !gfp.flags.has('__GFP_NORETRY');
  if (mayKill) context.outOfMemory(2 ** order);
  if (quiet || (zone === 'DMA' && isEmpty(pages, 'DMA'))) return undefined;
  const mode = gfpMode(gfp, profileIn(records).linux.dma.gfpAtomic);
  const text = `${comm}: page allocation failure: order:${order}, mode:${mode}, nodemask=(null)`;
  printk.printRatelimited('warn_alloc', 4, text, WARN_ALLOC);
  return undefined;
}

/** !has_managed_dma() */
const isEmpty = (pages: PageAllocator, zone: ZoneName): boolean =>
  pages.zones().includes(zone) && pages.managedPages(zone) === 0;

/**
 * Takes pages of an area: cma_alloc_aligned().
 *
 * @param cleared whether the CPU will clear them
 */
export function allocCma(
  context: DriverContext,
  area: number,
  pages: number,
  gfp: Gfp,
  cleared: boolean,
): Pfn | undefined {
  const { records, printk, oops } = context;
  const { config, geometry } = profileIn(records);
  const cma = new Cma(records, area);
  const order = Math.min(getOrder(Math.max(pages, 1)), config.CONFIG_CMA_ALIGNMENT);
  const check = (pfn: Pfn): void => {
    const at = cleared ? cma.unmappedIn(pfn, pages) : undefined;
    if (at !== undefined) oops(cma.name, geometry.pfnPhys(at));
  };
  return cma.alloc(pages, order, printk, check, gfp.flags.has('__GFP_NOWARN'));
}

/** __GFP_NOWARN added where an attribute asks for it. */
export const quietly = (gfp: Gfp, quiet: boolean): Gfp => (quiet ? gfpWith(gfp, ['__GFP_NOWARN']) : gfp);
