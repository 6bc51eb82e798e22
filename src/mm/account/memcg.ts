/**
 * Kernel memory charged to cgroups. Models mm/memcontrol.c: try_charge_memcg(), the stock of pages that are charged
 * ahead, and mm/page_counter.c (Linux 7.3). The root is never charged.
 *
 * ```
 *   charge(1) ──► stock? ──► 64 pages fit? ──► 1 page fits? ──► reclaim, drain stocks, try again ──► OOM killer
 *                  yes            yes: 63 to the stock   yes                                            16 times
 * ```
 */
import type { Records } from '../../records.ts';
import {
  type Cgroup,
  cgroupOf,
  deleteCgroup,
  downward,
  findCgroup,
  type MemcgCounts,
  type MemcgEvent,
  putCgroup,
  ROOT_CGROUP,
  upward,
} from './cgroup-records.ts';

/** MEMCG_CHARGE_BATCH: so many pages are charged at once. */
export const CHARGE_BATCH = 64;
/** MAX_RECLAIM_RETRIES. */
const MAX_RETRIES = 16;

/** Whoever may wait for memory: what it does when there is none. */
export interface OomKiller {
  /** Ends a task of that cgroup or of one below. @returns whether there was one that could be ended */
  oomKill(memcg: number): boolean;
  /** Whether the caller itself was ended. */
  isDying(): boolean;
}

const change = (records: Records, cgroup: Cgroup, memory: Partial<MemcgCounts>): void =>
  putCgroup(records, { ...cgroup, memory: { ...cgroup.memory, ...memory } });

/** The cgroups that a charge counts in: all but the root. */
const counted = (records: Records, id: number): readonly Cgroup[] =>
  [...upward(records, id)].filter((cgroup) => cgroup.id !== ROOT_CGROUP);

/**
 * page_counter_try_charge(). A cgroup's highest usage counts what one above it then refuses.
 *
 * @param limited whether limits count
 * @returns the cgroup whose limit is in the way, if any
 */
function tryCharge(records: Records, id: number, pages: number, limited = true): number | undefined {
  const chain = counted(records, id);
  const over = limited
    ? chain.findIndex(({ memory }) => memory.max !== undefined && memory.usage + pages > memory.max)
    : -1;
  for (const cgroup of over < 0 ? chain : chain.slice(0, over)) {
    const { usage, watermark } = cgroup.memory;
    change(records, cgroup, {
      usage: over < 0 ? usage + pages : usage,
      watermark: Math.max(watermark, usage + pages),
    });
  }
  return chain[over]?.id;
}

function consumeStock(records: Records, id: number, pages: number): boolean {
  const cgroup = cgroupOf(records, id);
  if (pages > CHARGE_BATCH || cgroup.memory.stock < pages) return false;
  change(records, cgroup, { stock: cgroup.memory.stock - pages });
  return true;
}

/** page_counter_uncharge(). A cgroup that was removed goes with its last page. */
function uncharge(records: Records, id: number, pages: number): void {
  if (pages === 0) return;
  for (const cgroup of counted(records, id)) {
    change(records, cgroup, { usage: cgroup.memory.usage - pages });
    forgetIfUnused(records, cgroup.id);
  }
}

/** refill_stock(): pages that stay charged for the next who asks. */
function refillStock(records: Records, id: number, pages: number): void {
  if (pages > CHARGE_BATCH) {
    uncharge(records, id, pages);
    return;
  }
  const cgroup = cgroupOf(records, id);
  change(records, cgroup, { stock: cgroup.memory.stock + pages });
  if (cgroup.removed || cgroup.memory.stock + pages > CHARGE_BATCH) drainStock(records, id);
}

function drainStock(records: Records, id: number): void {
  const cgroup = cgroupOf(records, id);
  change(records, cgroup, { stock: 0 });
  uncharge(records, id, cgroup.memory.stock);
}

/** drain_all_stock(): of the cgroup and of all below it. */
export function drainStocks(records: Records, id: number): void {
  for (const { id: below } of [...downward(records, id)]) drainStock(records, below);
}

/** What reclaim gives back of the cgroup and of all below it. @returns whether it was anything */
export function reclaim(records: Records, id: number): boolean {
  let any = false;
  for (const { id: below, memory } of [...downward(records, id)]) {
    if (memory.reclaimable === 0) continue;
    any = true;
    change(records, cgroupOf(records, below), { reclaimable: 0 });
    countKernel(records, below, -memory.reclaimable);
    uncharge(records, below, memory.reclaimable);
  }
  return any;
}

/** An event counts in the cgroup and in all above it. */
export function countEvent(records: Records, id: number, event: MemcgEvent): void {
  for (const cgroup of counted(records, id)) {
    const { events } = cgroup.memory;
    change(records, cgroup, { events: { ...events, [event]: events[event] + 1 } });
  }
}

function countKernel(records: Records, id: number, pages: number): void {
  for (const cgroup of counted(records, id))
    change(records, cgroup, { kernel: cgroup.memory.kernel + pages });
}

/**
 * Charges pages that the kernel hands out as one piece: memcg_kmem_charge_page().
 *
 * @param waits who waits for memory to come back; absent: one who may not, and is refused at once
 * @returns whether they are charged
 */
export function chargeKernel(records: Records, id: number, pages: number, waits?: OomKiller): boolean {
  if (id === ROOT_CGROUP) return true;
  if (!consumeStock(records, id, pages) && !chargeAhead(records, id, pages, waits)) return false;
  countKernel(records, id, pages);
  return true;
}

function chargeAhead(records: Records, id: number, pages: number, waits?: OomKiller): boolean {
  let batch = Math.max(CHARGE_BATCH, pages);
  let retries = MAX_RETRIES;
  let drained = false;
  for (;;) {
    const over = tryCharge(records, id, batch);
    if (over === undefined) {
      if (batch > pages) refillStock(records, id, batch - pages);
      return true;
    }
    if (batch > pages) {
      batch = pages;
      continue;
    }
    countEvent(records, over, 'max');
    if (waits === undefined) return false;
    if (reclaim(records, over)) continue;
    if (!drained) {
      drained = true;
      drainStocks(records, over);
    } else if (retries-- <= 0) {
      if (waits.isDying()) return false;
      countEvent(records, over, 'oom');
      if (!waits.oomKill(over)) return false;
      retries = MAX_RETRIES;
    }
  }
}

/** Charges what a task or a cgroup itself is made of, whatever the limits say. */
export function chargeForced(records: Records, id: number, pages: { kernel: number; user: number }): void {
  if (id === ROOT_CGROUP) return;
  const all = pages.kernel + pages.user;
  if (!consumeStock(records, id, all)) {
    tryCharge(records, id, CHARGE_BATCH, false);
    refillStock(records, id, CHARGE_BATCH - all);
  }
  countKernel(records, id, pages.kernel);
}

/** Takes the kernel's pages back; few of them stay charged for the next who asks. */
export function unchargeKernel(records: Records, id: number, pages: number): void {
  if (id === ROOT_CGROUP || findCgroup(records, id) === undefined) return;
  countKernel(records, id, -pages);
  refillStock(records, id, pages);
}

/** Takes a task's own pages back. */
export function unchargeUser(records: Records, id: number, pages: number): void {
  if (id !== ROOT_CGROUP && findCgroup(records, id) !== undefined) uncharge(records, id, pages);
}

/** A removed cgroup is forgotten when nothing is charged to it any more. */
export function forgetIfUnused(records: Records, id: number): void {
  const cgroup = findCgroup(records, id);
  if (cgroup?.removed !== true || cgroup.memory.usage > 0) return;
  if (Object.values(cgroup.dmem).every(({ usage }) => usage === 0n)) deleteCgroup(records, id);
}
