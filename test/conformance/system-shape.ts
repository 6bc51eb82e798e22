/**
 * The structural grade: what must hold for a system-heap buffer whatever the buddy allocator's state.
 * Models the promise of drivers/dma-buf/heaps/system_heap.c: alloc_largest_available() (Linux 7.3).
 */
import type { Fact } from './fact.ts';
import type { ObservedPiece } from './observed.ts';
import type { Json } from './oracle-case.ts';

const ORDERS = [8, 4, 0] as const;

/** [physical address in hexadecimal, pages]. */
export type RecordedRun = readonly [address: string, pages: number];

/** Reads `phys` of a step, or `undefined` where it could not be looked up. */
export function recordedRuns(phys: Json | undefined): RecordedRun[] | undefined {
  if (!Array.isArray(phys)) return undefined;
  return phys.map((run: Json) => {
    const [address, pages] = Array.isArray(run) ? run : [];
    return [String(address), Number(pages)] as const;
  });
}

/** Neighbours that touch become one run, as the recorder walked the pages of a mapping. */
export function mergePieces(pieces: readonly ObservedPiece[]): RecordedRun[] {
  const runs: ObservedPiece[] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && last.address + BigInt(last.pages) * 4096n === piece.address) {
      runs[runs.length - 1] = { address: last.address, pages: last.pages + piece.pages };
    } else {
      runs.push(piece);
    }
  }
  return runs.map((run) => [`0x${run.address.toString(16)}`, run.pages] as const);
}

/** The orders that a request gets while memory of every order is free: the largest that fits, never rising. */
export function greedyOrders(pages: number): number[] {
  const orders: number[] = [];
  let left = pages;
  for (const order of ORDERS) {
    for (; left >= 2 ** order; left -= 2 ** order) orders.push(order);
  }
  return orders;
}

/** Whether runs can be cut into blocks of these orders, in order, each aligned to itself. */
export function fitsOrders(runs: readonly RecordedRun[], orders: readonly number[]): boolean {
  let run = 0;
  let offset = 0;
  for (const order of orders) {
    const [address, pages] = runs[run] ?? ['0', 0];
    const pfn = Number(BigInt(address) >> 12n) + offset;
    if (offset + 2 ** order > pages || pfn % 2 ** order !== 0) return false;
    offset += 2 ** order;
    if (offset === pages) {
      run++;
      offset = 0;
    }
  }
  return run === runs.length;
}

/** `start-end : System RAM` lines of /proc/iomem as [first, last] addresses. */
export function systemRam(iomem: readonly string[]): [first: bigint, last: bigint][] {
  return iomem.flatMap((line): [bigint, bigint][] => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) : System RAM$/.exec(line);
    return match === null ? [] : [[BigInt(`0x${match[1]}`), BigInt(`0x${match[2]}`)]];
  });
}

export interface SystemBuffer {
  readonly path: string;
  readonly expected: readonly RecordedRun[];
  /** Absent when our allocation failed. */
  readonly pieces: readonly ObservedPiece[] | undefined;
  readonly overlaps: readonly number[] | undefined;
  /** The recorded /proc/iomem. */
  readonly iomem: readonly string[];
}

/** The five structural facts of a system-heap buffer. */
export function systemFacts(buffer: SystemBuffer): Fact[] {
  const { path, expected, pieces } = buffer;
  const fact = (name: string, agrees: boolean, want: Json, got: Json): Fact => ({
    path: `${path}.${name}`,
    grade: 'structural',
    agrees: agrees && pieces !== undefined,
    expected: want,
    got: pieces === undefined ? null : got,
  });
  const ours = pieces ?? [];
  const hex = (piece: ObservedPiece): string => `0x${piece.address.toString(16)}+${piece.pages}`;

  const total = expected.reduce((sum, [, pages]) => sum + pages, 0);
  const ourTotal = ours.reduce((sum, piece) => sum + piece.pages, 0);

  const orders = ours.map((piece) => Math.log2(piece.pages));
  const greedy = greedyOrders(total);
  // Where the recorded kernel had every order at hand so must we; where it had not, only the rule stands.
  const strict = fitsOrders(expected, greedy);
  const descending = orders.every(
    (order, i) => ORDERS.some((known) => known === order) && (i === 0 || order <= (orders[i - 1] ?? 0)),
  );
  const rightOrders = descending && (!strict || orders.join() === greedy.join());

  const misaligned = ours.filter((piece) => piece.address % (BigInt(piece.pages) * 4096n) !== 0n);
  const ram = systemRam(buffer.iomem);
  const outside = ours.filter(
    (piece) =>
      !ram.some(
        ([first, last]) => piece.address >= first && piece.address + BigInt(piece.pages) * 4096n - 1n <= last,
      ),
  );
  const overlaps = buffer.overlaps ?? [];
  return [
    fact('pages', total === ourTotal, total, ourTotal),
    fact(
      'orders',
      rightOrders,
      strict ? runLength(greedy) : 'orders 8, 4, 0, never rising',
      runLength(orders),
    ),
    fact('alignment', misaligned.length === 0, 'each piece aligned to its size', misaligned.map(hex)),
    fact('ram', outside.length === 0, 'inside System RAM', outside.map(hex)),
    fact('disjoint', overlaps.length === 0, 'no page of a live buffer', [...overlaps]),
  ];
}

/** `8 x3, 4, 0 x2`: orders in few words. */
function runLength(orders: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const order of orders) {
    const last = runs.at(-1);
    if (last?.[0] === order) last[1]++;
    else runs.push([order, 1]);
  }
  return runs.map(([order, count]) => (count === 1 ? `${order}` : `${order} x${count}`)).join(', ');
}
