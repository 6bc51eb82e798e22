/**
 * Which bytes of a page or a buffer were written by whom: sorted runs of offsets, disjoint, neighbours
 * with the same mark joined. Most often it is one run, so that this is small where a mark a byte is not.
 *
 *   bytes   ........aaaaaaaa....bbbbbbbbaaaa....
 *   marks           [  a   )    [  b   )[a )
 */
import type { Accessor } from './hazard.ts';

/** Bytes `[start, end)` were written by `by`. */
export interface ByteMark {
  readonly start: number;
  readonly end: number;
  readonly by: Accessor;
  /** A second fact about the write; for cache lines: the line was dirty when a device wrote under it. */
  readonly overDirty?: true;
}

/** The parts of the marks that lie in `[start, end)`. */
export function marksWithin(marks: readonly ByteMark[], start: number, end: number): ByteMark[] {
  const found: ByteMark[] = [];
  for (const mark of marks) {
    if (mark.start >= end) break;
    if (mark.end <= start) continue;
    const inside = mark.start >= start && mark.end <= end;
    found.push(inside ? mark : { ...mark, start: Math.max(mark.start, start), end: Math.min(mark.end, end) });
  }
  return found;
}

/** The marks without those of `[start, end)`. */
export function clearMarks(marks: readonly ByteMark[], start: number, end: number): ByteMark[] {
  const kept: ByteMark[] = [];
  for (const mark of marks) {
    if (mark.end <= start || mark.start >= end) {
      kept.push(mark);
      continue;
    }
    if (mark.start < start) kept.push({ ...mark, end: start });
    if (mark.end > end) kept.push({ ...mark, start: end });
  }
  return kept;
}

/** The marks with `mark` over what was there. */
export function setMark(marks: readonly ByteMark[], mark: ByteMark): ByteMark[] {
  if (mark.start >= mark.end) return [...marks];
  const rest = clearMarks(marks, mark.start, mark.end);
  const at = rest.findIndex((m) => m.start >= mark.end);
  const index = at < 0 ? rest.length : at;
  const before = rest[index - 1];
  const after = rest[index];
  let { start, end } = mark;
  let from = index;
  let to = index;
  if (before !== undefined && before.end === start && sameMark(before, mark)) {
    start = before.start;
    from--;
  }
  if (after !== undefined && after.start === end && sameMark(after, mark)) {
    end = after.end;
    to++;
  }
  rest.splice(from, to - from, { ...mark, start, end });
  return rest;
}

/** The parts of `marks` that no mark of `hidden` covers. */
export function marksWithout(marks: readonly ByteMark[], hidden: readonly ByteMark[]): readonly ByteMark[] {
  if (hidden.length === 0) return marks;
  const seen: ByteMark[] = [];
  let first = 0;
  for (const mark of marks) {
    let cursor = mark.start;
    while (first < hidden.length && (hidden[first]?.end ?? 0) <= mark.start) first++;
    for (let i = first; i < hidden.length; i++) {
      const cover = hidden[i];
      if (cover === undefined || cover.start >= mark.end) break;
      if (cover.start > cursor) seen.push({ ...mark, start: cursor, end: cover.start });
      cursor = cover.end;
    }
    if (cursor < mark.end) seen.push(cursor === mark.start ? mark : { ...mark, start: cursor });
  }
  return seen;
}

const sameMark = (a: ByteMark, b: ByteMark): boolean =>
  a.by.kind === b.by.kind && a.by.name === b.by.name && a.overDirty === b.overDirty;
