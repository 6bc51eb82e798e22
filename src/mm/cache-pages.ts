/**
 * Where the cache's lines are kept: one record a page that has any, and a bitmap of those pages, so that
 * maintenance of a large buffer costs what of it is cached.
 */
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import type { Pfn, PhysAddr } from '../units.ts';
import { PAGE_SIZE, pfnDown, pfnPhys } from '../units.ts';
import { Bitmap } from './bitmap.ts';
import { type ByteMark, clearMarks } from './byte-marks.ts';

/** A cache line of arm64's usual cores; CTR_EL0 tells the real one. */
export const LINE_BYTES = 64;
const LINES_PER_PAGE = PAGE_SIZE / LINE_BYTES;

/** Frames of a 52-bit physical address space. */
const MAX_PFN = 2 ** 40;

/** The lines of one page, as a record. */
export interface CachePage {
  /** The bytes of the lines that are present. */
  readonly data: Uint8Array;
  /** 1 for each line that is present. */
  readonly lines: Uint8Array;
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

/** The parts of the pages that an access touches. */
export function* pageParts(address: PhysAddr, length: number): Iterable<PagePart> {
  let pfn = pfnDown(address);
  let start = Number(address - pfnPhys(pfn));
  for (let done = 0; done < length; pfn++, start = 0) {
    const end = Math.min(PAGE_SIZE, start + length - done);
    yield { pfn, start, end, done };
    done += end - start;
  }
}

const NO_LINES = new Uint8Array(LINES_PER_PAGE);

/** 1 for each line with a dirty byte; to be read only. */
export function dirtyLines(page: CachePage): Uint8Array {
  if (page.dirty.length === 0) return NO_LINES;
  const lines = new Uint8Array(page.lines.length);
  for (const mark of page.dirty) lines.fill(1, lineOf(mark.start), lineOf(mark.end - 1) + 1);
  return lines;
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
const PAGES = recordKey('cache', 'page');
const pageKey = (pfn: Pfn): string => recordKey('cache', 'page', pfn);

export class CachePages {
  readonly #records: Records;
  readonly #index: Bitmap;

  constructor(records: Records) {
    this.#records = records;
    this.#index = new Bitmap(records, recordKey('cache', 'index'), MAX_PFN);
  }

  get state(): CacheState {
    return this.#records.get<CacheState>(STATE) ?? { enabled: false, pages: 0 };
  }

  enable(enabled: boolean): void {
    const state = this.state;
    if (state.enabled !== enabled) this.#records.put<CacheState>(STATE, { ...state, enabled });
  }

  get(pfn: Pfn): CachePage | undefined {
    return this.#records.get<CachePage>(pageKey(pfn));
  }

  /** A page without lines; it is kept once it is saved. */
  make(): CachePage {
    return { data: new Uint8Array(PAGE_SIZE), lines: new Uint8Array(LINES_PER_PAGE), dirty: [], stale: [] };
  }

  /** Keeps a page; one without lines is forgotten. */
  save(pfn: Pfn, page: CachePage): void {
    const known = this.#index.test(pfn);
    const empty = !page.lines.includes(1);
    if (!empty) this.#records.put(pageKey(pfn), page);
    else if (known) this.#records.delete(pageKey(pfn));
    if (known !== empty) return;
    if (empty) this.#index.clear(pfn, 1);
    else this.#index.set(pfn, 1);
    const state = this.state;
    this.#records.put<CacheState>(STATE, { ...state, pages: state.pages + (empty ? -1 : 1) });
  }

  /** The parts of a range whose pages have lines, in order. */
  *cachedParts(address: PhysAddr, length: bigint): Iterable<PagePart & { readonly page: CachePage }> {
    if (length === 0n || this.state.pages === 0) return;
    const limit = address + length;
    const last = pfnDown(limit - 1n);
    let pfn = this.#index.nextSet(pfnDown(address), last + 1);
    for (; pfn <= last; pfn = this.#index.nextSet(pfn + 1, last + 1)) {
      const page = this.get(pfn);
      if (page === undefined) continue;
      const base = pfnPhys(pfn);
      const start = address > base ? Number(address - base) : 0;
      const end = limit - base < BigInt(PAGE_SIZE) ? Number(limit - base) : PAGE_SIZE;
      yield { pfn, page, start, end, done: Number(base - address) + start };
    }
  }

  /** All pages that have lines, in order. */
  *all(): Iterable<readonly [pfn: Pfn, page: CachePage]> {
    if (this.state.pages === 0) return;
    const prefix = `${PAGES}/`;
    for (const [key, page] of this.#records.list<CachePage>(prefix)) {
      yield [Number(key.slice(prefix.length)), page];
    }
  }
}
