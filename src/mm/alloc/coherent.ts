/**
 * A coherent pool: memory set aside for a device, handed out in powers of two of pages. Models
 * kernel/dma/coherent.c (Linux 7.3).
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PfnRange } from '../../units.ts';
import { getOrder } from '../../units.ts';
import { Bitmap } from './bitmap.ts';

/** struct dma_coherent_mem, as a record. */
export interface DmaCoherentMemRecord {
  readonly name: string;
  readonly pfnBase: Pfn;
  /** Pages. */
  readonly size: number;
  /** Whether SYNC, mmap and vmap of its buffers are refused. */
  readonly refusesCpu?: true;
}

const poolKey = (index: number): string => recordKey('coherent', index);

/** Makes a pool's record: dma_init_coherent_memory() of a region that could be mapped. */
export function createCoherentPool(records: Records, index: number, pool: DmaCoherentMemRecord): void {
  records.put(poolKey(index), pool);
}

/** Whether the pool of that number is mapped, for a heap or a device. */
export const hasCoherentPool = (records: Records, index: number): boolean =>
  records.get(poolKey(index)) !== undefined;

export class DmaCoherentMem {
  readonly #record: DmaCoherentMemRecord;
  readonly bitmap: Bitmap;

  constructor(records: Records, index: number) {
    const record = records.get<DmaCoherentMemRecord>(poolKey(index));
    if (record === undefined) throw new Error(`no coherent pool ${index}`);
    this.#record = record;
    this.bitmap = new Bitmap(records, recordKey('coherent', index, 'bitmap'), record.size);
  }

  get name(): string {
    return this.#record.name;
  }

  get pfnBase(): Pfn {
    return this.#record.pfnBase;
  }

  /** Pages. */
  get size(): number {
    return this.#record.size;
  }

  get refusesCpu(): boolean {
    return this.#record.refusesCpu === true;
  }

  /**
   * Takes `pages`, rounded up to a power of two, at a multiple of that from the pool's start:
   * __dma_alloc_from_coherent().
   *
   * @returns the first frame, or `undefined` when there is no such block
   */
  alloc(pages: number): Pfn | undefined {
    if (pages > this.size) return undefined;
    const order = getOrder(pages);
    const bit = this.bitmap.findFreeRegion(order);
    if (bit === undefined) return undefined;
    this.bitmap.set(bit, 2 ** order);
    return this.pfnBase + bit;
  }

  /** Gives back what `alloc(pages)` took: __dma_release_from_coherent(). */
  release(pfn: Pfn, pages: number): void {
    this.bitmap.clear(pfn - this.pfnBase, 2 ** getOrder(pages));
  }

  /** Makes just these runs free, and all else taken by nobody that is known. */
  occupy(free: readonly PfnRange[]): void {
    this.bitmap.leaveClear(free.map(({ pfn, pages }) => ({ start: pfn - this.pfnBase, length: pages })));
  }

  /** The largest power of two of pages that `alloc` can still give; 0 when full. */
  largestBlock(): number {
    for (let order = Math.floor(Math.log2(Math.max(this.size, 1))); order >= 0; order--) {
      if (this.size >= 2 ** order && this.bitmap.findFreeRegion(order) !== undefined) return 2 ** order;
    }
    return 0;
  }
}
