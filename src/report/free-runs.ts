/** What of free pages a request can get: the longest run, and the largest block that lies at a multiple of its size. */
import type { PfnRange } from '../units.ts';

/** The longest run, the lowest of equals; `undefined` when there is none. */
export const longestRun = (runs: readonly PfnRange[]): PfnRange | undefined =>
  runs.reduce<PfnRange | undefined>(
    (best, run) => (best !== undefined && best.pages >= run.pages ? best : run),
    undefined,
  );

/**
 * The largest power of two of pages that starts at a multiple of itself, the lowest of equals; `undefined` when
 * there is no free page.
 */
export function largestAligned(runs: readonly PfnRange[]): PfnRange | undefined {
  let best: PfnRange | undefined;
  for (const { pfn, pages } of runs) {
    for (let size = 2 ** Math.floor(Math.log2(pages)); size > (best?.pages ?? 0); size /= 2) {
      const at = Math.ceil(pfn / size) * size;
      if (at + size > pfn + pages) continue;
      best = { pfn: at, pages: size };
      break;
    }
  }
  return best;
}
