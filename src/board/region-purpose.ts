/**
 * What a child of /reserved-memory that is no pool is for, by what its author wrote: so that nobody is told to make a
 * pool of the memory of trusted firmware.
 */
import { closest } from '../devicetree/closest.ts';
import { baseNameOf } from '../devicetree/node-lookup.ts';
import type { ReservedMemNode } from './board.ts';

export type RegionPurpose =
  /** It looks as if it were meant as a pool; `written` is a compatible that is almost the right one. */
  | { readonly for: 'pool'; readonly written?: string }
  /** A heap of some vendor's kernel, by its compatible. */
  | { readonly for: 'vendor-heap'; readonly compatible: string }
  /** Memory of a driver: its compatible. */
  | { readonly for: 'driver'; readonly compatible: string }
  /** Without a compatible: firmware, remote processors, display hand-over. */
  | { readonly for: 'firmware' };

const POOL = 'shared-dma-pool';
/** Real ones that are near. */
const OTHER_POOLS = ['restricted-dma-pool', 'removed-dma-pool'];
const VENDOR_HEAP = /heap|(^|[-,_])ion([-,_]|$)/i;
/** Names of regions without a compatible that programs are meant to allocate from. */
const POOL_NAME = /^(.*[-_])?(pool|cma|heap|buffers?|frames?)([-_].*)?\d*$/i;
const NOT_POOL_NAME = /^vdev|framebuffer|frame-buffer|fb|splash|vring/i;

/** What the region is for, where its compatible is not shared-dma-pool. */
export function regionPurpose(node: ReservedMemNode): RegionPurpose {
  const [compatible] = node.compatible;
  const written = node.compatible.find((name) => closest(name, [POOL, ...OTHER_POOLS]) === POOL);
  if (written !== undefined) return { for: 'pool', written };
  const heap = node.compatible.find((name) => VENDOR_HEAP.test(name));
  if (heap !== undefined) return { for: 'vendor-heap', compatible: heap };
  if (compatible !== undefined && compatible !== '') return { for: 'driver', compatible };
  if (node.reusable || node.linuxCmaDefault || node.linuxDmaDefault) return { for: 'pool' };
  const name = baseNameOf(node.name);
  return POOL_NAME.test(name) && !NOT_POOL_NAME.test(name) ? { for: 'pool' } : { for: 'firmware' };
}
