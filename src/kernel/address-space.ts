/**
 * Which addresses of a task are free, and how many areas stand between them. Models struct mm_struct and
 * get_unmapped_area() (mm/mmap.c, Linux 7.3) as far as mappings of dma-bufs go: what a program, its libraries and its stack
 * take is not known, and a task has nothing else.
 */
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import { MiB, roundDown } from '../units.ts';

/** Addresses `[start, end)`. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** sysctl vm.max_map_count: a task has no more areas. Those of its program and stack are not counted here. */
export const MAX_MAP_COUNT = 65530;
/** sysctl vm.mmap_min_addr, with the value that distributions set: below it only the privileged map. */
export const MMAP_MIN_ADDR = 0x10000n;
/** What mmap_base() leaves to a stack at the least. */
const STACK_GAP = 128n * MiB;

interface SpaceRecord {
  /** Ascending; no two of them touch. */
  readonly free: readonly AddressRange[];
  /** Areas that are there: map_count. */
  readonly areas: number;
}

export const lower = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const higher = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const overlaps = (a: AddressRange, b: AddressRange): boolean => a.start < b.end && b.start < a.end;

/** The parts of `from` that lie outside of `cut`. */
function without(from: AddressRange, cut: AddressRange): AddressRange[] {
  if (!overlaps(from, cut)) return [from];
  const parts = [
    { start: from.start, end: cut.start },
    { start: cut.end, end: from.end },
  ];
  return parts.filter(({ start, end }) => start < end);
}

/** The same ranges with one more, joined where they touch. */
function joined(free: readonly AddressRange[], { start, end }: AddressRange): AddressRange[] {
  const apart = free.filter((range) => range.end < start || range.start > end);
  const touching = free.filter((range) => range.end >= start && range.start <= end);
  const all = [...touching, { start, end }];
  const union = {
    start: all.reduce((least, range) => lower(least, range.start), start),
    end: all.reduce((most, range) => higher(most, range.end), end),
  };
  return [...apart, union].sort((a, b) => (a.start < b.start ? -1 : 1));
}

export class AddressSpace {
  readonly #records: Records;
  readonly #task: string;
  readonly #taskSize: bigint;

  /** @param taskSize the end of a task's addresses */
  constructor(records: Records, task: string, taskSize: bigint) {
    this.#records = records;
    this.#task = task;
    this.#taskSize = taskSize;
  }

  /** How many areas there are: map_count. */
  get areas(): number {
    return this.#get().areas;
  }

  /** Whether nothing stands there. */
  isFree({ start, end }: AddressRange): boolean {
    return this.#get().free.some((range) => range.start <= start && end <= range.end);
  }

  /**
   * The highest place with room, as arch_get_unmapped_area_topdown() looks for one.
   *
   * @param length bytes, whole pages
   * @returns its first address, or `undefined` where there is no room
   */
  find(length: bigint): bigint | undefined {
    const base = roundDown(this.#taskSize - STACK_GAP, 1n << 16n);
    for (const range of this.#get().free.toReversed()) {
      const end = lower(range.end, base);
      if (end - range.start >= length) return end - length;
    }
    return undefined;
  }

  /** Puts areas in the place of others. */
  replace(old: readonly AddressRange[], made: readonly AddressRange[]): void {
    const { free, areas } = this.#get();
    let left = old.reduce<readonly AddressRange[]>(joined, free);
    for (const range of made) left = left.flatMap((one) => without(one, range));
    const count = areas - old.length + made.length;
    if (count === 0) this.#records.delete(this.#key);
    else this.#records.put(this.#key, { free: left, areas: count } satisfies SpaceRecord);
  }

  get #key(): string {
    return recordKey('address-space', this.#task);
  }

  #get(): SpaceRecord {
    const known = this.#records.get<SpaceRecord>(this.#key);
    return known ?? { free: [{ start: MMAP_MIN_ADDR, end: this.#taskSize }], areas: 0 };
  }
}
