/**
 * The buddy allocator: free blocks of `1 << order` pages, split and coalesced. Models mm/page_alloc.c
 * (Linux 7.3) over records.
 *
 * Each zone is cut into the memory map's sections; a section's free blocks are one record, so that a call loads
 * and stores the few sections it touches. A block never crosses a section.
 *
 * What the kernel itself holds cannot be moved, and is kept apart: `allocUnmovable` goes on in blocks that it has taken
 * before, and else takes one of the largest (__rmqueue_fallback()), so that the small ones at zones' ends stay.
 *
 * Deviation: of the blocks of one order Linux takes the one freed last, here it is the lowest; watermarks,
 * per-CPU lists and migrate types are not modelled. Which frames an allocation gets depends on all of these,
 * so only their shape is promised (docs/fidelity.md).
 */
import type { Geometry } from '../../profile/geometry.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PfnRange, PhysRange } from '../../units.ts';
import { rangeEnd } from '../../units.ts';
import type { ZoneSpan } from '../early/zones.ts';

/** A zone's summary. */
interface ZoneRecord {
  readonly name: ZoneName;
  /** The frames that it spans. */
  readonly span: PfnRange;
  /** The first section's number. */
  readonly firstSection: number;
  /** What boot left free, whole pages, ascending. */
  readonly boot: readonly PfnRange[];
  /** For each section, bit `order` is set while it has a free block of that order. */
  readonly orders: Uint16Array;
  /** Free blocks of each order: free_area[].nr_free. */
  readonly nrFree: number[];
}

/** A section's free blocks: for each order their first frames, ascending. */
type Section = number[][];

const ZONES = 'buddy/zones';
const zoneKey = (name: ZoneName): string => `buddy/${name}`;
/** Blocks of the largest order that unmovable pages lie in, by their first frames. */
const stolenKey = (name: ZoneName): string => recordKey('buddy', name, 'unmovable');
const sectionKey = (name: ZoneName, section: number): string => recordKey('buddy', name, section);

/** Cuts a run of free frames into the largest aligned blocks: __free_pages_memory(). */
function* blocksOf(run: PfnRange, maxOrder: number): Iterable<readonly [pfn: Pfn, order: number]> {
  const end = run.pfn + run.pages;
  for (let pfn = run.pfn; pfn < end; ) {
    let order = maxOrder;
    while (pfn % 2 ** order !== 0 || pfn + 2 ** order > end) order--;
    yield [pfn, order];
    pfn += 2 ** order;
  }
}

/** The part of a run inside `[from, to)`, if any. */
function clip(run: PfnRange, from: Pfn, to: Pfn): PfnRange | undefined {
  const pfn = Math.max(run.pfn, from);
  const end = Math.min(run.pfn + run.pages, to);
  return end > pfn ? { pfn, pages: end - pfn } : undefined;
}

/** The parts of a run, section by section. */
function* bySection(run: PfnRange, size: number): Iterable<readonly [section: number, part: PfnRange]> {
  const first = Math.floor(run.pfn / size);
  for (let section = first; section * size < run.pfn + run.pages; section++) {
    const part = clip(run, section * size, (section + 1) * size);
    if (part !== undefined) yield [section, part];
  }
}

/** Runs in ascending order, those that touch as one. */
function joined(runs: readonly PfnRange[]): readonly PfnRange[] {
  const all: { pfn: Pfn; pages: number }[] = [];
  for (const { pfn, pages } of [...runs].sort((a, b) => a.pfn - b.pfn)) {
    const last = all.at(-1);
    if (last !== undefined && last.pfn + last.pages === pfn) last.pages += pages;
    else all.push({ pfn, pages });
  }
  return all;
}

/** How many free blocks of each order a set of runs makes. */
export function countBlocks(runs: Iterable<PfnRange>, { maxPageOrder }: Geometry): number[] {
  const counts = new Array<number>(maxPageOrder + 1).fill(0);
  const most = 2 ** maxPageOrder;
  const count = (order: number, blocks: number) => {
    counts[order] = (counts[order] ?? 0) + blocks;
  };
  for (const run of runs) {
    // Blocks of the largest order are counted at once, or 16 TiB would take a second.
    const end = run.pfn + run.pages;
    const first = Math.min(Math.ceil(run.pfn / most) * most, end);
    const last = Math.max(Math.floor(end / most) * most, first);
    count(maxPageOrder, (last - first) / most);
    for (const [, order] of blocksOf({ pfn: run.pfn, pages: first - run.pfn }, maxPageOrder)) count(order, 1);
    for (const [, order] of blocksOf({ pfn: last, pages: end - last }, maxPageOrder)) count(order, 1);
  }
  return counts;
}

/** Gives all memory that boot left free to the zones: memblock_free_all(). */
export function createZones(records: Records, spans: readonly ZoneSpan[], free: readonly PhysRange[]): void {
  const geometry = geometryOf(records);
  const { maxPageOrder, pagesPerSection, pfnDown, pfnUp } = geometry;
  const runs = free
    .map((r) => ({ pfn: pfnUp(r.base), pages: pfnDown(rangeEnd(r)) - pfnUp(r.base) }))
    .filter((r) => r.pages > 0);
  const names: ZoneName[] = [];
  for (const span of spans) {
    const [from, to] = [pfnDown(span.start), pfnDown(span.end)];
    const boot = runs.map((run) => clip(run, from, to)).filter((run) => run !== undefined);
    names.push(span.name);
    const firstSection = Math.floor(from / pagesPerSection);
    const sections = to > from ? Math.ceil(to / pagesPerSection) - firstSection : 0;
    const orders = new Uint16Array(sections);
    const nrFree = new Array<number>(maxPageOrder + 1).fill(0);
    for (const [section, part] of boot.flatMap((run) => [...bySection(run, pagesPerSection)])) {
      for (const [order, blocks] of countBlocks([part], geometry).entries()) {
        if (blocks === 0) continue;
        orders[section - firstSection] = (orders[section - firstSection] ?? 0) | (1 << order);
        nrFree[order] = (nrFree[order] ?? 0) + blocks;
      }
    }
    records.put<ZoneRecord>(zoneKey(span.name), {
      name: span.name,
      span: { pfn: from, pages: to - from },
      firstSection,
      boot,
      orders,
      nrFree,
    });
  }
  records.put(ZONES, names);
}

/** Pages that a zone's free blocks hold. */
function pagesOf(nrFree: readonly number[]): number {
  let pages = 0;
  let size = 1;
  for (const blocks of nrFree) {
    pages += blocks * size;
    size *= 2;
  }
  return pages;
}

export class PageAllocator {
  readonly #records: Records;
  readonly #maxOrder: number;
  readonly #pagesPerSection: number;

  constructor(records: Records) {
    const { maxPageOrder, pagesPerSection } = geometryOf(records);
    this.#records = records;
    this.#maxOrder = maxPageOrder;
    this.#pagesPerSection = pagesPerSection;
  }

  /** The zones from the bottom up. */
  zones(): readonly ZoneName[] {
    return this.#records.get<ZoneName[]>(ZONES) ?? [];
  }

  /** Free blocks of each order in a zone, without those of CMA areas. */
  nrFree(zone: ZoneName): readonly number[] {
    return this.#zone(zone).nrFree;
  }

  /** Free pages of all zones, without those of CMA areas. */
  freePages(): number {
    return this.zones().reduce((sum, name) => sum + this.freePagesIn(name), 0);
  }

  /** Free pages of a zone, without those of CMA areas. */
  freePagesIn(zone: ZoneName): number {
    return pagesOf(this.#zone(zone).nrFree);
  }

  /** Pages that boot gave to a zone: its managed pages, without those of CMA areas. */
  managedPages(zone: ZoneName): number {
    return this.#zone(zone).boot.reduce((sum, run) => sum + run.pages, 0);
  }

  /** The frames that a zone spans, holes too. */
  zoneSpan(zone: ZoneName): PfnRange {
    return this.#zone(zone).span;
  }

  /** The zone that a frame lies in. */
  zoneOf(pfn: Pfn): ZoneName | undefined {
    return this.zones().find((name) => {
      const { span } = this.#zone(name);
      return pfn >= span.pfn && pfn < span.pfn + span.pages;
    });
  }

  /** The order of the largest free block of some zones, or all; -1 when there is none. */
  largestOrder(zones: readonly ZoneName[] = this.zones()): number {
    return Math.max(...zones.map((z) => this.#zone(z).nrFree.findLastIndex((n) => n > 0)), -1);
  }

  /**
   * Takes a block, from the highest zone that has one: __alloc_frozen_pages_noprof().
   *
   * @param order 0 to MAX_PAGE_ORDER
   * @param from the zone to begin with (what the gfp flags allow), or the highest; below it is tried next
   * @returns the block's first frame, or `undefined` when no zone has room
   */
  alloc(order: number, from: ZoneName = 'HighMem'): Pfn | undefined {
    const names = [...this.zones()].reverse();
    for (const name of names.slice(Math.max(names.indexOf(from), 0))) {
      const pfn = this.#allocInZone(this.#zone(name), order);
      if (pfn !== undefined) return pfn;
    }
    return undefined;
  }

  /**
   * Takes a block that stays where it is, as drivers' are: __rmqueue(), MIGRATE_UNMOVABLE.
   *
   * @param order 0 to MAX_PAGE_ORDER
   * @param from as of `alloc`
   */
  allocUnmovable(order: number, from: ZoneName = 'HighMem'): Pfn | undefined {
    const names = [...this.zones()].reverse();
    for (const name of names.slice(Math.max(names.indexOf(from), 0))) {
      const pfn = this.#allocInStolen(this.#zone(name), order) ?? this.#steal(this.#zone(name), order);
      if (pfn !== undefined) return pfn;
    }
    return undefined;
  }

  /** Takes a block out of those that were taken from movable memory before, the smallest that is large enough. */
  #allocInStolen(zone: ZoneRecord, order: number): Pfn | undefined {
    const stolen = this.#records.get<readonly Pfn[]>(stolenKey(zone.name)) ?? [];
    const most = 2 ** this.#maxOrder;
    for (let size = order; size <= this.#maxOrder; size++) {
      if (zone.nrFree[size] === 0) continue;
      for (const base of stolen) {
        const number = Math.floor(base / this.#pagesPerSection);
        if (((zone.orders[number - zone.firstSection] ?? 0) & (1 << size)) === 0) continue;
        const section = this.#section(zone, number);
        const list = section[size] ?? [];
        const pfn = list[lowerBound(list, base)];
        if (pfn !== undefined && pfn < base + most)
          return this.#split(zone, number, section, pfn, size, order);
      }
    }
    return undefined;
  }

  /** Takes the largest block of a zone, of which the rest is kept for the like. */
  #steal(zone: ZoneRecord, order: number): Pfn | undefined {
    const size = zone.nrFree.findLastIndex((blocks) => blocks > 0);
    if (size < order) return undefined;
    const index = zone.orders.findIndex((orders) => (orders & (1 << size)) !== 0);
    const number = zone.firstSection + index;
    const section = this.#section(zone, number);
    const pfn = section[size]?.[0];
    if (index < 0 || pfn === undefined) throw new Error(`zone ${zone.name}: free lists and summary differ`);
    const base = pfn - (pfn % 2 ** this.#maxOrder);
    const stolen = this.#records.get<readonly Pfn[]>(stolenKey(zone.name)) ?? [];
    if (!stolen.includes(base)) {
      this.#records.put<readonly Pfn[]>(
        stolenKey(zone.name),
        [...stolen, base].sort((a, b) => a - b),
      );
    }
    return this.#split(zone, number, section, pfn, size, order);
  }

  /** Gives a block back and coalesces it with free buddies: __free_one_page(). */
  free(pfn: Pfn, order: number): void {
    const name = this.zoneOf(pfn);
    if (name === undefined) throw new Error(`frame ${pfn} is in no zone`);
    const zone = this.#zone(name);
    const number = Math.floor(pfn / this.#pagesPerSection);
    const section = this.#section(zone, number);
    let [block, size] = [pfn, order];
    while (size < this.#maxOrder) {
      const buddy = block % 2 ** (size + 1) === 0 ? block + 2 ** size : block - 2 ** size;
      if (!this.#take(zone, section, buddy, size)) break;
      block = Math.min(block, buddy);
      size++;
    }
    this.#add(zone, section, block, size);
    this.#store(zone, number, section);
  }

  /** What boot gave to the zones, ascending. */
  managedRuns(): readonly PfnRange[] {
    return joined(this.zones().flatMap((name) => this.#zone(name).boot));
  }

  /** What of it is free, ascending, neighbours joined. */
  freeRuns(): readonly PfnRange[] {
    const runs: PfnRange[] = [];
    for (const name of this.zones()) {
      const zone = this.#zone(name);
      const changed = new Map(this.#changedSections(zone));
      for (const run of zone.boot) {
        for (const [section, part] of bySection(run, this.#pagesPerSection)) {
          if (!changed.has(section)) runs.push(part);
        }
      }
      for (const section of changed.values()) {
        for (const [order, pfns] of section.entries()) {
          for (const pfn of pfns) runs.push({ pfn, pages: 2 ** order });
        }
      }
    }
    return joined(runs);
  }

  /** The sections that somebody has allocated from. */
  #changedSections(zone: ZoneRecord): [number, Section][] {
    return [...zone.orders.keys()].flatMap((at): [number, Section][] => {
      const number = zone.firstSection + at;
      const section = this.#records.get<Section>(sectionKey(zone.name, number));
      return section === undefined ? [] : [[number, section]];
    });
  }

  /** The free runs of all zones, ascending within a zone; for tests and pictures. */
  *freeBlocks(): Iterable<readonly [pfn: Pfn, order: number]> {
    for (const name of this.zones()) {
      const zone = this.#zone(name);
      for (let i = 0; i < zone.orders.length; i++) {
        const section = this.#section(zone, zone.firstSection + i);
        for (const [order, pfns] of section.entries()) for (const pfn of pfns) yield [pfn, order];
      }
    }
  }

  /** Takes the smallest block that is large enough and splits it: __rmqueue_smallest(), expand(). */
  #allocInZone(zone: ZoneRecord, order: number): Pfn | undefined {
    let size = order;
    while (size <= this.#maxOrder && zone.nrFree[size] === 0) size++;
    if (size > this.#maxOrder) return undefined;
    const index = zone.orders.findIndex((orders) => (orders & (1 << size)) !== 0);
    const number = zone.firstSection + index;
    const section = this.#section(zone, number);
    const pfn = section[size]?.[0];
    if (index < 0 || pfn === undefined) throw new Error(`zone ${zone.name}: free lists and summary differ`);
    return this.#split(zone, number, section, pfn, size, order);
  }

  /** Takes a free block and gives back what of it is not wanted: expand(). */
  #split(zone: ZoneRecord, number: number, section: Section, pfn: Pfn, size: number, order: number): Pfn {
    this.#take(zone, section, pfn, size);
    for (let half = size - 1; half >= order; half--) this.#add(zone, section, pfn + 2 ** half, half);
    this.#store(zone, number, section);
    return pfn;
  }

  #zone(name: ZoneName): ZoneRecord {
    const zone = this.#records.get<ZoneRecord>(zoneKey(name));
    if (zone === undefined) throw new Error(`no zone ${name}`);
    return zone;
  }

  /** A section's free blocks; what boot left until it is first changed. */
  #section(zone: ZoneRecord, number: number): Section {
    const stored = this.#records.get<Section>(sectionKey(zone.name, number));
    if (stored !== undefined) return stored;
    const section: Section = Array.from({ length: this.#maxOrder + 1 }, () => []);
    const from = number * this.#pagesPerSection;
    for (const run of zone.boot) {
      const part = clip(run, from, from + this.#pagesPerSection);
      if (part === undefined) continue;
      for (const [pfn, order] of blocksOf(part, this.#maxOrder)) section[order]?.push(pfn);
    }
    return section;
  }

  #store(zone: ZoneRecord, number: number, section: Section): void {
    let mask = 0;
    for (let order = 0; order < section.length; order++) {
      if ((section[order]?.length ?? 0) > 0) mask |= 1 << order;
    }
    zone.orders[number - zone.firstSection] = mask;
    this.#records.put(sectionKey(zone.name, number), section);
    this.#records.put(zoneKey(zone.name), zone);
  }

  /** Takes a block off its list, if it is on it. */
  #take(zone: ZoneRecord, section: Section, pfn: Pfn, order: number): boolean {
    const list = section[order] ?? [];
    const at = lowerBound(list, pfn);
    if (list[at] !== pfn) return false;
    list.splice(at, 1);
    zone.nrFree[order] = (zone.nrFree[order] ?? 0) - 1;
    return true;
  }

  #add(zone: ZoneRecord, section: Section, pfn: Pfn, order: number): void {
    const list = section[order] ?? [];
    list.splice(lowerBound(list, pfn), 0, pfn);
    zone.nrFree[order] = (zone.nrFree[order] ?? 0) + 1;
  }
}

/** The first index in an ascending list whose value is at least `value`. */
function lowerBound(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
