/**
 * Whether a workload fits on a board: it is allocated on a boot of it. Which size of a region is the smallest that
 * would do is found by booting with others, and one unit less is shown to fail.
 */
import { bootDifferences } from '../program/boots/boot-differences.ts';
import type { TriedRepair } from './finding.ts';
import { defaultNode, defaultResized, type Resized, regionOfHeap, resized, unitOf } from './fit-resize.ts';
import { ageOf, type FitAge, type FitFailure, FitMachine, type FitResult } from './fit-run.ts';
import { bytesOfItem, type WorkItem } from './fit-workload.ts';
import { editSource } from './tree-edit.ts';
import type { Trial } from './trial.ts';

/** Something to change, which was booted, and the workload fits then. */
export interface FitChange extends TriedRepair {
  readonly how: 'device-tree' | 'cmdline';
  readonly size: bigint;
  /** Where the heap's buffers come from then. */
  readonly heap: string;
}

/** The smallest region for what a heap is asked. */
export interface SmallestRegion {
  readonly heap: string;
  readonly region: string;
  /** What it has now. */
  readonly now: bigint;
  /** A pageblock, or a page of a pool. */
  readonly unit: bigint;
  /** Absent where none that boots is large enough. */
  readonly size?: bigint;
  /** What fails with one unit less; absent where the smallest is one unit. */
  readonly less?: FitFailure;
  /** What to change; none where it is large enough. */
  readonly changes: readonly FitChange[];
  /** The default area's heap, where that has room for it as it is. */
  readonly instead?: string;
}

export interface Fit {
  readonly items: readonly WorkItem[];
  readonly result: FitResult;
  /** Sizes of formats: a real driver may ask for more. */
  readonly isLowerBound: boolean;
  readonly smallest: readonly SmallestRegion[];
  /** Of all orders that were tried. */
  readonly orders?: { readonly tried: number; readonly fit: number; readonly first?: readonly WorkItem[] };
}

export interface FitOptions {
  /** Steps of an ageing before, and where chance begins. */
  readonly age?: { readonly steps: number; readonly seed: number };
  readonly allOrders?: boolean;
}

/** More items have too many orders. */
export const MOST_ORDERED = 7;

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length <= 1) {
    yield items;
    return;
  }
  for (const [i, item] of items.entries()) {
    for (const rest of permutations(items.filter((_, j) => j !== i))) yield [item, ...rest];
  }
}

const withHeap = (items: readonly WorkItem[], from: string, to: string): readonly WorkItem[] =>
  items.map((item) => (item.heap === from ? { ...item, heap: to } : item));

/** Allocates on a boot with another region, what other heaps answer passed over. */
function* failureWith(
  made: Resized,
  items: readonly WorkItem[],
  heap: string,
  age: FitAge | undefined,
): Generator<undefined, FitFailure | undefined> {
  const machine = new FitMachine(made.trial);
  // The others' buffers are in the heap by its new name.
  const lifetimes = new Map(
    [...(age?.lifetimes ?? [])].map(([name, steps]) => [name === heap ? made.heap : name, steps]),
  );
  yield* machine.age(age && { ...age, lifetimes });
  yield;
  return machine.run(withHeap(items, heap, made.heap), (name) => name !== made.heap).failure;
}

interface Searched {
  readonly size: bigint;
  readonly made: Resized;
  readonly less?: FitFailure;
}

/** The smallest size, in units, with which what is asked fits. @param make the boot of a size */
function* search(
  make: (size: bigint) => Resized | undefined,
  items: readonly WorkItem[],
  heap: string,
  unit: bigint,
  most: bigint,
  age: FitAge | undefined,
): Generator<undefined, Searched | undefined> {
  const known = new Map<bigint, { readonly made?: Resized; readonly failure?: FitFailure }>();
  function* fits(units: bigint): Generator<undefined, boolean> {
    const before = known.get(units);
    if (before !== undefined) return before.made !== undefined && before.failure === undefined;
    const made = make(units * unit);
    const failure = made === undefined ? undefined : yield* failureWith(made, items, heap, age);
    known.set(units, { ...(made && { made }), ...(failure && { failure }) });
    return made !== undefined && failure === undefined;
  }
  const asked = items.filter((item) => item.heap === heap).reduce((sum, item) => sum + bytesOfItem(item), 0n);
  let high = (asked + unit - 1n) / unit;
  if (high === 0n) high = 1n;
  let low = high - 1n;
  while (!(yield* fits(high))) {
    low = high;
    if (high * unit >= most) return undefined;
    high = high + (high < 8n ? 1n : high / 4n);
    if (high * unit > most) high = most / unit;
    if (high <= low) return undefined;
  }
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (yield* fits(middle)) high = middle;
    else low = middle;
  }
  // Less than what is asked for may do where buffers share nothing: down to what fails.
  while (low > 0n && (yield* fits(low))) {
    high = low;
    low--;
  }
  const found = known.get(high)?.made;
  if (found === undefined) return undefined;
  const less = known.get(low)?.failure;
  return { size: high * unit, made: found, ...(less && { less }) };
}

function changeOf(before: Trial, how: FitChange['how'], { size, made }: Searched): FitChange {
  const { board, booted } = before;
  return {
    ...made.repair,
    how,
    size,
    heap: made.heap,
    source: board.tree === undefined ? [] : editSource(board.tree, made.repair.edits ?? []),
    changes: bootDifferences(booted, made.trial.booted),
  };
}

/** Whether what is asked of a heap would fit another as it is. */
function* otherThatFits(
  before: Trial,
  items: readonly WorkItem[],
  heap: string,
  other: string | undefined,
  age: FitAge | undefined,
): Generator<undefined, string | undefined> {
  if (other === undefined || other === heap) return undefined;
  const machine = new FitMachine(before);
  yield* machine.age(age);
  yield;
  return machine.run(withHeap(items, heap, other), (name) => name !== other).failure === undefined
    ? other
    : undefined;
}

function* smallestOf(
  before: Trial,
  items: readonly WorkItem[],
  heap: string,
  age: FitAge | undefined,
): Generator<undefined, SmallestRegion | undefined> {
  const region = regionOfHeap(before, heap);
  if (region?.size === undefined) return undefined;
  const unit = unitOf(before, region);
  const now = region.size;
  const ram = before.booted.memory;
  const found = yield* search((size) => resized(before, heap, size), items, heap, unit, ram, age);
  const base = { heap, region: region.name, now, unit };
  if (found === undefined) return { ...base, changes: [] };
  const answer = { ...base, size: found.size, ...(found.less && { less: found.less }) };
  if (found.size <= now) return { ...answer, changes: [] };
  const isDefault = region.origin === 'cmdline' || region.origin === 'config';
  const change = changeOf(before, isDefault ? 'cmdline' : 'device-tree', found);
  const area = before.booted.regions.find((one) => one.isDefault && one.kind === 'cma');
  const instead = isDefault ? undefined : yield* otherThatFits(before, items, heap, area?.heaps[0], age);
  if (instead !== undefined) return { ...answer, changes: [change], instead };
  const areaUnit = area === undefined ? unit : unitOf(before, area);
  const make = (size: bigint) => (isDefault ? defaultNode(before, size) : defaultResized(before, size));
  const other = yield* search(make, items, heap, areaUnit, ram, age);
  // A default area that is smaller than now would be somebody else's loss.
  const isLoss = !isDefault && area?.size !== undefined && other !== undefined && other.size <= area.size;
  if (other === undefined || isLoss) return { ...answer, changes: [change] };
  return { ...answer, changes: [change, changeOf(before, isDefault ? 'device-tree' : 'cmdline', other)] };
}

/** The heaps that are asked for, each once. */
const heapsOf = (items: readonly WorkItem[]): readonly string[] => [
  ...new Set(items.map(({ heap }) => heap)),
];

/**
 * Tries a workload on a board that has booted.
 *
 * @param items of heaps that the boot has
 * @returns the answer, in pieces: whoever waits may be interrupted between two of them
 */
export function* fitWorkload(
  before: Trial,
  items: readonly WorkItem[],
  options: FitOptions = {},
): Generator<undefined, Fit> {
  const { age: asked, allOrders = false } = options;
  const age = asked && ageOf(before, items, asked.steps, asked.seed);
  const machine = new FitMachine(before);
  yield* machine.age(age);
  let result = machine.run(items);
  let order = items;
  let orders: Fit['orders'];
  if (allOrders) {
    let [tried, fitting] = [0, 0];
    let first: readonly WorkItem[] | undefined;
    for (const one of permutations(items)) {
      const answer = machine.run(one);
      tried++;
      if (answer.failure === undefined) {
        fitting++;
        first ??= one;
      }
      yield;
    }
    if (result.failure !== undefined && first !== undefined) [order, result] = [first, machine.run(first)];
    orders = { tried, fit: fitting, ...(first && { first }) };
  }
  const smallest: SmallestRegion[] = [];
  for (const heap of heapsOf(order)) {
    const found = yield* smallestOf(before, order, heap, age);
    if (found !== undefined) smallest.push(found);
  }
  return {
    items: order,
    result,
    isLowerBound: order.some((item) => item.isLowerBound),
    smallest,
    ...(orders && { orders }),
  };
}
