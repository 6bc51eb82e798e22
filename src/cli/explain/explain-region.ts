/** Why a /reserved-memory node is no heap, in words, and what to do about it. */
import type { WhyNoHeap } from '../../kernel/views/views.ts';

const WORDS: Readonly<Record<WhyNoHeap, readonly [reason: string, advice?: string]>> = {
  disabled: ['its status is neither "ok" nor "okay"', 'remove the status property or set it to "okay"'],
  'unsupported-format': [
    '/reserved-memory has no ranges, or other #address-cells or #size-cells than the root: Linux ignores all of it',
    'give /reserved-memory an empty ranges property and the cells of the root',
  ],
  'no-reg-no-size': [
    'it has neither reg nor size: nothing to reserve',
    'add reg (a fixed place) or size (Linux finds one)',
  ],
  'malformed-reg': [
    'its reg is no whole number of <base size> entries',
    "write reg in the root's #address-cells and #size-cells",
  ],
  'size-zero': ['its size is 0', 'give it a size'],
  'reserve-failed': [
    'its memory is reserved already, by the kernel, the initrd, the device tree or another region',
    'move it, or see what is there: dmaheap dmesg',
  ],
  'invalid-size': [
    "its size property is not as long as the root's #size-cells say",
    "write size in the root's #size-cells",
  ],
  'invalid-alignment': [
    "its alignment property is not as long as the root's #address-cells say",
    "write alignment in the root's #address-cells",
  ],
  'too-many-dynamic': [
    'it comes after 64 other regions without reg, and Linux stops at 64',
    'give some of them a reg',
  ],
  'no-room': [
    'no free range is large enough at its alignment, within alloc-ranges where it has them',
    'make it smaller or widen alloc-ranges',
  ],
  'skipped-for-cmdline': [
    'it is linux,cma-default, and cma= on the command line takes that role',
    'remove cma= from the command line, or linux,cma-default from the node',
  ],
  'not-shared-dma-pool': [
    'it is plain reserved memory: its compatible does not name shared-dma-pool',
    'add compatible = "shared-dma-pool" if it is meant to be allocated from',
  ],
  'reusable-and-no-map': [
    'it is both reusable and no-map: neither handler takes it',
    'keep reusable for a CMA area, or no-map for a coherent pool',
  ],
  'cma-misaligned': [
    'a CMA area must start and end at a multiple of a pageblock',
    'align base and size to a pageblock: 2 MiB with 4 KiB pages and huge pages',
  ],
  'cma-no-slot': ['all CMA areas (CONFIG_CMA_AREAS) are in use', 'raise CONFIG_CMA_AREAS or drop an area'],
  'cma-across-zones': [
    'the area crosses the border of a memory zone (4 GiB, or the end of DMA memory), so Linux leaves it without pages',
    'move it to one side of the border',
  ],
  'cma-not-configured': [
    'this kernel has no CMA, or no CMA heap',
    'set CONFIG_DMA_CMA and CONFIG_DMABUF_HEAPS_CMA',
  ],
  'coherent-off': [
    'this kernel makes no heaps of coherent pools: the series is not in it',
    'try --coherent v3, or make it reusable for a CMA heap',
  ],
  'coherent-no-slot': ['more than 64 coherent pools: the rest get no heap', 'drop a pool'],
  'coherent-not-no-map': [
    'a pool without no-map: this architecture refuses it and gives its memory back',
    'add no-map, or make it reusable for a CMA heap',
  ],
  'mapped-ram': [
    'a pool in System RAM without no-map: the kernel maps that memory already and refuses to map it again',
    'add no-map',
  ],
  'mapped-page': [
    'its first or last page is shared with memory that the kernel maps',
    'align base and size to whole pages (4 KiB)',
  ],
  unmappable: [
    'a pool that ends above 256 TiB, or is larger than 128 GiB: the kernel cannot set it up',
    'make it smaller, or correct its reg',
  ],
  'name-taken': ['a heap of its name exists already', 'give the node another name or unit address'],
  'module-not-loaded': [
    'the module of its heap is not loaded yet',
    'load it: dmaheap modprobe cma_heap, or coherent_heap for a pool',
  ],
  'no-cma-heaps': [
    'default_cma_region was refused, and then Linux makes no CMA heap at all',
    'rename the region that took the name default_cma_region',
  ],
};

/** One sentence: why there is no heap. */
export const whyNoHeap = (why: WhyNoHeap): string => WORDS[why][0];

/** What would help, if anything does. */
export const adviceFor = (why: WhyNoHeap): string | undefined => WORDS[why][1];
