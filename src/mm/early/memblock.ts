/**
 * The early allocator: two sorted arrays of ranges, memory and reserved. Models mm/memblock.c (Linux 7.3).
 *
 *   memory    [............][nomap][..............]          [........]
 *   reserved     [####]                     [####]
 *   free      [.]      [...]       [........]                [........]
 */
import type { Geometry } from '../../profile/geometry.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { formatRange, rangeEnd, rangesOverlap, roundDown, roundUp, U64_MASK } from '../../units.ts';

export interface MemblockRegion extends PhysRange {
  /** MEMBLOCK_NOMAP: no page table entry, not given to the page allocator. */
  readonly nomap: boolean;
  /** MEMBLOCK_RSRV_KERN: reserved by an allocation of the kernel itself, not for somebody else. */
  readonly kern?: true;
}

/** The kernel died while booting. The message is what follows `Kernel panic - not syncing: `. */
export class KernelPanic extends Error {
  /** Of what, with its numbers: one sentence of ours. */
  readonly because: string;
  /** The /reserved-memory child that it is about, by name. */
  node: string | undefined;

  constructor(message: string, because: string, node?: string) {
    super(message);
    this.name = 'KernelPanic';
    this.because = because;
    this.node = node;
  }
}

/** An array had no room, of which older kernels do not die. */
class ArrayFull extends Error {}

/** One of memblock's two arrays: struct memblock_type. */
class MemblockType {
  readonly name: string;
  readonly #whenFull: 'panics' | 'fails';
  /** How many ranges fit. */
  max: number;
  /** Sorted, disjoint; neighbours that touch and have the same flag are merged. */
  regions: MemblockRegion[] = [];

  constructor(name: string, max: number, whenFull: 'panics' | 'fails') {
    this.name = name;
    this.max = max;
    this.#whenFull = whenFull;
  }

  /** Adds a range; what is there already stays: memblock_add_range(). */
  add(base: PhysAddr, size: PhysAddr, flags: Pick<MemblockRegion, 'kern'> = {}): void {
    const end = base + size;
    const parts: MemblockRegion[] = [];
    let cursor = base;
    for (const region of this.regions) {
      if (region.base >= end) break;
      if (rangeEnd(region) <= cursor) continue;
      if (region.base > cursor)
        parts.push({ base: cursor, size: region.base - cursor, nomap: false, ...flags });
      cursor = rangeEnd(region);
    }
    if (cursor < end) parts.push({ base: cursor, size: end - cursor, nomap: false, ...flags });
    // Room is asked for before neighbours merge.
    if (this.regions.length + parts.length > this.max) this.#cannotResize(base, size);
    this.#replace([...this.regions, ...parts]);
  }

  /** Takes a range out: memblock_remove_range(). */
  remove(base: PhysAddr, size: PhysAddr): void {
    const end = base + size;
    this.#replace(this.#isolate(base, size).filter((r) => !(r.base >= base && rangeEnd(r) <= end)));
  }

  /** Sets or clears the no-map flag of a range: memblock_setclr_flag(). */
  setNomap(base: PhysAddr, size: PhysAddr, nomap: boolean): void {
    const end = base + size;
    this.#replace(
      this.#isolate(base, size).map((r) => (r.base >= base && rangeEnd(r) <= end ? { ...r, nomap } : r)),
    );
  }

  /** Splits regions at both ends of a range, which may need two more: memblock_isolate_range(). */
  #isolate(base: PhysAddr, size: PhysAddr): MemblockRegion[] {
    if (this.regions.length + 2 > this.max) this.#cannotResize(base, size);
    const cuts = [base, base + size];
    return this.regions.flatMap((region) => {
      const inside = cuts.filter((cut) => cut > region.base && cut < rangeEnd(region));
      const edges = [region.base, ...inside, rangeEnd(region)];
      return edges.slice(1).map((edge, i) => {
        const from = edges[i] ?? edge;
        return { ...region, base: from, size: edge - from };
      });
    });
  }

  /** memblock_merge_regions(). */
  #replace(regions: MemblockRegion[]): void {
    const merged: MemblockRegion[] = [];
    for (const region of regions.sort((a, b) => (a.base < b.base ? -1 : 1))) {
      const last = merged.at(-1);
      if (last !== undefined && rangeEnd(last) === region.base && sameFlags(last, region)) {
        merged[merged.length - 1] = { ...last, size: last.size + region.size };
      } else {
        merged.push(region);
      }
    }
    this.regions = merged;
  }

  /** The arrays are in the kernel image this early: memblock_double_array(). */
  #cannotResize(base: PhysAddr, size: PhysAddr): never {
    if (this.#whenFull === 'fails') throw new ArrayFull();
    throw new KernelPanic(
      `memblock: cannot resize ${this.name} array`,
      `memblock's ${this.name} array has room for ${this.max} ranges and holds ${this.regions.length}, too many to take in ${formatRange({ base, size })} this early`,
    );
  }
}

const sameFlags = (a: MemblockRegion, b: MemblockRegion): boolean => a.nomap === b.nomap && a.kern === b.kern;

/** Where to look, and from which end. */
export interface Placement {
  /** The lowest address that is taken. */
  readonly start: PhysAddr;
  /** The end, exclusive; absent, 0 or 1: no bound. */
  readonly end?: PhysAddr;
  readonly bottomUp?: boolean;
}

const INIT_MEMBLOCK_REGIONS = 128;
const INIT_MEMBLOCK_MEMORY_REGIONS_EFI = 1024;

export class Memblock {
  /** The kernel's pages: RAM is whole ones. */
  readonly geometry: Geometry;
  readonly #physMax: PhysAddr;
  readonly #memory: MemblockType;
  readonly #reserved: MemblockType;

  /**
   * @param efi whether the memory array has the room that EFI boots get
   * @param whenFull what becomes of a kernel whose array is full
   * @param physMax the highest address: PHYS_ADDR_MAX
   */
  constructor(
    geometry: Geometry,
    efi: boolean,
    whenFull: 'panics' | 'fails' = 'panics',
    physMax: PhysAddr = U64_MASK,
  ) {
    this.geometry = geometry;
    this.#physMax = physMax;
    const memory = efi ? INIT_MEMBLOCK_MEMORY_REGIONS_EFI : INIT_MEMBLOCK_REGIONS;
    this.#memory = new MemblockType('memory', memory, whenFull);
    this.#reserved = new MemblockType('reserved', INIT_MEMBLOCK_REGIONS, whenFull);
  }

  get memory(): readonly MemblockRegion[] {
    return this.#memory.regions;
  }

  get reserved(): readonly MemblockRegion[] {
    return this.#reserved.regions;
  }

  /** Registers RAM, whole pages of it: early_init_dt_add_memory_arch(). */
  addMemory(range: PhysRange): void {
    const { page } = this.geometry;
    const base = roundUp(range.base, page);
    const end = roundDown(rangeEnd(this.#capped(range)), page);
    if (end > base) this.#memory.add(base, end - base);
  }

  removeMemory(range: PhysRange): void {
    const { base, size } = this.#capped(range);
    if (size > 0n) this.#memory.remove(base, size);
  }

  /** memblock_reserve(). @returns whether there was room for it in the array */
  reserve(range: PhysRange): boolean {
    const { base, size } = this.#capped(range);
    return size === 0n || fits(() => this.#reserved.add(base, size));
  }

  /** memblock_reserve_kern(). */
  #reserveKern(base: PhysAddr, size: PhysAddr): void {
    if (size > 0n) this.#reserved.add(base, size, { kern: true });
  }

  /** memblock_phys_free(). */
  free(range: PhysRange): void {
    const { base, size } = this.#capped(range);
    if (size > 0n) this.#reserved.remove(base, size);
  }

  /** memblock_mark_nomap() and memblock_clear_nomap(). @returns whether there was room for it in the array */
  markNomap(range: PhysRange, nomap: boolean): boolean {
    const { base, size } = this.#capped(range);
    return size === 0n || fits(() => this.#memory.setNomap(base, size, nomap));
  }

  /** From here on the arrays grow when they must: memblock_allow_resize(). */
  allowResize(): void {
    this.#memory.max = Number.POSITIVE_INFINITY;
    this.#reserved.max = Number.POSITIVE_INFINITY;
  }

  /** memblock_is_region_reserved(). */
  isRegionReserved = (range: PhysRange): boolean => this.reserved.some((r) => rangesOverlap(r, range));

  /** memblock_overlaps_region() on memory. */
  overlapsMemory = (range: PhysRange): boolean => this.memory.some((r) => rangesOverlap(r, range));

  /** Whether the byte at `address` is RAM with a page table entry: memblock_is_map_memory(). */
  isMapMemory = (address: PhysAddr): boolean =>
    this.memory.some((r) => !r.nomap && address >= r.base && address < rangeEnd(r));

  /** memblock_start_of_DRAM(); 0 without any. */
  get startOfDram(): PhysAddr {
    return this.memory[0]?.base ?? 0n;
  }

  /** memblock_end_of_DRAM(); 0 without any. */
  get endOfDram(): PhysAddr {
    const last = this.memory.at(-1);
    return last === undefined ? 0n : rangeEnd(last);
  }

  /** What can be allocated, ascending: memory without no-map, without what is reserved. */
  freeRanges(): PhysRange[] {
    const free: PhysRange[] = [];
    // The first reserved range that may still matter: both arrays ascend.
    let first = 0;
    for (const region of this.memory) {
      if (region.nomap) continue;
      let cursor = region.base;
      for (let i = first; i < this.reserved.length; i++) {
        const taken = this.reserved[i];
        if (taken === undefined || taken.base >= rangeEnd(region)) break;
        if (rangeEnd(taken) <= cursor) {
          first = i + 1;
          continue;
        }
        if (taken.base > cursor) free.push({ base: cursor, size: taken.base - cursor });
        cursor = rangeEnd(taken);
      }
      if (cursor < rangeEnd(region)) free.push({ base: cursor, size: rangeEnd(region) - cursor });
    }
    return free;
  }

  /**
   * Finds room without taking it: memblock_find_in_range_node(). Nothing, 0 bytes, fits at the edge of a
   * free range.
   *
   * @returns the address, or `undefined` when nothing fits
   */
  find(size: PhysAddr, align: PhysAddr, where: Placement): PhysAddr | undefined {
    // The first page is never handed out.
    const { page } = this.geometry;
    const low = clamp(where.start, page, this.#physMax);
    // MEMBLOCK_ALLOC_ACCESSIBLE and MEMBLOCK_ALLOC_NOLEAKTRACE are ends, and mean that there is none.
    const end = where.end === 0n || where.end === 1n ? undefined : where.end;
    const high = clamp(end ?? this.#physMax, low, this.#physMax);
    const free = this.freeRanges();
    if (where.bottomUp !== true) free.reverse();
    for (const range of free) {
      const base = clamp(range.base, low, high);
      const end = clamp(rangeEnd(range), low, high);
      if (where.bottomUp === true) {
        const candidate = maskUp(base, align);
        // 0 after wrapping around is the kernel's "not found".
        if (candidate !== 0n && candidate < end && end - candidate >= size) return candidate;
      } else if (end >= size) {
        const candidate = maskDown(end - size, align);
        if (candidate >= base) return candidate;
      }
    }
    return undefined;
  }

  /** A range that does not wrap at the highest address: memblock_cap_size(). */
  #capped({ base, size }: PhysRange): PhysRange {
    return { base, size: base + size > this.#physMax ? this.#physMax - base : size };
  }

  /** Finds room and reserves it, if the array has room for that: memblock_alloc_range_nid(). */
  alloc(size: PhysAddr, align: PhysAddr, where: Placement): PhysAddr | undefined {
    const base = this.find(size, align, where);
    return base !== undefined && fits(() => this.#reserveKern(base, size)) ? base : undefined;
  }

  /**
   * Takes `count` pieces of `unit` bytes, each aligned to itself, one by one from the top down, so that
   * small holes fill first.
   *
   * @returns how many found no room
   */
  allocEachTopDown(count: number, unit: bigint): number {
    const { page } = this.geometry;
    let left = BigInt(count);
    for (const range of this.freeRanges().reverse()) {
      if (left === 0n) break;
      const end = roundDown(rangeEnd(range), unit);
      const base = roundUp(clamp(range.base, page, U64_MASK), unit);
      if (end <= base) continue;
      const room = (end - base) / unit;
      const take = room < left ? room : left;
      // The first piece needs a place in the array, and each after it asks for one before it merges.
      this.#reserveKern(end - unit, unit);
      this.#reserveKern(end - take * unit, (take - 1n) * unit);
      left -= take;
    }
    return Number(left);
  }
}

/**
 * round_down() and round_up() of the kernel, which mask: an `alignment` that is no power of two gives the
 * same odd places here as there.
 */
const maskDown = (value: bigint, align: bigint): bigint => value & ~(align - 1n);
const maskUp = (value: bigint, align: bigint): bigint => (((value - 1n) | (align - 1n)) + 1n) & U64_MASK;

/** Whether an array had room for what `change` does. */
function fits(change: () => void): boolean {
  try {
    change();
    return true;
  } catch (error) {
    if (error instanceof ArrayFull) return false;
    throw error;
  }
}

const clamp = (value: bigint, low: bigint, high: bigint): bigint =>
  value < low ? low : value > high ? high : value;
