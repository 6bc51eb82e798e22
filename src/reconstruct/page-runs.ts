/** Differences of runs of page frames. */
import type { PfnRange } from '../units.ts';

/** What is left of ascending runs without others, in any order. */
export function runsWithout(runs: readonly PfnRange[], others: readonly PfnRange[]): PfnRange[] {
  const holes = [...others].sort((a, b) => a.pfn - b.pfn);
  const out: PfnRange[] = [];
  let first = 0;
  for (const run of runs) {
    const end = run.pfn + run.pages;
    let at = run.pfn;
    while (first < holes.length && (holes[first]?.pfn ?? 0) + (holes[first]?.pages ?? 0) <= at) first++;
    for (let i = first; i < holes.length; i++) {
      const hole = holes[i];
      if (hole === undefined || hole.pfn >= end) break;
      if (hole.pfn > at) out.push({ pfn: at, pages: hole.pfn - at });
      at = Math.max(at, hole.pfn + hole.pages);
    }
    if (at < end) out.push({ pfn: at, pages: end - at });
  }
  return out;
}
