/** The node of a heap in /dev/dma_heap, by the words that steps have for it. */

export const HEAP_NODES = '/dev/dma_heap/';

/** The path of a heap's node: of `NAME`, `heap:NAME` or the path itself. */
export const heapNode = (heap: string): string => HEAP_NODES + heap.replace(/^(heap:|\/dev\/dma_heap\/)/, '');
