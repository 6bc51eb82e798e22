/**
 * Pages of CMA areas that cannot be moved away: somebody holds them (get_user_pages(), a file system's own pages,
 * a page under write-back), though no bitmap shows it. Models what mm/page_isolation.c and mm/migrate.c make
 * alloc_contig_range() answer -EBUSY for (Linux 7.3).
 */
import type { Records } from '../../records.ts';
import type { Pfn, PfnRange } from '../../units.ts';

/** A run of pinned pages. */
export interface PinnedPages extends PfnRange {
  /** The fault rule that pinned it. */
  readonly rule?: number;
}

const PINNED = 'pinned';

/** The runs in the order in which they were pinned; they may overlap. */
export const pinnedPages = (records: Records): readonly PinnedPages[] =>
  records.get<PinnedPages[]>(PINNED) ?? [];

export const pinPages = (records: Records, run: PinnedPages): void =>
  records.put<PinnedPages[]>(PINNED, [...pinnedPages(records), run]);

/** Lets go of those runs that `which` picks. @returns them */
export function unpinPages(records: Records, which: (run: PinnedPages) => boolean): readonly PinnedPages[] {
  const runs = pinnedPages(records);
  const gone = runs.filter(which);
  const left = runs.filter((run) => !gone.includes(run));
  if (left.length === 0) records.delete(PINNED);
  else records.put<PinnedPages[]>(PINNED, left);
  return gone;
}

/** Whether a page of `[pfn, pfn + pages)` is pinned. */
export const isPinned = (records: Records, pfn: Pfn, pages: number): boolean =>
  pinnedPages(records).some((run) => run.pfn < pfn + pages && pfn < run.pfn + run.pages);

/** What is left of ascending runs without the pages of others. */
export function withoutPages(runs: readonly PfnRange[], others: readonly PfnRange[]): readonly PfnRange[] {
  return others.reduce<readonly PfnRange[]>(
    (left, other) =>
      left.flatMap((run) => {
        const end = run.pfn + run.pages;
        const from = Math.max(run.pfn, other.pfn);
        const to = Math.min(end, other.pfn + other.pages);
        if (from >= to) return [run];
        return [
          { pfn: run.pfn, pages: from - run.pfn },
          { pfn: to, pages: end - to },
        ].filter(({ pages }) => pages > 0);
      }),
    runs,
  );
}
