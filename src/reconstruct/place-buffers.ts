/**
 * Where buffers lie in an area of which only the bitmap is known. Each lies somewhere in a taken run, at a multiple of
 * its alignment; others may have taken pages too. What all arrangements have in common is known, the rest is not.
 *
 * ```
 *   bitmap    ##..########....####
 *   8 pages       [======]              one answer
 *   2 pages   []                [][]    three: not known
 * ```
 */
import type { PfnRange } from '../units.ts';

/** A buffer that has to lie somewhere. */
export interface Unplaced {
  readonly pages: number;
  /** The first frame is a multiple of so many. */
  readonly align: number;
}

export interface Placed {
  /** Its first frame in one arrangement; absent where there is none. */
  readonly pfn?: number;
  /** It is the same in all arrangements. */
  readonly certain: boolean;
}

/** Steps of the search, after which the first arrangement is one of many. */
const MOST_STEPS = 20_000;
/** Places of one buffer that are looked at. */
const MOST_PLACES = 4_096;

/** Where a buffer may begin. */
function placesOf({ pages, align }: Unplaced, taken: readonly PfnRange[]): number[] {
  const places: number[] = [];
  for (const run of taken) {
    const end = run.pfn + run.pages - pages;
    for (let at = Math.ceil(run.pfn / align) * align; at <= end && places.length < MOST_PLACES; at += align)
      places.push(at);
  }
  return places;
}

/**
 * @param taken pages that are taken and may be theirs, ascending
 * @returns for each buffer where it lies
 */
export function placeBuffers(buffers: readonly Unplaced[], taken: readonly PfnRange[]): Placed[] {
  const places = buffers.map((buffer) => placesOf(buffer, taken));
  // Those with few places first, then the large ones: the search fails early.
  const order = buffers
    .map((_, index) => index)
    .filter((index) => (places[index]?.length ?? 0) > 0)
    .sort(
      (a, b) =>
        (places[a]?.length ?? 0) - (places[b]?.length ?? 0) ||
        (buffers[b]?.pages ?? 0) - (buffers[a]?.pages ?? 0) ||
        a - b,
    );
  const seen = order.map(() => new Set<number>());
  let first: readonly number[] | undefined;
  let best: readonly number[] = [];
  let steps = 0;
  const at: number[] = [];
  const isFree = (depth: number, pfn: number, pages: number): boolean => {
    for (let i = 0; i < depth; i++) {
      const other = at[i] ?? 0;
      const length = buffers[order[i] ?? 0]?.pages ?? 0;
      if (other < pfn + pages && pfn < other + length) return false;
    }
    return true;
  };
  /** @returns whether to go on */
  const search = (depth: number): boolean => {
    if (depth > best.length) best = at.slice(0, depth);
    if (depth === order.length) {
      first ??= at.slice();
      for (const [i, pfn] of at.slice(0, depth).entries()) seen[i]?.add(pfn);
      // Nothing is certain any more: more arrangements say no more.
      return seen.some((one) => one.size === 1);
    }
    const index = order[depth] ?? 0;
    const pages = buffers[index]?.pages ?? 0;
    for (const pfn of places[index] ?? []) {
      if (++steps > MOST_STEPS) return false;
      if (!isFree(depth, pfn, pages)) continue;
      at[depth] = pfn;
      if (!search(depth + 1)) return false;
    }
    return true;
  };
  const isWhole = order.length <= MOST_DEPTH && search(0);
  const chosen = first ?? mostOf(best, greedy(order, buffers, taken));
  const result: Placed[] = buffers.map(() => ({ certain: false }));
  const unique = first === undefined ? undefined : onlyPlaces(order, buffers, places);
  for (const [i, index] of order.entries()) {
    const pfn = chosen[i];
    if (pfn === undefined || pfn < 0) continue;
    const certain = first !== undefined && (isWhole ? seen[i]?.size === 1 : unique?.get(index) === pfn);
    result[index] = { pfn, certain };
  }
  return result;
}

/** Whichever places more. */
const mostOf = (best: readonly number[], other: readonly number[]): readonly number[] =>
  other.filter((pfn) => pfn >= 0).length >= best.length ? other : best;

/** Deeper than this nobody is placed for certain by search. */
const MOST_DEPTH = 512;

/** One after another at the first place that is free; -1 where there is none. */
function greedy(
  order: readonly number[],
  buffers: readonly Unplaced[],
  taken: readonly PfnRange[],
): number[] {
  const left: PfnRange[] = [...taken];
  return order.map((index) => {
    const { pages, align } = buffers[index] ?? { pages: 1, align: 1 };
    const from = ({ pfn }: PfnRange) => Math.ceil(pfn / align) * align;
    const i = left.findIndex((run) => from(run) + pages <= run.pfn + run.pages);
    const run = left[i];
    if (run === undefined) return -1;
    const at = from(run);
    const rest = [
      { pfn: run.pfn, pages: at - run.pfn },
      { pfn: at + pages, pages: run.pfn + run.pages - at - pages },
    ];
    left.splice(i, 1, ...rest.filter((one) => one.pages > 0));
    return at;
  });
}

/** Buffers that have but one place, those that these leave but one, and so on: certain without a search. */
function onlyPlaces(
  order: readonly number[],
  buffers: readonly Unplaced[],
  places: readonly (readonly number[])[],
): ReadonlyMap<number, number> {
  const certain = new Map<number, number>();
  const left = new Map(order.map((index) => [index, places[index] ?? []]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [index, at] of left) {
      const [pfn] = at;
      if (at.length !== 1 || pfn === undefined) continue;
      certain.set(index, pfn);
      left.delete(index);
      const pages = buffers[index]?.pages ?? 0;
      for (const [other, own] of left) {
        const length = buffers[other]?.pages ?? 0;
        left.set(
          other,
          own.filter((one) => one >= pfn + pages || pfn >= one + length),
        );
      }
      changed = true;
    }
  }
  return certain;
}
