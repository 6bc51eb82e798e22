/**
 * Which dma-buf has a page frame, as an index beside their files, so that an address's owner is found without a
 * look at every buffer.
 *
 * A piece is noted once, in a section whose size goes with the piece's: so a section never has more than 128 of
 * them, and the piece that holds a frame begins in the frame's own section or in the one before.
 *
 * ```
 *   pieces of   1 … 63 pages          in sections of 512 KiB
 *              64 … 4095                              32 MiB
 *            4096 … 262143                             2 GiB, and so on
 *
 *   sections  |‑‑‑‑‑‑‑‑ s−1 ‑‑‑‑‑‑‑‑|‑‑‑‑‑‑‑‑‑ s ‑‑‑‑‑‑‑‑‑|
 *   pieces        [====]     [=======|======]   [==]
 *                                        ^ frame
 * ```
 */
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import type { Pfn, PfnRange } from '../units.ts';

/** A piece of a dma-buf. */
export interface OwnedPiece extends PfnRange {
  /** The number of the dma-buf's file. */
  readonly file: number;
}

/** A section's pieces by frame, as a record. */
type Section = (readonly [pfn: Pfn, pages: number, file: number])[];

/** How many times the pieces of a level are longer than those of the level below. */
const RADIX = 64;
const SMALLEST_SECTION = 128;
/** Up to the frames of a 52-bit physical address space. */
const LEVELS = 7;

/** Pages of the longest piece of each level, less one, and of its sections. */
const LONGEST = Array.from({ length: LEVELS }, (_, level) => RADIX ** (level + 1));
const SECTIONS = Array.from({ length: LEVELS }, (_, level) => SMALLEST_SECTION * RADIX ** level);

const sectionOf = (level: number, pfn: Pfn): number => Math.floor(pfn / (SECTIONS[level] ?? 1));
const sectionKey = (level: number, section: number): string => recordKey('frames', level, section);

/** Where a piece is noted. */
function keyOf({ pfn, pages }: PfnRange): string {
  let level = 0;
  while (level < LEVELS - 1 && pages >= (LONGEST[level] ?? 0)) level++;
  return sectionKey(level, sectionOf(level, pfn));
}

export class FrameOwners {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /** Notes the pieces of a dma-buf. */
  add(file: number, sgTable: readonly PfnRange[]): void {
    for (const piece of sgTable) {
      const key = keyOf(piece);
      const section = this.#records.get<Section>(key) ?? [];
      section.splice(upTo(section, piece.pfn), 0, [piece.pfn, piece.pages, file]);
      this.#records.put(key, section);
    }
  }

  /** Forgets the pieces of a dma-buf. */
  remove(sgTable: readonly PfnRange[]): void {
    for (const piece of sgTable) {
      const key = keyOf(piece);
      const section = this.#records.get<Section>(key) ?? [];
      section.splice(upTo(section, piece.pfn) - 1, 1);
      if (section.length > 0) this.#records.put(key, section);
      else this.#records.delete(key);
    }
  }

  /** The piece that holds a frame. */
  at(pfn: Pfn): OwnedPiece | undefined {
    return this.within({ pfn, pages: 1 })[0];
  }

  /** The pieces that have frames of a range, by frame. */
  within({ pfn, pages }: PfnRange): readonly OwnedPiece[] {
    const end = pfn + pages;
    const found: OwnedPiece[] = [];
    for (let level = 0; level < LEVELS; level++) {
      const last = sectionOf(level, end - 1);
      for (let section = Math.max(0, sectionOf(level, pfn) - 1); section <= last; section++) {
        const known = this.#records.get<Section>(sectionKey(level, section)) ?? [];
        // Pieces do not overlap: only the last one before the range may reach into it.
        for (let i = Math.max(0, upTo(known, pfn) - 1); i < known.length; i++) {
          const [first = end, count = 0, file = 0] = known[i] ?? [];
          if (first >= end) break;
          if (first + count > pfn) found.push({ pfn: first, pages: count, file });
        }
      }
    }
    return found.sort((a, b) => a.pfn - b.pfn);
  }
}

/** How many pieces of a section begin at or before a frame. */
function upTo(section: Section, pfn: Pfn): number {
  let low = 0;
  let high = section.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((section[middle]?.[0] ?? 0) <= pfn) low = middle + 1;
    else high = middle;
  }
  return low;
}
