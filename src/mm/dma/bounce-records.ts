/**
 * What the software IO TLB remembers of each mapping, and which mappings stand for a page of memory.
 * Models struct io_tlb_slot (kernel/dma/swiotlb.c, Linux 7.3), with what a kernel does not keep: who has
 * written on which side since they were last the same.
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PhysAddr } from '../../units.ts';
import { Bitmap } from '../alloc/bitmap.ts';
import type { ByteMark } from './byte-marks.ts';

/** The index goes by frames of 4 KiB, whatever the kernel's pages: it is no part of Linux. */
const pfnDown = (address: PhysAddr): Pfn => Number(address >> 12n);

/** Frames of a 52-bit physical address space. */
const MAX_PFN = 2 ** 40;

/** One mapping, as a record. A byte is newer on one side at most. */
export interface BounceRecord {
  /** Its first slot. */
  readonly slot: number;
  /** The memory that it stands for. */
  readonly original: PhysAddr;
  /** Bytes. */
  readonly size: number;
  /** dev_name() of the device it was made for. */
  readonly device: string;
  /** The bytes that are newer in memory. */
  readonly inMemory: readonly ByteMark[];
  /** The bytes that are newer in the slots. */
  readonly inSlots: readonly ByteMark[];
}

const bounceKey = (slot: number): string => recordKey('swiotlb', 'bounce', slot);
const originalKey = (pfn: Pfn): string => recordKey('swiotlb', 'original', pfn);

export class BounceRecords {
  readonly #records: Records;
  /** The frames that some mapping stands for. */
  readonly #originals: Bitmap;

  constructor(records: Records) {
    this.#records = records;
    this.#originals = new Bitmap(records, recordKey('swiotlb', 'originals'), MAX_PFN);
  }

  /** The mapping that starts at a slot. */
  at(slot: number): BounceRecord | undefined {
    return this.#records.get<BounceRecord>(bounceKey(slot));
  }

  /** The last mapping that starts at or before a slot, but not before `first`. */
  holding(slot: number, first: number): BounceRecord | undefined {
    for (let i = slot; i >= first; i--) {
      const bounce = this.at(i);
      if (bounce !== undefined) return bounce;
    }
    return undefined;
  }

  put(bounce: BounceRecord): void {
    this.#records.put(bounceKey(bounce.slot), bounce);
  }

  add(bounce: BounceRecord): void {
    this.put(bounce);
    for (const pfn of framesOf(bounce)) {
      this.#records.put(originalKey(pfn), [...this.#slotsOf(pfn), bounce.slot]);
      this.#originals.set(pfn, 1);
    }
  }

  remove(bounce: BounceRecord): void {
    this.#records.delete(bounceKey(bounce.slot));
    for (const pfn of framesOf(bounce)) {
      const rest = this.#slotsOf(pfn).filter((slot) => slot !== bounce.slot);
      if (rest.length > 0) {
        this.#records.put(originalKey(pfn), rest);
        continue;
      }
      this.#records.delete(originalKey(pfn));
      this.#originals.clear(pfn, 1);
    }
  }

  /** The mappings that stand for bytes of a range, by address, and which of their bytes. */
  over(
    address: PhysAddr,
    length: bigint,
  ): readonly { readonly bounce: BounceRecord; readonly start: number; readonly end: number }[] {
    const slots = new Set<number>();
    const last = pfnDown(address + length - 1n);
    let pfn = this.#originals.nextSet(pfnDown(address), last + 1);
    for (; pfn <= last; pfn = this.#originals.nextSet(pfn + 1, last + 1)) {
      for (const slot of this.#slotsOf(pfn)) slots.add(slot);
    }
    return [...slots].flatMap((slot) => {
      const bounce = this.at(slot);
      if (bounce === undefined) return [];
      const start = Math.max(0, Number(address - bounce.original));
      const end = Math.min(bounce.size, Number(address + length - bounce.original));
      return start < end ? [{ bounce, start, end }] : [];
    });
  }

  #slotsOf(pfn: Pfn): readonly number[] {
    return this.#records.get<readonly number[]>(originalKey(pfn)) ?? [];
  }
}

/** The frames that a mapping stands for. */
function framesOf({ original, size }: BounceRecord): readonly Pfn[] {
  const first = pfnDown(original);
  const count = pfnDown(original + BigInt(size) - 1n) - first + 1;
  return Array.from({ length: count }, (_, i) => first + i);
}
