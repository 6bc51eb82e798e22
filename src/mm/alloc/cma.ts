/**
 * The contiguous memory allocator: an area of page frames with one bit a page. Models mm/cma.c and
 * mm/cma_debug.c (Linux 7.3); areas of one range, order_per_bit 0.
 */
import type { Printk } from '../../printk.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PfnRange } from '../../units.ts';
import { Bitmap, type BitRun } from './bitmap.ts';
import { drainPerCpuPages, freeCmaPages } from './per-cpu-pages.ts';
import { isPinned, pinnedPages, withoutPages } from './pinned-pages.ts';

/** CMA_MAX_NAME less the terminator. */
const NAME_MAX = 63;

/** struct cma, as a record: what an area is, and the page counters of its sysfs folder. */
export interface CmaRecord {
  /** The area's name, cut at 63 characters. */
  readonly name: string;
  readonly basePfn: Pfn;
  /** Pages; 0 when the area could not be activated. */
  readonly count: number;
  /** The numbers of other areas that share pages with this one. */
  readonly overlaps: readonly number[];
  /** Its pages that the kernel does not map, for no-map regions lie there; absent: none. */
  readonly unmapped?: readonly PfnRange[];
  allocPagesSuccess: number;
  allocPagesFail: number;
  releasePagesSuccess: number;
  /** How often the area's lock was taken, where debugfs shows it. */
  locked?: number;
}

/** The key of an area's record. */
const areaKey = (index: number): string => recordKey('cma', index);

/** Makes an area's record: cma_init_reserved_mem() of an area that has passed its checks. */
export function createCma(records: Records, index: number, name: string, basePfn: Pfn, count: number): void {
  const overlaps: number[] = [];
  for (let other = 0; other < index; other++) {
    const area = records.get<CmaRecord>(areaKey(other));
    if (area === undefined || area.basePfn >= basePfn + count || basePfn >= area.basePfn + area.count)
      continue;
    overlaps.push(other);
    records.put<CmaRecord>(areaKey(other), { ...area, overlaps: [...area.overlaps, index] });
  }
  records.put<CmaRecord>(areaKey(index), {
    name: name.slice(0, NAME_MAX),
    basePfn,
    count,
    overlaps,
    allocPagesSuccess: 0,
    allocPagesFail: 0,
    releasePagesSuccess: 0,
  });
}

/** Says which pages of an area have no mapping. */
export function putUnmapped(records: Records, index: number, unmapped: readonly PfnRange[]): void {
  const area = records.get<CmaRecord>(areaKey(index));
  if (area !== undefined) records.put<CmaRecord>(areaKey(index), { ...area, unmapped });
}

/** Leaves an area without pages: cma_activate_area() of one that crosses zones. */
export function emptyCma(records: Records, index: number): void {
  const area = records.get<CmaRecord>(areaKey(index));
  if (area !== undefined) records.put<CmaRecord>(areaKey(index), { ...area, count: 0 });
}

/** The first `count` areas, in set-up order: cma_areas[]. */
export const cmaAreas = (records: Records, count: number): readonly Cma[] =>
  Array.from({ length: count }, (_, index) => new Cma(records, index));

export class Cma {
  readonly #records: Records;
  readonly #index: number;
  readonly #record: CmaRecord;
  readonly bitmap: Bitmap;

  /** @param index the area's number, in set-up order from 0 */
  constructor(records: Records, index: number) {
    const record = records.get<CmaRecord>(areaKey(index));
    if (record === undefined) throw new Error(`no CMA area ${index}`);
    this.#records = records;
    this.#index = index;
    this.#record = record;
    this.bitmap = new Bitmap(records, recordKey('cma', index, 'bitmap'), record.count);
  }

  get name(): string {
    return this.#record.name;
  }

  get basePfn(): Pfn {
    return this.#record.basePfn;
  }

  /** Pages. */
  get count(): number {
    return this.#record.count;
  }

  /** The counters of /sys/kernel/mm/cma/NAME. */
  get counters(): Readonly<CmaRecord> {
    return this.#record;
  }

  /**
   * Takes `count` contiguous pages, first fit: cma_alloc().
   *
   * ```
   * bitmap   ####....####..........####......
   *              ^ free, not aligned  ^ taken when `count` fits
   * ```
   *
   * A run that holds pages which an overlapping area has handed out, or which are pinned, is busy, and the
   * search goes on behind it, as after alloc_contig_range() answers -EBUSY.
   *
   * @param count pages, at least 1; may be larger than the area
   * @param order the alignment: multiples of `1 << order` in page frame numbers
   * @param check told of the first frame before it is taken; may throw
   * @param quiet __GFP_NOWARN: nothing is logged
   * @returns the first frame, or `undefined` after logging what is free; an area without pages says nothing
   */
  alloc(
    count: number,
    order: number,
    printk: Printk,
    check: (pfn: Pfn) => void = () => undefined,
    quiet = false,
  ): Pfn | undefined {
    if (this.count === 0 || count === 0) return undefined;
    const align = 2 ** order;
    const offset = this.basePfn % align;
    let busy = false;
    for (let from = 0; count <= this.count; ) {
      const bit = this.bitmap.findZeroArea(from, count, align, offset);
      if (bit === undefined) {
        this.#lock();
        break;
      }
      const pfn = this.basePfn + bit;
      this.#lock();
      // alloc_contig_range() drains the per-CPU lists, whatever comes of it.
      drainPerCpuPages(this.#records, this.basePfn);
      if (!this.#isBusy(pfn, count)) {
        check(pfn);
        this.bitmap.set(bit, count);
        this.#count({ allocPagesSuccess: this.#record.allocPagesSuccess + count });
        return pfn;
      }
      // The bits are cleared again.
      this.#lock();
      busy = true;
      from = bit + align;
    }
    this.refuse(BigInt(count), printk, busy, quiet);
    return undefined;
  }

  /**
   * Counts and logs an allocation that failed: what cma_alloc() ends with, for a number of pages that no
   * area has too.
   *
   * @param count pages, up to 2^64 - 1; the counter wraps as atomic64_add() does
   * @param busy whether the search met pages that could not be moved
   */
  refuse(count: bigint, printk: Printk, busy = false, quiet = false): void {
    if (count <= BigInt(this.count) || profileIn(this.#records).linux.cmaTooLarge.counted) {
      this.#count({ allocPagesFail: this.#record.allocPagesFail + Number(BigInt.asIntN(64, count)) });
    }
    if (!quiet) this.#reportFailure(count, printk, busy);
  }

  /** The first page of a run that the kernel does not map. */
  unmappedIn(pfn: Pfn, count: number): Pfn | undefined {
    const hit = this.#record.unmapped?.find((run) => run.pfn < pfn + count && pfn < run.pfn + run.pages);
    return hit && Math.max(hit.pfn, pfn);
  }

  /** Gives pages back: cma_release(). */
  release(pfn: Pfn, count: number): void {
    this.#lock();
    this.bitmap.clear(pfn - this.basePfn, count);
    freeCmaPages(this.#records, pfn, count);
    this.#count({ releasePagesSuccess: this.#record.releasePagesSuccess + count });
  }

  /**
   * Makes just these runs free, and all else taken by nobody that is known: an area as it was seen on a target. The
   * counters stay as they are.
   */
  occupy(free: readonly PfnRange[]): void {
    this.bitmap.leaveClear(free.map(({ pfn, pages }) => ({ start: pfn - this.basePfn, length: pages })));
    drainPerCpuPages(this.#records, this.basePfn);
  }

  /** order_per_bit as debugfs shows it: the field, and behind it the lock, whose two halves count alike. */
  get orderPerBit(): bigint {
    const turns = BigInt((this.#record.locked ?? 0) & 0xffff);
    return ((turns << 16n) | turns) << 32n;
  }

  /** The runs of free pages, as bits from the area's start. */
  freeRuns(): readonly BitRun[] {
    return [...this.bitmap.zeroRuns()];
  }

  /** The runs of pages that an allocation can get: free ones without those that are pinned. */
  movableRuns(): readonly PfnRange[] {
    return withoutPages(this.bitmap.freeFrames(this.basePfn), pinnedPages(this.#records));
  }

  #lock(): void {
    if (!profileIn(this.#records).arch.showsCmaLock) return;
    this.#count({ locked: (this.#record.locked ?? 0) + 1 });
  }

  #isBusy(pfn: Pfn, count: number): boolean {
    if (isPinned(this.#records, pfn, count)) return true;
    return this.#record.overlaps.some((index) => {
      const other = new Cma(this.#records, index);
      const from = Math.max(pfn, other.basePfn) - other.basePfn;
      const to = Math.min(pfn + count, other.basePfn + other.count) - other.basePfn;
      return from < to && other.bitmap.nextSet(from, to) < to;
    });
  }

  #count(change: Partial<CmaRecord>): void {
    Object.assign(this.#record, change);
    this.#records.put(areaKey(this.#index), this.#record);
  }

  /** cma_alloc()'s error line, and cma_debug_show_areas(). */
  #reportFailure(count: bigint, printk: Printk, busy: boolean): void {
    const { linux, config } = profileIn(this.#records);
    const { log } = linux;
    if (count > BigInt(this.count) && !linux.cmaTooLarge.told) return;
    const { site, line } = log.cmaAllocFailed(this.name, count, busy);
    if (site === undefined) printk.print(...line);
    else printk.printRatelimited(site, ...line);
    this.#lock();
    const runs = this.freeRuns();
    const free = runs.reduce((sum, run) => sum + run.length, 0);
    for (const told of log.cmaFree(runs, free, this.count, config)) printk.print(...told);
  }
}
