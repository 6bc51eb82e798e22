/**
 * A buffer's array of pointers to its pages, which is one block of kmalloc() and so limits the buffer: with pages of
 * 4 KiB to 2 GiB. Models kmalloc_array() in drivers/dma-buf/heaps/cma_heap.c: cma_heap_allocate() (Linux 7.3). The
 * WARN_ON_ONCE() of the page allocator that comes with the refusal is a call trace, which the log leaves out.
 */
import type { Geometry } from '../profile/geometry.ts';
import { formatSize } from '../units.ts';
import type { FailureRule } from './failure-rule.ts';
import { pagesText } from './heap-ops.ts';

/** The array of page pointers would be larger than kmalloc() gives. */
export interface PageArrayTooLarge {
  readonly kind: 'page-array-too-large';
  /** Bytes of a page. */
  readonly pageSize: number;
  /** The area or pool. */
  readonly region: string;
  readonly pages: bigint;
  /** Bytes that the array would take. */
  readonly arrayBytes: bigint;
  /** Pages of the largest buffer. */
  readonly mostPages: number;
}

export const PAGE_ARRAY_RULES: Readonly<Record<PageArrayTooLarge['kind'], FailureRule>> = {
  'page-array-too-large': {
    where: 'drivers/dma-buf/heaps/cma_heap.c: cma_heap_allocate()',
    rule: 'the array of pointers to the pages is one block of kmalloc()',
    change: 'allocate several smaller buffers',
  },
};

/** Pages of the largest buffer whose array kmalloc() gives: KMALLOC_MAX_SIZE is the largest block of pages. */
export const mostArrayPages = ({ pageSize, maxPageOrder, wordBits }: Geometry): number =>
  (pageSize * 2 ** maxPageOrder) / (wordBits / 8);

/** What a request above the limit says of itself; `undefined` for one that is not. */
export function pageArrayTooLarge(
  geometry: Geometry,
  region: string,
  pages: bigint,
): PageArrayTooLarge | undefined {
  const mostPages = mostArrayPages(geometry);
  if (pages <= BigInt(mostPages)) return undefined;
  const arrayBytes = pages * BigInt(geometry.wordBits / 8);
  return { kind: 'page-array-too-large', pageSize: geometry.pageSize, region, pages, arrayBytes, mostPages };
}

/** The failure in words and numbers. */
export function explainPageArray(failure: PageArrayTooLarge): string[] {
  const { pages, mostPages, pageSize, arrayBytes, region } = failure;
  const most = (arrayBytes / pages) * BigInt(mostPages);
  const [array, given] = [arrayBytes, most].map(formatSize);
  return [
    `${pagesText(pageSize)(pages)} asked of ${region}`,
    `the array of page pointers would be ${array}, of which the kernel gives ${given} at most: the largest buffer is ${formatSize(BigInt(mostPages) * BigInt(pageSize))}`,
  ];
}
