/** Sums and differences of address ranges. */
import { type PhysRange, rangeEnd } from '../units.ts';

/** The lower of two addresses. */
export const lower = (a: bigint, b: bigint): bigint => (a > b ? b : a);
const higher = (a: bigint, b: bigint): bigint => (a < b ? b : a);

const byBase = (a: PhysRange, b: PhysRange): number => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0);

/** The same bytes as few ranges, ascending. */
export function joined(ranges: readonly PhysRange[]): PhysRange[] {
  const out: PhysRange[] = [];
  for (const { base, size } of [...ranges].filter((one) => one.size > 0n).sort(byBase)) {
    const last = out.at(-1);
    if (last !== undefined && base <= rangeEnd(last)) {
      const end = higher(base + size, rangeEnd(last));
      out[out.length - 1] = { base: last.base, size: end - last.base };
    } else out.push({ base, size });
  }
  return out;
}

/** What is left of the first without the others. */
export function without(ranges: readonly PhysRange[], others: readonly PhysRange[]): PhysRange[] {
  const holes = joined(others);
  const out: PhysRange[] = [];
  let from = 0;
  for (const range of joined(ranges)) {
    let { base } = range;
    while (from < holes.length && rangeEnd(holes[from] ?? range) <= base) from++;
    for (let i = from; i < holes.length; i++) {
      const hole = holes[i];
      if (hole === undefined || hole.base >= rangeEnd(range)) break;
      if (hole.base > base) out.push({ base, size: hole.base - base });
      base = higher(base, rangeEnd(hole));
    }
    if (base < rangeEnd(range)) out.push({ base, size: rangeEnd(range) - base });
  }
  return out;
}

export const totalOf = (ranges: readonly PhysRange[]): bigint =>
  ranges.reduce((sum, { size }) => sum + size, 0n);
