/**
 * Where the cache's lines are kept, so that maintenance of a large buffer costs what of it is cached, and little
 * where cache and memory agree:
 *
 * ```
 *   bitmap of the pages with lines         ..1111111111......
 *   bitmap of those that memory equals     ..1111..11........   all lines present, no marks: no record
 *   a record for each of the others              ^^  ^^
 * ```
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PhysAddr } from '../../units.ts';
import { Bitmap } from '../alloc/bitmap.ts';
import { type ByteMark, clearMarks } from './byte-marks.ts';

/**
 * Lines are kept by frames of 4 KiB, whatever the kernel's pages: a cache knows nothing of those, and so a session
 * of any kernel costs the same.
 */
export const FRAME_BYTES = 4096;
const frameOf = (address: PhysAddr): Pfn => Number(address >> 12n);
/** The address of a frame's first byte. */
export const frameAddress = (frame: Pfn): PhysAddr => BigInt(frame) << 12n;

/** A cache line of arm64's usual cores; CTR_EL0 tells the real one. */
export const LINE_BYTES = 64;
const LINES_PER_PAGE = FRAME_BYTES / LINE_BYTES;

/** Frames of a 52-bit physical address space. */
const MAX_PFN = 2 ** 40;

/** The lines of one page, as a record. A byte that has no mark is the same in memory. */
export interface CachePage {
  /** 1 for each line that is present. */
  readonly lines: Uint8Array;
  /** A page of bytes, which count in the lines that have marks; absent where none has. */
  data?: Uint8Array;
  /** The bytes that the CPU wrote and memory does not have. */
  dirty: readonly ByteMark[];
  /** The bytes that a device has written to memory under a line that is present. */
  stale: readonly ByteMark[];
}

/** Whether accesses fill lines, and how many pages have any, as a record. */
export interface CacheState {
  readonly enabled: boolean;
  readonly pages: number;
}

/** A part of a page, `[start, end)` in it, that stands `done` bytes after the start of an access. */
export interface PagePart {
  readonly pfn: Pfn;
  readonly start: number;
  readonly end: number;
  readonly done: number;
}

export const lineOf = (offset: number): number => Math.floor(offset / LINE_BYTES);

/** How many lines an access touches. */
export const linesTouched = (address: bigint, length: number): number =>
  Math.ceil((Number(address % BigInt(LINE_BYTES)) + length) / LINE_BYTES);

/** The parts of the pages that an access touches. */
export function* pageParts(address: PhysAddr, length: number): Iterable<PagePart> {
  let pfn = frameOf(address);
  let start = Number(address - frameAddress(pfn));
  for (let done = 0; done < length; pfn++, start = 0) {
    const end = Math.min(FRAME_BYTES, start + length - done);
    yield { pfn, start, end, done };
    done += end - start;
  }
}

const NO_LINES = new Uint8Array(LINES_PER_PAGE);

function linesOf(marks: readonly ByteMark[]): Uint8Array {
  if (marks.length === 0) return NO_LINES;
  const lines = new Uint8Array(LINES_PER_PAGE);
  for (const mark of marks) lines.fill(1, lineOf(mark.start), lineOf(mark.end - 1) + 1);
  return lines;
}

/** 1 for each line with a dirty byte; to be read only. */
export const dirtyLines = (page: CachePage): Uint8Array => linesOf(page.dirty);

/** 1 for each line whose bytes are the page's own and not memory's; to be read only. */
export const markedLines = ({ dirty, stale }: CachePage): Uint8Array =>
  linesOf(stale.length === 0 ? dirty : [...dirty, ...stale]);

/** The page's own bytes, made when first needed. */
export function dataOf(page: CachePage): Uint8Array {
  page.data ??= new Uint8Array(FRAME_BYTES);
  return page.data;
}

/** One of the lines that are present. @param place where among them, 0 up to 1 */
export function presentLine({ lines }: CachePage, place: number): number | undefined {
  let count = 0;
  for (const line of lines) count += line;
  let left = Math.floor(place * count);
  for (let line = 0; line < lines.length; line++) if (lines[line] === 1 && left-- === 0) return line;
  return undefined;
}

/** Takes the lines `[first, end)` out of their page. */
export function dropLines(page: CachePage, first: number, end: number): void {
  page.lines.fill(0, first, end);
  page.dirty = clearMarks(page.dirty, first * LINE_BYTES, end * LINE_BYTES);
  page.stale = clearMarks(page.stale, first * LINE_BYTES, end * LINE_BYTES);
}

/** The lines `[first, end)` of a page. */
export interface LineRun {
  readonly first: number;
  readonly end: number;
}

/** Runs of lines of `[first, end)` about which the same is true. */
export function* lineRuns<T>(
  first: number,
  end: number,
  is: (line: number) => T,
): Iterable<LineRun & { readonly is: T }> {
  for (let line = first; line < end; ) {
    const state = is(line);
    let next = line + 1;
    while (next < end && is(next) === state) next++;
    yield { first: line, end: next, is: state };
    line = next;
  }
}

const STATE = 'cache';
const pageKey = (pfn: Pfn): string => recordKey('cache', 'page', pfn);

export class CachePages {
  readonly #records: Records;
  /** The pages that have lines. */
  readonly #index: Bitmap;
  /** Those of them that have all lines, and no marks. */
  readonly #clean: Bitmap;

  constructor(records: Records) {
    this.#records = records;
    this.#index = new Bitmap(records, recordKey('cache', 'index'), MAX_PFN);
    this.#clean = new Bitmap(records, recordKey('cache', 'clean'), MAX_PFN);
  }

  get state(): CacheState {
    return this.#records.get<CacheState>(STATE) ?? { enabled: false, pages: 0 };
  }

  enable(enabled: boolean): void {
    const state = this.state;
    if (state.enabled !== enabled) this.#records.put<CacheState>(STATE, { ...state, enabled });
  }

  get(pfn: Pfn): CachePage | undefined {
    if (!this.#index.test(pfn)) return undefined;
    return this.#clean.test(pfn) ? this.make(1) : this.#records.get<CachePage>(pageKey(pfn));
  }

  /** A page whose lines are all absent, or all present; it is kept once it is saved. */
  make(line: 0 | 1 = 0): CachePage {
    return { lines: new Uint8Array(LINES_PER_PAGE).fill(line), dirty: [], stale: [] };
  }

  /** Keeps a page; one without lines is forgotten. */
  save(pfn: Pfn, page: CachePage): void {
    const wasPresent = this.#index.test(pfn);
    const wasClean = wasPresent && this.#clean.test(pfn);
    const present = page.lines.includes(1);
    const marked = page.dirty.length > 0 || page.stale.length > 0;
    const clean = present && !marked && !page.lines.includes(0);
    if (!marked) delete page.data;
    if (present && !clean) this.#records.put(pageKey(pfn), page);
    else if (wasPresent && !wasClean) this.#records.delete(pageKey(pfn));
    if (clean !== wasClean) change(this.#clean, pfn, clean);
    if (present === wasPresent) return;
    change(this.#index, pfn, present);
    const state = this.state;
    this.#records.put<CacheState>(STATE, { ...state, pages: state.pages + (present ? 1 : -1) });
  }

  /** The parts of a range whose pages have lines, in order. */
  cachedParts(address: PhysAddr, length: bigint): Iterable<PagePart & { readonly page: CachePage }> {
    return this.#parts(address, length, true);
  }

  /** Those of them that may have marks. */
  markedParts(address: PhysAddr, length: bigint): Iterable<PagePart & { readonly page: CachePage }> {
    return this.#parts(address, length, false);
  }

  *#parts(
    address: PhysAddr,
    length: bigint,
    clean: boolean,
  ): Iterable<PagePart & { readonly page: CachePage }> {
    if (length === 0n || this.state.pages === 0) return;
    const limit = address + length;
    const last = frameOf(limit - 1n);
    let pfn = this.#index.nextSet(frameOf(address), last + 1);
    for (; pfn <= last; pfn = this.#index.nextSet(pfn + 1, last + 1)) {
      const page = clean || !this.#clean.test(pfn) ? this.get(pfn) : undefined;
      if (page === undefined) continue;
      const base = frameAddress(pfn);
      const start = address > base ? Number(address - base) : 0;
      const end = limit - base < BigInt(FRAME_BYTES) ? Number(limit - base) : FRAME_BYTES;
      yield { pfn, page, start, end, done: Number(base - address) + start };
    }
  }

  /** All pages that have lines, in order. */
  *all(): Iterable<readonly [pfn: Pfn, page: CachePage]> {
    if (this.state.pages === 0) return;
    for (const pfn of [...this.#index.ones()]) {
      const page = this.get(pfn);
      if (page !== undefined) yield [pfn, page];
    }
  }

  /** The pages of these ranks among those that have lines: 0 is the lowest. @param ranks ascending */
  atRanks(ranks: readonly number[]): readonly Pfn[] {
    return this.#index.atRanks(ranks);
  }
}

function change(bits: Bitmap, bit: number, value: boolean): void {
  if (value) bits.set(bit, 1);
  else bits.clear(bit, 1);
}
