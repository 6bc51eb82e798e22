/**
 * The software IO TLB: a pool of bounce buffers where every device reaches, for memory that a device does
 * not reach. Models kernel/dma/swiotlb.c (Linux 7.3): one pool, one area.
 *
 *   memory  ......[ original ]......           where the CPU reads and writes
 *                    │    ▲
 *        copy in     ▼    │  copy back         at map, unmap and SYNC, by direction
 *   pool    |2K|2K|[ slots  ]2K|2K|            where the device reads and writes
 *           `---- segment of 128 ----'         no mapping crosses its end: 256 KiB at most
 *
 * Between the copies the two hold different bytes, and each mapping remembers who wrote newer ones where.
 *
 * Deviation: Linux has one area for each CPU and searches on from where it stopped; which slots a mapping
 * gets depends on the CPU and on what was mapped before. Here it is the first that fit.
 */
import type { Printk } from '../../printk.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import { Bitmap } from '../alloc/bitmap.ts';
import type { PhysMemory } from '../phys-memory.ts';
import { type BounceRecord, BounceRecords } from './bounce-records.ts';
import { type ByteMark, clearMarks, marksWithin, setMark } from './byte-marks.ts';
import type { DataCache } from './cache.ts';
import type { Device } from './device.ts';
import type { Accessor, Hazard, HazardCause } from './hazard.ts';
import { HazardList } from './hazard.ts';

/** Bytes of a slot: IO_TLB_SIZE. */
export const SLOT_BYTES = 2048;
/** Slots of a segment: IO_TLB_SEGSIZE. */
export const SEGMENT_SLOTS = 128;

/** struct io_tlb_mem, as a record. */
interface SwiotlbRecord {
  readonly base: PhysAddr;
  /** How many slots there are: nslabs. */
  readonly slots: number;
  /** How many are taken. */
  readonly used: number;
}

const POOL = 'swiotlb';

/** Makes the pool's record: swiotlb_init_io_tlb_pool() of memory that was taken at boot. */
export function createSwiotlb(records: Records, base: PhysAddr, size: bigint): void {
  records.put<SwiotlbRecord>(POOL, { base, slots: Number(size / BigInt(SLOT_BYTES)), used: 0 });
}

/** Whether there is a pool. */
export const hasSwiotlb = (records: Records): boolean => records.get(POOL) !== undefined;

export class Swiotlb {
  readonly #records: Records;
  readonly #memory: PhysMemory;
  readonly #cache: DataCache;
  readonly #bounces: BounceRecords;
  readonly #slots: Bitmap;

  constructor(records: Records, memory: PhysMemory, cache: DataCache) {
    this.#records = records;
    this.#memory = memory;
    this.#cache = cache;
    this.#bounces = new BounceRecords(records);
    this.#slots = new Bitmap(records, recordKey(POOL, 'slots'), this.slots);
  }

  #record(): SwiotlbRecord {
    const record = this.#records.get<SwiotlbRecord>(POOL);
    if (record === undefined) throw new Error('no software IO TLB');
    return record;
  }

  get base(): PhysAddr {
    return this.#record().base;
  }

  /** How many slots there are. */
  get slots(): number {
    return this.#record().slots;
  }

  /** How many slots are taken: mem_used(). */
  get used(): number {
    return this.#record().used;
  }

  /** Whether anything is bounced, so that the CPU's accesses must be told. */
  get active(): boolean {
    return this.used > 0;
  }

  /** Whether an address lies in the pool: is_swiotlb_buffer(). */
  contains(address: PhysAddr): boolean {
    const { base, slots } = this.#record();
    return address >= base && address < base + BigInt(slots * SLOT_BYTES);
  }

  /**
   * Takes slots for memory that the device does not reach, and copies it there whatever the direction, so
   * that what the device leaves out is not lost: swiotlb_tbl_map_single().
   *
   * @param by who maps: the copy is the CPU's, made for it
   * @returns the address in the pool, or `undefined` after logging that there is no room
   */
  map(
    phys: PhysAddr,
    size: bigint,
    device: Device,
    printk: Printk,
    by: Accessor,
  ): { readonly address: PhysAddr; readonly hazards: readonly Hazard[] } | undefined {
    const pool = this.#record();
    const count = Math.ceil(Number(size) / SLOT_BYTES);
    const { page, pageSize } = geometryOf(this.#records);
    const slot = this.#findSlots(count, size >= page ? pageSize / SLOT_BYTES : 1);
    if (slot === undefined) {
      const room = `total ${pool.slots} (slots), used ${pool.used} (slots)`;
      const text = `swiotlb buffer is full (sz: ${size} bytes), ${room}`;
      printk.printRatelimited('swiotlb_tbl_map_single', 4, `platform ${device.name}: ${text}`);
      return undefined;
    }
    this.#slots.set(slot, count);
    this.#records.put<SwiotlbRecord>(POOL, { ...pool, used: pool.used + count });
    this.#bounces.add({
      slot,
      original: phys,
      size: Number(size),
      device: device.name,
      inMemory: [],
      inSlots: [],
    });
    const address = pool.base + BigInt(slot * SLOT_BYTES);
    return { address, hazards: this.copyIn(address, by) };
  }

  /** The first run of free slots that crosses no segment: swiotlb_find_slots(). */
  #findSlots(count: number, align: number): number | undefined {
    if (count > SEGMENT_SLOTS) return undefined;
    for (let from = 0; ; ) {
      const slot = this.#slots.findZeroArea(from, count, align, 0);
      if (slot === undefined) return undefined;
      const next = (Math.floor(slot / SEGMENT_SLOTS) + 1) * SEGMENT_SLOTS;
      if (slot + count <= next) return slot;
      from = next;
    }
  }

  /**
   * Gives slots back without a copy: __swiotlb_tbl_unmap_single() with DMA_ATTR_SKIP_CPU_SYNC. What the
   * device wrote and nobody copied back is lost.
   *
   * @param address what `map` gave
   */
  unmap(address: PhysAddr, by: Accessor): readonly Hazard[] {
    const bounce = this.#bounceAt(address);
    const count = Math.ceil(bounce.size / SLOT_BYTES);
    this.#slots.clear(bounce.slot, count);
    const pool = this.#record();
    this.#records.put<SwiotlbRecord>(POOL, { ...pool, used: pool.used - count });
    this.#bounces.remove(bounce);
    return bounce.inSlots.map((mark) => lostWrite('bounce-not-copied-back', bounce, mark, by));
  }

  /**
   * Copies the original to the slots: swiotlb_bounce() with DMA_TO_DEVICE.
   *
   * The slots' own cache lines need no model: the CPU touches slots in these copies only, each copy in is
   * followed by their cleaning and each copy back is preceded by their invalidation, in the same call.
   */
  copyIn(address: PhysAddr, by: Accessor): readonly Hazard[] {
    const bounce = this.#bounceAt(address);
    const found = new HazardList();
    for (const mark of bounce.inSlots) found.add(lostWrite('bounce-overwrote-device', bounce, mark, by));
    const bytes = new Uint8Array(bounce.size);
    if (this.#cache.active) found.addAll(this.#cache.load(bounce.original, bytes, by));
    else this.#memory.read(bounce.original, bytes);
    this.#memory.write(address, bytes);
    this.#bounces.put({ ...bounce, inMemory: [], inSlots: [] });
    return found.hazards;
  }

  /** Copies the slots to the original: swiotlb_bounce() with DMA_FROM_DEVICE. */
  copyBack(address: PhysAddr, by: Accessor): readonly Hazard[] {
    const bounce = this.#bounceAt(address);
    const found = new HazardList();
    for (const mark of bounce.inMemory) found.add(lostWrite('bounce-overwrote-cpu', bounce, mark, by));
    const bytes = new Uint8Array(bounce.size);
    this.#memory.read(address, bytes);
    if (this.#cache.active) found.addAll(this.#cache.store(bounce.original, bytes, by));
    else this.#memory.write(bounce.original, bytes);
    this.#bounces.put({ ...bounce, inMemory: [], inSlots: [] });
    // Another device's bounce buffer of the same memory is now older where bytes are new.
    for (const mark of bounce.inSlots) {
      this.#store(bounce.original + BigInt(mark.start), BigInt(mark.end - mark.start), mark.by, bounce.slot);
    }
    return found.hazards;
  }

  /** Bytes of memory were written: by the CPU, or by a device that reaches them. Cheap when none is bounced. */
  noteStore(address: PhysAddr, length: bigint, by: Accessor): void {
    this.#store(address, length, by);
  }

  #store(address: PhysAddr, length: bigint, by: Accessor, except?: number): void {
    if (!this.active) return;
    for (const { bounce, start, end } of this.#bounces.over(address, length)) {
      if (bounce.slot === except) continue;
      const inMemory = setMark(bounce.inMemory, { start, end, by });
      this.#bounces.put({ ...bounce, inMemory, inSlots: clearMarks(bounce.inSlots, start, end) });
    }
  }

  /** Bytes of memory were read; those that a device has written to a bounce buffer since are stale. */
  noteLoad(address: PhysAddr, length: bigint, by: Accessor): readonly Hazard[] {
    const found = new HazardList();
    if (!this.active) return [];
    for (const { bounce, start, end } of this.#bounces.over(address, length)) {
      for (const mark of marksWithin(bounce.inSlots, start, end)) {
        found.add(staleRead('bounce-not-copied-back', bounce, mark, by));
      }
    }
    return found.hazards;
  }

  /** A device reads the pool; bytes that the original has newer are stale. */
  deviceRead(address: PhysAddr, into: Uint8Array, by: Accessor): readonly Hazard[] {
    this.#memory.read(address, into);
    const found = new HazardList();
    for (const { bounce, start, end } of this.#inPool(address, into.length)) {
      for (const mark of marksWithin(bounce.inMemory, start, end)) {
        found.add(staleRead('bounce-not-copied-in', bounce, mark, by));
      }
    }
    return found.hazards;
  }

  /** A device writes the pool; the original becomes older there. */
  deviceWrite(address: PhysAddr, from: Uint8Array, by: Accessor): readonly Hazard[] {
    this.#memory.write(address, from);
    for (const { bounce, start, end } of this.#inPool(address, from.length)) {
      const inSlots = setMark(bounce.inSlots, { start, end, by });
      this.#bounces.put({ ...bounce, inSlots, inMemory: clearMarks(bounce.inMemory, start, end) });
    }
    return [];
  }

  #bounceAt(address: PhysAddr): BounceRecord {
    const bounce = this.#bounces.at(Number(address - this.base) / SLOT_BYTES);
    if (bounce === undefined) throw new Error(`nothing is mapped at ${address.toString(16)} of the IO TLB`);
    return bounce;
  }

  /** The mappings that an access to the pool touches, and which of their bytes; slots without are skipped. */
  *#inPool(address: PhysAddr, length: number) {
    const from = Number(address - this.base);
    for (let offset = from; offset < from + length; ) {
      const slot = Math.floor(offset / SLOT_BYTES);
      const bounce = this.#bounces.holding(slot, slot - (slot % SEGMENT_SLOTS));
      const start = bounce === undefined ? 0 : offset - bounce.slot * SLOT_BYTES;
      if (bounce === undefined || start >= bounce.size) {
        offset = (slot + 1) * SLOT_BYTES;
        continue;
      }
      const end = Math.min(bounce.size, start + from + length - offset);
      yield { bounce, start, end };
      offset += end - start;
    }
  }
}

/** In the original's addresses: it is its bytes that are missed. */
const staleRead = (cause: HazardCause, bounce: BounceRecord, mark: ByteMark, victim: Accessor): Hazard => ({
  kind: 'stale-read',
  cause,
  address: bounce.original + BigInt(mark.start),
  length: BigInt(mark.end - mark.start),
  victim,
  culprit: mark.by,
});

const lostWrite = (cause: HazardCause, bounce: BounceRecord, mark: ByteMark, culprit: Accessor): Hazard => ({
  ...staleRead(cause, bounce, mark, mark.by),
  kind: 'lost-write',
  culprit,
});
