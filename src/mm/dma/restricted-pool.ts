/**
 * A pool in which all buffers of its devices must lie: bounce slots that are handed out. Models kernel/dma/swiotlb.c:
 * swiotlb_alloc(), swiotlb_search_pool_area() (Linux 7.3), of one area.
 *
 *   |2K|2K|2K|2K| ... |   a segment of 128 slots: nothing crosses its end, so 256 KiB are the most
 *          ^ the search starts behind what was given last, and wraps
 */
import type { DmaRules } from '../../profile/dma-rules.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import { getOrder, type PhysAddr } from '../../units.ts';
import { Bitmap } from '../alloc/bitmap.ts';
import { SEGMENT_SLOTS, SLOT_BYTES } from './swiotlb.ts';

/** struct io_tlb_mem of a region, as a record. */
interface RestrictedRecord {
  readonly base: PhysAddr;
  readonly slots: number;
  /** Where the next search starts. */
  readonly next: number;
}

const poolKey = (name: string): string => recordKey('restricted', name);

export class RestrictedPool {
  readonly #records: Records;
  readonly #name: string;
  readonly #bitmap: Bitmap;

  constructor(records: Records, name: string) {
    this.#records = records;
    this.#name = name;
    this.#bitmap = new Bitmap(records, recordKey('restricted', name, 'slots'), this.#record().slots);
  }

  /** Makes the pool of a region when its first device is bound: rmem_swiotlb_device_init(). */
  static create(records: Records, name: string, base: PhysAddr, size: bigint): void {
    if (records.get(poolKey(name)) !== undefined) return;
    const slots = Number(size / BigInt(SLOT_BYTES));
    records.put<RestrictedRecord>(poolKey(name), { base, slots, next: 0 });
  }

  #record(): RestrictedRecord {
    const record = this.#records.get<RestrictedRecord>(poolKey(this.#name));
    if (record === undefined) throw new Error(`no restricted pool ${this.#name}`);
    return record;
  }

  /** Slots that are free. */
  get freeSlots(): number {
    return this.#bitmap.zeros();
  }

  get slots(): number {
    return this.#record().slots;
  }

  /**
   * Takes slots: swiotlb_find_slots().
   *
   * @param pages at least 1
   * @returns the first byte's address, or `undefined`, of which nothing is said
   */
  alloc(pages: number): PhysAddr | undefined {
    const { base, slots, next } = this.#record();
    const { pageSize } = geometryOf(this.#records);
    const perPage = pageSize / SLOT_BYTES;
    const count = pages * perPage;
    if (count > SEGMENT_SLOTS) return undefined;
    const { restrictedAlign } = profileIn(this.#records).linux.dma;
    const align = alignment(restrictedAlign, pages, perPage);
    const stride = align;
    // Up to Linux 6.1 the search itself starts at a whole stride.
    let index = restrictedAlign === 'page' ? Math.ceil(next / stride) * stride : next;
    if (index >= slots) index = 0;
    for (let checked = 0; checked < slots; ) {
      const address = base + BigInt(index * SLOT_BYTES);
      if (address % BigInt(align * SLOT_BYTES) !== 0n) {
        index = wrapped(index + 1, slots);
        checked++;
        continue;
      }
      if (this.#isFree(index, count)) {
        this.#bitmap.set(index, count);
        this.#records.put<RestrictedRecord>(poolKey(this.#name), {
          ...this.#record(),
          next: wrapped(index + count, slots),
        });
        return address;
      }
      index = wrapped(index + stride, slots);
      checked += stride;
    }
    return undefined;
  }

  /** Gives slots back: swiotlb_free(). */
  free(address: PhysAddr, pages: number): void {
    const { pageSize } = geometryOf(this.#records);
    const slot = Number((address - this.#record().base) / BigInt(SLOT_BYTES));
    this.#bitmap.clear(slot, (pages * pageSize) / SLOT_BYTES);
  }

  /** Whether so many slots are free from there on, within the segment. */
  #isFree(index: number, count: number): boolean {
    const end = Math.min((Math.floor(index / SEGMENT_SLOTS) + 1) * SEGMENT_SLOTS, this.#record().slots);
    return index + count <= end && this.#bitmap.nextSet(index, index + count) >= index + count;
  }
}

/** In slots. */
function alignment(align: DmaRules['restrictedAlign'], pages: number, perPage: number): number {
  return align === 'page' ? perPage : 2 ** getOrder(pages) * perPage;
}

/** wrap_area_index() */
const wrapped = (index: number, slots: number): number => (index >= slots ? 0 : index);
