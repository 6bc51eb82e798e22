/** Where kernel/dma/, drivers/of/ and the callers of dma_alloc_attrs() differ between versions of Linux. */
import type { PhysAddr } from '../units.ts';
import type { FormatPa, LogText } from './log-text.ts';

/** A place in the kernel that warns with its file and line: WARN(). */
export interface WarnSite {
  readonly file: string;
  /** Absent where no recording and no tree tells. */
  readonly line?: number;
  readonly func: string;
}

/** What warns. */
export type WarnReason =
  /** A device without a coherent mask. */
  | 'no-mask'
  /** __GFP_COMP. */
  | 'compound'
  /** dma_alloc_pages() with flags of a zone, without a mask, and with __GFP_COMP. */
  | 'pages-zone'
  | 'pages-mask'
  | 'pages-compound'
  /** dma_alloc_noncontiguous() with attributes. */
  | 'noncontiguous-attrs'
  /** No atomic pool has room. */
  | 'atomic-pools'
  /** memremap() of RAM, and of RAM and something else. */
  | 'memremap-ram'
  | 'memremap-mixed'
  /** A block above the largest order. */
  | 'page-order';

export interface DmaRules {
  /** What binding a second pool to a device does. */
  readonly secondPool: 'EBUSY' | 'ignored';
  /** Whether a pool out of the device's reach is told of when it is bound. */
  readonly tellsBeyondReach: boolean;
  /** Whether a pool that cannot be mapped is told of each time, and not only where memory was short. */
  readonly tellsUnmapped: boolean;
  /** Whether a pool answers a request of no bytes. */
  readonly poolGivesNothing: boolean;
  /** Whether `dma-noncoherent` is read. */
  readonly readsNonCoherent: boolean;
  /** Whether __GFP_COMP is refused. */
  readonly refusesCompound: boolean;
  /**
   * How large the software IO TLB is on arm64 where no device needs it to reach all of RAM: none, as large as ever, or
   * a part of RAM for small buffers of the CPU.
   */
  readonly swiotlb: 'none' | 'full' | 'reduced';
  /** Whether there are restricted pools, and how what they give is aligned; absent: there are none. */
  readonly restrictedAlign?: 'page' | 'power-of-two';
  /** What is said where no atomic pool has room, and whether DMA_ATTR_NO_WARN and GFP_NOWAIT silence it. */
  readonly atomicExhausted: { readonly text: (device: string) => string; readonly quiet: boolean };
  /** Whether GFP_NOWAIT implies __GFP_NOWARN. */
  readonly nowaitNoWarn: boolean;
  /** GFP_ATOMIC as a number. */
  readonly gfpAtomic: number;
  /** Whether pages that an area gave, freed to the page allocator, are each in a bad state but the first. */
  readonly tellsBadPages: boolean;

  /** What V4L2 says of a buffer that it cannot have. */
  readonly vb2Failed: (size: bigint) => string;
  /** Whether V4L2's queues can be of non-coherent memory. */
  readonly vb2NonCoherent: boolean;
  /** The least buffers of a queue, by what its driver says. */
  readonly vb2Least: (min: number) => number;
  /** How wide and how large DRM's dumb buffers are. */
  readonly dumb: 'bits' | 'format-by-8' | 'format';
  /** Whether DRM's line of a new device has the driver's date. */
  readonly drmDate: boolean;

  /** The line of a warning. @param who the task and its pid */
  readonly warning: (site: WarnSite, who: { readonly comm: string; readonly pid: number }) => LogText;
  readonly sites: Readonly<Record<WarnReason, WarnSite>>;
  readonly restrictedPoolMade: (base: PhysAddr, size: bigint) => LogText;
}

const MAPPING = 'kernel/dma/mapping.c';
const POOL = 'kernel/dma/pool.c';
const IOMEM = 'kernel/iomem.c';
const PAGE_ALLOC = 'mm/page_alloc.c';

/** Lines of the files, as far as they were recorded. */
type Lines = readonly [
  mask: number | undefined,
  compound: number | undefined,
  pages: number | undefined,
  noncontiguous: number | undefined,
  pool: number | undefined,
  ram: number | undefined,
  mixed: number | undefined,
  order: number | undefined,
];

const site = (file: string, line: number | undefined, func: string): WarnSite => ({
  file,
  func,
  ...(line !== undefined && { line }),
});

/**
 * The sites of a version.
 *
 * @param pages the function behind dma_alloc_pages()
 * @param order the function of the page allocator
 */
export function warnSites(
  lines: Lines,
  pages: string,
  order: string,
): Readonly<Record<WarnReason, WarnSite>> {
  const [mask, compound, ofPages, noncontiguous, pool, ram, mixed, ofOrder] = lines;
  return {
    'no-mask': site(MAPPING, mask, 'dma_alloc_attrs'),
    compound: site(MAPPING, compound, 'dma_alloc_attrs'),
    'pages-zone': site(MAPPING, ofPages, pages),
    'pages-mask': site(MAPPING, undefined, pages),
    'pages-compound': site(MAPPING, undefined, pages),
    'noncontiguous-attrs': site(MAPPING, noncontiguous, 'dma_alloc_noncontiguous'),
    'atomic-pools': site(POOL, pool, 'dma_alloc_from_pool'),
    'memremap-ram': site(IOMEM, ram, 'memremap'),
    'memremap-mixed': site(IOMEM, mixed, 'memremap'),
    'page-order': site(PAGE_ALLOC, ofOrder, order),
  };
}

/** No line is known: of versions that were not recorded. */
export const NO_LINES: Lines = [
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
];

const place = ({ file, line }: WarnSite): string => (line === undefined ? file : `${file}:${line}`);

/** What __warn() begins with. Offsets into the function are of one build, and left out. */
export const warningNow: DmaRules['warning'] = (at, { comm, pid }) => [
  4,
  `WARNING: ${place(at)} at ${at.func}, CPU#0: ${comm}/${pid}`,
];

/** The same up to Linux 6.18. */
export const warningBefore: DmaRules['warning'] = (at, { pid }) => [
  4,
  `WARNING: CPU: 0 PID: ${pid} at ${place(at)} ${at.func}`,
];

/** Linux 7.3. @param pa how the log has physical addresses */
export const dmaRules73 = (pa: FormatPa): DmaRules => ({
  secondPool: 'EBUSY',
  tellsBeyondReach: true,
  tellsUnmapped: false,
  poolGivesNothing: true,
  readsNonCoherent: true,
  refusesCompound: true,
  swiotlb: 'reduced',
  restrictedAlign: 'power-of-two',
  atomicExhausted: { text: (device) => `DMA pool exhausted for ${device}`, quiet: true },
  nowaitNoWarn: true,
  gfpAtomic: 0x820,
  tellsBadPages: false,
  vb2Failed: (size) => `dma alloc of size ${size} failed`,
  vb2NonCoherent: true,
  vb2Least: (min) => min + 1,
  dumb: 'format',
  drmDate: false,
  warning: warningNow,
  sites: warnSites(
    [639, 646, 724, 822, 343, 105, 79, 5363],
    '__dma_alloc_pages',
    '__alloc_frozen_pages_noprof',
  ),
  restrictedPoolMade: (base, size) => [
    6,
    `software IO TLB: Reserved memory: created restricted DMA pool at ${pa(base)}, size ${size >> 20n} MiB`,
  ],
});
