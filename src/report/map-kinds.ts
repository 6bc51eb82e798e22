/** The kinds of things that a map of memory shows, in the order of its legend. */

/** What pages are for. */
export type MapKind =
  | 'kernel'
  | 'initrd'
  | 'dtb'
  | 'firmware'
  | 'early'
  | 'used'
  | 'bounce'
  | 'atomic'
  | 'reserved'
  | 'no-map'
  | 'buffer'
  | 'device'
  | 'taken'
  | 'area-free'
  | 'pool-free'
  | 'free';

/** Each kind in a few words. */
export const KIND_WORDS: Readonly<Record<MapKind, string>> = {
  kernel: 'kernel image',
  initrd: 'initrd',
  dtb: 'device tree',
  firmware: 'firmware',
  early: 'taken at boot',
  used: 'taken since boot',
  bounce: 'bounce buffers',
  atomic: 'atomic DMA pool',
  reserved: 'reserved',
  'no-map': 'reserved, no-map',
  buffer: 'dma-buf',
  device: 'memory of a driver',
  taken: 'taken in an area',
  'area-free': 'free CMA area',
  'pool-free': 'free pool',
  free: 'free RAM',
};

/** The same in a sentence, for who does not know what a kind is. */
export const KIND_TELLS: Readonly<Record<MapKind, string>> = {
  kernel: 'The image of the kernel, from its code to its data.',
  initrd: 'The first root file system, which the boot loader loaded.',
  dtb: 'The device tree, which the boot loader loaded.',
  firmware: 'What the boot loader or firmware keeps for itself.',
  early: 'What the kernel took before it had a page allocator: page tables, the memory map and its like.',
  used: 'Pages that the page allocator gave to somebody who is no dma-buf and no driver.',
  bounce: 'Bounce buffers, for devices that do not reach all of memory.',
  atomic: 'Pages for drivers that must not sleep while they allocate.',
  reserved: 'A region that is set aside, and is neither an area nor a pool with a heap.',
  'no-map': 'A region that the kernel does not even map.',
  buffer: 'A buffer that a program allocated from a heap.',
  device: 'Memory that a driver took for its device.',
  taken: 'Pages of an area or a pool that somebody has who is no dma-buf and no driver.',
  'area-free': 'Pages of a CMA area that nobody has. The kernel may lend them to programs.',
  'pool-free': 'Pages of a coherent pool or a carveout that nobody has.',
  free: 'Pages that the page allocator can give.',
};

export const MAP_KINDS = Object.keys(KIND_WORDS) as readonly MapKind[];

/** Whether nobody has such pages. */
export const isFree = (kind: MapKind): boolean =>
  kind === 'free' || kind === 'area-free' || kind === 'pool-free';
