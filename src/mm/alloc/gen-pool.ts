/**
 * A pool of pages handed out first fit, in any number and without an alignment: what carveouts of vendors' kernels and a
 * TEE's memory are kept in. Models lib/genalloc.c with gen_pool_first_fit() and a granule of a page (Linux 6.18).
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn } from '../../units.ts';
import { Bitmap } from './bitmap.ts';

/** struct gen_pool of one chunk, as a record. */
export interface GenPoolRecord {
  /** The region it was made of. */
  readonly name: string;
  readonly pfnBase: Pfn;
  /** Pages. */
  readonly size: number;
}

const poolKey = (index: number): string => recordKey('gen-pool', index);

/** Makes a pool of one chunk: gen_pool_create(), gen_pool_add(). */
export function createGenPool(records: Records, index: number, pool: GenPoolRecord): void {
  records.put(poolKey(index), pool);
}

export class GenPool {
  readonly #record: GenPoolRecord;
  readonly bitmap: Bitmap;

  /** @throws Error when there is no such pool */
  constructor(records: Records, index: number) {
    const record = records.get<GenPoolRecord>(poolKey(index));
    if (record === undefined) throw new Error(`no gen_pool ${index}`);
    this.#record = record;
    this.bitmap = new Bitmap(records, recordKey('gen-pool', index, 'bitmap'), record.size);
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

  /**
   * Takes the first free run of so many pages: gen_pool_alloc().
   *
   * @returns its first frame, or `undefined` when there is no such run
   */
  alloc(pages: number): Pfn | undefined {
    if (pages > this.size) return undefined;
    const bit = this.bitmap.findZeroArea(0, pages, 1, 0);
    if (bit === undefined) return undefined;
    this.bitmap.set(bit, pages);
    return this.pfnBase + bit;
  }

  /** Gives pages back: gen_pool_free(). */
  release(pfn: Pfn, pages: number): void {
    this.bitmap.clear(pfn - this.pfnBase, pages);
  }
}
