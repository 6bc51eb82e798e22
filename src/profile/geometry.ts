/**
 * The sizes by which a kernel cuts memory: pages, the largest buddy block, sections, page tables. They are a
 * value, made once for each page size, because kernels with different pages run in one process.
 */
import type { Pfn, PhysAddr, PhysRange } from '../units.ts';
import { rangeEnd, roundDown, roundUp } from '../units.ts';

/** What an architecture says of one of its page sizes. */
export interface GeometrySizes {
  /** Bits of `unsigned long`, of size_t and of a pointer. */
  readonly wordBits: 32 | 64;
  /** PAGE_SHIFT. */
  readonly pageShift: number;
  /** MAX_PAGE_ORDER: the largest buddy block is `1 << maxPageOrder` pages. */
  readonly maxPageOrder: number;
  /** Bytes of a section of the memory map: `1 << SECTION_SIZE_BITS`. */
  readonly sectionSize: bigint;
  /** Bytes that one page table of each level maps, from the lowest level to the last that boot takes. */
  readonly tableSpans: readonly [pmd: bigint, ...higher: bigint[]];
  /** The linear map begins at the start of RAM rounded down to this: ARM64_MEMSTART_ALIGN. */
  readonly memstartAlign: bigint;
  /** Bytes of the memory map that are taken at once: a PMD's where it is mapped by blocks, else a page. */
  readonly memmapBlock: bigint;
}

/** A kernel's pages and what follows from their size. The functions need no `this`. */
export interface Geometry extends GeometrySizes {
  /** PAGE_SIZE, bytes. */
  readonly pageSize: number;
  /** PAGE_SIZE where addresses are meant. */
  readonly page: bigint;
  /** Pages in a section: PAGES_PER_SECTION. */
  readonly pagesPerSection: number;
  /** The frame that holds `address`, rounding down: PFN_DOWN(). */
  readonly pfnDown: (address: PhysAddr) => Pfn;
  /** The first frame at or above `address`: PFN_UP(). */
  readonly pfnUp: (address: PhysAddr) => Pfn;
  /** The address of a frame's first byte: PFN_PHYS(). */
  readonly pfnPhys: (pfn: Pfn) => PhysAddr;
  /** The highest value of `unsigned long`: ULONG_MAX. */
  readonly wordMax: bigint;
  /** Rounds a length up to whole pages and wraps as the kernel's `unsigned long` does: PAGE_ALIGN(). */
  readonly pageAlign: (length: bigint) => bigint;
  /** The bytes of so many pages. */
  readonly pagesToBytes: (pages: number | bigint) => bigint;
  /** The whole pages that a range touches. */
  readonly wholePages: (range: PhysRange) => PhysRange;
}

/** @param sizes what the architecture says of its pages */
export function makeGeometry(sizes: GeometrySizes): Geometry {
  const shift = BigInt(sizes.pageShift);
  const page = 1n << shift;
  const mask = page - 1n;
  const wordMax = (1n << BigInt(sizes.wordBits)) - 1n;
  return {
    ...sizes,
    pageSize: Number(page),
    page,
    pagesPerSection: Number(sizes.sectionSize >> shift),
    pfnDown: (address) => Number(address >> shift),
    pfnUp: (address) => Number((address + mask) >> shift),
    pfnPhys: (pfn) => BigInt(pfn) << shift,
    wordMax,
    pageAlign: (length) => (length + mask) & ~mask & wordMax,
    pagesToBytes: (pages) => BigInt(pages) << shift,
    wholePages: (range) => {
      const base = roundDown(range.base, page);
      return { base, size: roundUp(rangeEnd(range), page) - base };
    },
  };
}
