/**
 * The CPU's data cache over physical memory, for devices that do not snoop it. Models what arm64 does in
 * arch/arm64/mm/cache.S: dcache_clean_poc(), dcache_inval_poc() (Linux 7.3) and what the hardware does
 * between them.
 *
 * Lines belong to physical memory, not to buffers. Nothing is evicted unless `evict` is called: a real
 * cache may write back a dirty line or forget a clean one at any time, so what is found here without
 * evictions is the luckiest case. Tasks share one cache: CPUs are coherent with one another.
 *
 *   CPU  ── load, store ──►  line  ◄── coherentRead, coherentWrite ── device that snoops
 *                             │ ▲
 *        clean, evict: write  │ │  load, store: fill
 *                             ▼ │
 *   device ── deviceRead, deviceWrite ──►  memory
 *
 * Each byte of a line may be dirty (the CPU wrote it, memory does not have it) and stale (a device wrote
 * memory after the line was filled and after the CPU wrote); a byte that is both was written by the CPU
 * first. Dirty and not stale: the cache has the newest byte. Stale: memory has it. Neither: both do, so that
 * a line without marks needs no bytes of its own: they are copied from memory before it first differs.
 */
import type { Records } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import type { PhysMemory } from '../phys-memory.ts';
import { WriteBatch } from '../write-batch.ts';
import { type ByteMark, clearMarks, marksWithin, marksWithout, setMark } from './byte-marks.ts';
import type { CachePage, LineRun, PagePart } from './cache-pages.ts';
import {
  CachePages,
  dataOf,
  dirtyLines,
  dropLines,
  FRAME_BYTES,
  frameAddress,
  LINE_BYTES,
  lineOf,
  lineRuns,
  markedLines,
  pageParts,
  presentLine,
} from './cache-pages.ts';
import type { Accessor, Hazard, HazardCause } from './hazard.ts';
import { HazardList } from './hazard.ts';

export class DataCache {
  readonly #memory: PhysMemory;
  readonly #pages: CachePages;
  readonly #isShared: (address: PhysAddr) => boolean;

  /** @param isShared whether real programs map the memory at an address */
  constructor(records: Records, memory: PhysMemory, isShared: (address: PhysAddr) => boolean = () => false) {
    this.#memory = memory;
    this.#pages = new CachePages(records);
    this.#isShared = isShared;
  }

  /** Whether the CPU's accesses must go through here; if not, memory alone has the truth. */
  get active(): boolean {
    const state = this.#pages.state;
    return state.enabled || state.pages > 0;
  }

  /** From here on accesses fill lines: a device that does not snoop has come. */
  enable(): void {
    this.#pages.enable(true);
  }

  /** The CPU reads; lines that are missing are filled. Stale bytes are a stale-read. */
  load(address: PhysAddr, into: Uint8Array, by: Accessor): readonly Hazard[] {
    const found = new HazardList();
    const fill = this.#pages.state.enabled;
    this.#memory.read(address, into);
    for (const part of pageParts(address, into.length)) {
      const cached = this.#pages.get(part.pfn);
      if (cached !== undefined) {
        const marked = markedLines(cached);
        const target = into.subarray(part.done, part.done + part.end - part.start);
        if (!this.#isSharedPage(part.pfn)) overlay(cached, part, target, (line) => marked[line] === 1);
        this.#reportStale(found, cached, part, by);
      }
      if (!fill) continue;
      const page = cached ?? this.#pages.make();
      const [first, end] = [lineOf(part.start), lineOf(part.end - 1) + 1];
      if (!page.lines.subarray(first, end).includes(0)) continue;
      page.lines.fill(1, first, end);
      this.#pages.save(part.pfn, page);
    }
    return found.hazards;
  }

  /** The CPU writes, into lines that are filled first where it writes a part of them (write-allocate). */
  store(address: PhysAddr, from: Uint8Array, by: Accessor): readonly Hazard[] {
    const allocate = this.#pages.state.enabled;
    for (const part of pageParts(address, from.length)) {
      const bytes = from.subarray(part.done, part.done + part.end - part.start);
      const cached = this.#pages.get(part.pfn);
      if (allocate || cached !== undefined) {
        this.#storePage(part, bytes, cached ?? this.#pages.make(), allocate, by);
      } else {
        this.#memory.write(frameAddress(part.pfn) + BigInt(part.start), bytes);
      }
    }
    return [];
  }

  /** A real program has written to shared memory, which has the bytes. */
  noteStore(address: PhysAddr, length: number, by: Accessor): void {
    const allocate = this.#pages.state.enabled;
    for (const part of pageParts(address, length)) {
      const cached = this.#pages.get(part.pfn);
      if (!allocate && cached === undefined) continue;
      const page = cached ?? this.#pages.make();
      if (allocate) page.lines.fill(1, lineOf(part.start), lineOf(part.end - 1) + 1);
      this.#markStored(part, page, by);
      this.#pages.save(part.pfn, page);
    }
  }

  /** Marks what of a store lies in lines that are present: the cache has the newest bytes. */
  #markStored({ start, end }: PagePart, page: CachePage, by: Accessor): void {
    for (const run of lineRuns(lineOf(start), lineOf(end - 1) + 1, (line) => page.lines[line] === 1)) {
      if (!run.is) continue;
      const from = Math.max(start, run.first * LINE_BYTES);
      const to = Math.min(end, run.end * LINE_BYTES);
      page.dirty = setMark(page.dirty, { start: from, end: to, by });
      page.stale = clearMarks(page.stale, from, to);
    }
  }

  #storePage(part: PagePart, bytes: Uint8Array, page: CachePage, allocate: boolean, by: Accessor): void {
    const first = lineOf(part.start);
    const end = lineOf(part.end - 1) + 1;
    if (allocate) page.lines.fill(1, first, end);
    if (this.#isSharedPage(part.pfn)) {
      this.#memory.write(frameAddress(part.pfn) + BigInt(part.start), bytes);
      this.#markStored(part, page, by);
      this.#pages.save(part.pfn, page);
      return;
    }
    // Lines that are overwritten as a whole need no bytes of memory.
    if (part.start % LINE_BYTES !== 0) this.#takeBytes(part.pfn, page, first, first + 1);
    if (part.end % LINE_BYTES !== 0) this.#takeBytes(part.pfn, page, end - 1, end);
    for (const run of lineRuns(first, end, (line) => page.lines[line] === 1)) {
      const start = Math.max(part.start, run.first * LINE_BYTES);
      const stop = Math.min(part.end, run.end * LINE_BYTES);
      const piece = bytes.subarray(start - part.start, stop - part.start);
      if (run.is) dataOf(page).set(piece, start);
      else this.#memory.write(frameAddress(part.pfn) + BigInt(start), piece);
    }
    this.#markStored(part, page, by);
    this.#pages.save(part.pfn, page);
  }

  /**
   * Writes dirty lines back, whole lines, and keeps them: dcache_clean_poc(). A device's newer bytes under
   * such a line are lost.
   */
  clean(address: PhysAddr, length: bigint, by: Accessor): readonly Hazard[] {
    const found = new HazardList();
    const writes = new WriteBatch(this.#memory);
    for (const { pfn, page, start, end } of this.#pages.markedParts(address, length)) {
      if (page.dirty.length === 0) continue;
      const dirty = dirtyLines(page);
      let changed = false;
      for (const run of lineRuns(lineOf(start), lineOf(end - 1) + 1, (line) => dirty[line] === 1)) {
        if (!run.is) continue;
        this.#writeBack(found, writes, pfn, page, run, by);
        changed = true;
      }
      if (changed) this.#pages.save(pfn, page);
    }
    writes.flush();
    return found.hazards;
  }

  /**
   * Drops lines, dirty ones as well, which loses what the CPU wrote: dcache_inval_poc(). A line that the
   * range covers in part is written back before.
   */
  invalidate(address: PhysAddr, length: bigint, by: Accessor): readonly Hazard[] {
    const found = new HazardList();
    const writes = new WriteBatch(this.#memory);
    for (const { pfn, page, start, end } of this.#pages.cachedParts(address, length)) {
      const first = lineOf(start);
      const last = lineOf(end - 1);
      // The lines that the range covers in part: at most the first and the last.
      const inPart = new Set<number>();
      if (start % LINE_BYTES !== 0) inPart.add(first);
      if (end % LINE_BYTES !== 0) inPart.add(last);
      if (inPart.size > 0) {
        const dirty = dirtyLines(page);
        for (const line of inPart) {
          if (dirty[line] === 1) {
            this.#writeBack(found, writes, pfn, page, { first: line, end: line + 1 }, by);
          }
        }
      }
      const lost = marksWithin(page.dirty, first * LINE_BYTES, (last + 1) * LINE_BYTES);
      for (const mark of marksWithout(lost, page.stale)) {
        found.add(lostWrite('dirty-line-invalidated', pfn, mark, by));
      }
      dropLines(page, first, last + 1);
      this.#pages.save(pfn, page);
    }
    writes.flush();
    return found.hazards;
  }

  /** A device that does not snoop reads memory. Bytes that are newer in the cache are a stale-read. */
  deviceRead(address: PhysAddr, into: Uint8Array, by: Accessor): readonly Hazard[] {
    this.#memory.read(address, into);
    const found = new HazardList();
    for (const { pfn, page, start, end } of this.#pages.markedParts(address, BigInt(into.length))) {
      for (const mark of marksWithout(marksWithin(page.dirty, start, end), page.stale)) {
        found.add(staleRead('line-not-cleaned', pfn, mark, by));
      }
    }
    return found.hazards;
  }

  /** A device that does not snoop writes memory; lines that are present become stale. */
  deviceWrite(address: PhysAddr, from: Uint8Array, by: Accessor): readonly Hazard[] {
    const parts = [...this.#pages.cachedParts(address, BigInt(from.length))];
    for (const { pfn, page, start, end } of parts) {
      this.#takeBytes(pfn, page, lineOf(start), lineOf(end - 1) + 1);
    }
    this.#memory.write(address, from);
    for (const { pfn, page, start, end } of parts) {
      const dirty = dirtyLines(page);
      const state = (line: number) => (page.lines[line] === 1 ? 1 + (dirty[line] ?? 0) : 0);
      for (const run of lineRuns(lineOf(start), lineOf(end - 1) + 1, state)) {
        if (run.is === 0) continue;
        const from = Math.max(start, run.first * LINE_BYTES);
        const to = Math.min(end, run.end * LINE_BYTES);
        const mark: ByteMark = { start: from, end: to, by };
        page.stale = setMark(page.stale, run.is === 2 ? { ...mark, overDirty: true } : mark);
      }
      this.#pages.save(pfn, page);
    }
    return [];
  }

  /**
   * A cache-coherent device reads: dirty lines answer, else memory. It is told stale bytes only where a
   * device that does not snoop wrote under a dirty line.
   */
  coherentRead(address: PhysAddr, into: Uint8Array, by: Accessor): readonly Hazard[] {
    this.#memory.read(address, into);
    const found = new HazardList();
    for (const part of this.#pages.markedParts(address, BigInt(into.length))) {
      const { pfn, page, start, end, done } = part;
      const dirty = dirtyLines(page);
      const target = into.subarray(done, done + end - start);
      if (!this.#isSharedPage(pfn)) overlay(page, part, target, (line) => dirty[line] === 1);
      for (const run of lineRuns(lineOf(start), lineOf(end - 1) + 1, (line) => dirty[line] === 1)) {
        if (!run.is) continue;
        const from = Math.max(start, run.first * LINE_BYTES);
        const to = Math.min(end, run.end * LINE_BYTES);
        this.#reportStale(found, page, { ...part, start: from, end: to }, by);
      }
    }
    return found.hazards;
  }

  /** A cache-coherent device writes: memory has the bytes, and so have lines that are present. */
  coherentWrite(address: PhysAddr, from: Uint8Array, _by: Accessor): readonly Hazard[] {
    this.#memory.write(address, from);
    for (const { pfn, page, start, end, done } of this.#pages.markedParts(address, BigInt(from.length))) {
      page.data?.set(from.subarray(done, done + end - start), start);
      page.dirty = clearMarks(page.dirty, start, end);
      page.stale = clearMarks(page.stale, start, end);
      this.#pages.save(pfn, page);
    }
    return [];
  }

  /**
   * What a cache of limited size does by itself: as lines come, others go, dirty ones to memory.
   *
   * @param random numbers in [0, 1): for each line that comes one that says whether another goes, and if so two
   * that choose its page and the line in it
   * @param lines how many lines come
   * @param chance how likely another goes for each of them, 0 to 1
   */
  evict(random: () => number, lines: number, chance: number): readonly Hazard[] {
    const { pages } = this.#pages.state;
    const going: { readonly rank: number; readonly line: number }[] = [];
    for (let i = 0; i < lines; i++) {
      if (random() < chance) going.push({ rank: Math.floor(random() * pages), line: random() });
    }
    if (going.length === 0 || pages === 0) return [];
    going.sort((a, b) => a.rank - b.rank);
    const found = new HazardList();
    const writes = new WriteBatch(this.#memory);
    const placesByPage = new Map<number, number[]>();
    for (const [i, pfn] of this.#pages.atRanks(going.map(({ rank }) => rank)).entries()) {
      const places = placesByPage.get(pfn) ?? [];
      placesByPage.set(pfn, places);
      places.push(going[i]?.line ?? 0);
    }
    for (const [pfn, places] of placesByPage) this.#evictFrom(found, writes, pfn, places);
    writes.flush();
    return found.hazards;
  }

  /** Lets lines of a page go. @param places of the lines among those that are present, in [0, 1) */
  #evictFrom(found: HazardList, writes: WriteBatch, pfn: number, places: readonly number[]): void {
    const page = this.#pages.get(pfn);
    if (page === undefined) return;
    for (const place of places) {
      const line = presentLine(page, place);
      if (line === undefined) break;
      const run = { first: line, end: line + 1 };
      if (dirtyLines(page)[line] === 1) this.#writeBack(found, writes, pfn, page, run);
      dropLines(page, run.first, run.end);
    }
    this.#pages.save(pfn, page);
  }

  /** Gives memory the newest bytes, because it is about to be shared; the lines keep their marks, and no bytes. */
  share(address: PhysAddr, length: bigint): void {
    for (const { pfn, page } of this.#pages.markedParts(address, length)) {
      for (const { start, end } of marksWithout(page.dirty, page.stale)) {
        this.#memory.write(frameAddress(pfn) + BigInt(start), dataOf(page).subarray(start, end));
      }
      delete page.data;
      this.#pages.save(pfn, page);
    }
  }

  /** Forgets the lines of whole pages that were zeroed in memory and get a new owner. */
  drop(address: PhysAddr, length: bigint): void {
    for (const { pfn, page, start, end } of this.#pages.cachedParts(address, length)) {
      dropLines(page, lineOf(start), lineOf(end - 1) + 1);
      this.#pages.save(pfn, page);
    }
  }

  /**
   * No device is left that does not snoop: dirty lines go to memory, and lines that memory equals are
   * forgotten, which no CPU can tell. Lines that differ stay, because the CPU still reads them.
   *
   * @returns the device's bytes that the dirty lines replaced, as for `evict`
   */
  settle(): readonly Hazard[] {
    this.#pages.enable(false);
    const found = new HazardList();
    const writes = new WriteBatch(this.#memory);
    const memory = new Uint8Array(FRAME_BYTES);
    for (const [pfn, page] of this.#pages.all()) {
      const dirty = dirtyLines(page);
      for (const run of lineRuns(0, dirty.length, (line) => dirty[line] === 1)) {
        if (run.is) this.#writeBack(found, writes, pfn, page, run);
      }
      const marked = markedLines(page);
      const isShared = this.#isSharedPage(pfn);
      if (!isShared && marked.includes(1)) this.#memory.read(frameAddress(pfn), memory);
      const differs = (line: number) =>
        marked[line] === 1 && (isShared || !lineEquals(dataOf(page), memory, line));
      for (const run of lineRuns(0, page.lines.length, differs)) {
        if (!run.is) dropLines(page, run.first, run.end);
      }
      this.#pages.save(pfn, page);
    }
    writes.flush();
    return found.hazards;
  }

  /** Gives the lines of `[first, end)` that are present bytes of their own: what memory has before it changes. */
  #takeBytes(pfn: number, page: CachePage, first: number, end: number): void {
    if (this.#isSharedPage(pfn)) return;
    const marked = markedLines(page);
    for (const run of lineRuns(first, end, (line) => page.lines[line] === 1 && marked[line] === 0)) {
      if (!run.is) continue;
      const start = run.first * LINE_BYTES;
      this.#memory.read(
        frameAddress(pfn) + BigInt(start),
        dataOf(page).subarray(start, run.end * LINE_BYTES),
      );
    }
  }

  /**
   * Writes a run of dirty lines to memory, all of it.
   *
   * @param by who asked for it; without, the lines go by themselves, and who wrote to them is to blame
   */
  #writeBack(
    found: HazardList,
    writes: WriteBatch,
    pfn: number,
    page: CachePage,
    run: LineRun,
    by?: Accessor,
  ): void {
    const from = run.first * LINE_BYTES;
    const to = run.end * LINE_BYTES;
    if (page.stale.length > 0) {
      for (let line = run.first; line < run.end; line++) this.#reportOverwritten(found, pfn, page, line, by);
      page.stale = clearMarks(page.stale, from, to);
    }
    if (!this.#isSharedPage(pfn)) {
      writes.add(frameAddress(pfn) + BigInt(from), dataOf(page).subarray(from, to));
    }
    page.dirty = clearMarks(page.dirty, from, to);
  }

  #reportOverwritten(found: HazardList, pfn: number, page: CachePage, line: number, by?: Accessor): void {
    const from = line * LINE_BYTES;
    const to = from + LINE_BYTES;
    const culprit = by ?? marksWithin(page.dirty, from, to)[0]?.by;
    if (culprit === undefined) return;
    for (const mark of marksWithin(page.stale, from, to)) {
      const dirty = mark.overDirty === true;
      found.add({ ...lostWrite('line-written-back', pfn, mark, culprit), dirty });
    }
  }

  #isSharedPage(pfn: number): boolean {
    return this.#isShared(frameAddress(pfn));
  }

  #reportStale(found: HazardList, page: CachePage, part: PagePart, by: Accessor): void {
    for (const mark of marksWithin(page.stale, part.start, part.end)) {
      const dirty = mark.overDirty === true;
      found.add({ ...staleRead('line-not-invalidated', part.pfn, mark, by), dirty });
    }
  }
}

/** Bytes of a mark were read stale by `victim`. */
const staleRead = (cause: HazardCause, pfn: number, mark: ByteMark, victim: Accessor): Hazard => ({
  kind: 'stale-read',
  cause,
  address: frameAddress(pfn) + BigInt(mark.start),
  length: BigInt(mark.end - mark.start),
  victim,
  culprit: mark.by,
});

/** Bytes of a mark are lost because of `culprit`. */
const lostWrite = (cause: HazardCause, pfn: number, mark: ByteMark, culprit: Accessor): Hazard => ({
  ...staleRead(cause, pfn, mark, mark.by),
  kind: 'lost-write',
  culprit,
});

function lineEquals(a: Uint8Array, b: Uint8Array, line: number): boolean {
  const end = (line + 1) * LINE_BYTES;
  for (let i = line * LINE_BYTES; i < end; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Puts the bytes of chosen lines over what memory gave. */
function overlay(page: CachePage, part: PagePart, into: Uint8Array, chosen: (line: number) => boolean): void {
  for (const run of lineRuns(lineOf(part.start), lineOf(part.end - 1) + 1, chosen)) {
    if (!run.is) continue;
    const start = Math.max(part.start, run.first * LINE_BYTES);
    const end = Math.min(part.end, run.end * LINE_BYTES);
    into.set(dataOf(page).subarray(start, end), start - part.start);
  }
}
