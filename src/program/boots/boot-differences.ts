/** What two boots have not in common: heaps and regions that come, go, are renamed, move, change size or fate. */
import type { HeapView, RegionView } from '../../kernel/views/views.ts';
import type { LogLine } from '../../printk.ts';
import { MiB } from '../../units.ts';
import type { Booted } from './booted.ts';
import { type DiffHunk, diffLines, hunksOf } from './line-diff.ts';

/** Where something lies; absent base: nowhere, or wherever there is room. */
export interface Placed {
  readonly base?: bigint;
  readonly size?: bigint;
}

/** What became of a region. */
export type Fate = Pick<RegionView, 'kind' | 'why' | 'isDefault'>;

/** `aliased`: a name more for an area that had one; `fate`: what became of a region. */
export type Change =
  | 'added'
  | 'removed'
  | 'renamed'
  | 'aliased'
  | 'moved'
  | 'grown'
  | 'shrunk'
  | 'fate'
  | 'panic';

export interface BootDifference {
  readonly what: 'heap' | 'region' | 'memory' | 'boot';
  readonly name: string;
  readonly change: Change;
  readonly before?: Placed;
  readonly after?: Placed;
  /** Its name now, or the other name of its area. */
  readonly other?: string;
  /** Of a fate: what it was, and what it is. */
  readonly fates?: readonly [before: Fate, after: Fate];
  /** Of a boot that dies, or no longer does: of what. */
  readonly panics?: readonly [before: string | undefined, after: string | undefined];
}

const placed = ({ base, size }: Placed): Placed => ({
  ...(base !== undefined && { base }),
  ...(size !== undefined && { size }),
});

const isSamePlace = (a: Placed, b: Placed): boolean => a.base !== undefined && a.base === b.base;

/** Heaps first, in the order of their minors; then regions in the order of the tree. */
export function bootDifferences(before: Booted, after: Booted): readonly BootDifference[] {
  if (before.panic !== undefined || after.panic !== undefined) {
    if (before.panic === after.panic) return [];
    return [{ what: 'boot', name: 'boot', change: 'panic', panics: [before.panic, after.panic] }];
  }
  const ram = sizeChange({ what: 'memory', name: 'memory' }, { size: before.memory }, { size: after.memory });
  return [
    ...ram,
    ...heapDifferences(before.heaps, after.heaps),
    ...regionDifferences(before.regions, after.regions),
  ];
}

/** The names of what two boots have. */
interface Names<T> {
  readonly old: ReadonlyMap<string, T>;
  readonly fresh: ReadonlyMap<string, T>;
}

/** By name; of several of one name each has its number. */
function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const one of all) {
    let name = one.name;
    for (let i = 2; found.has(name); i++) name = `${one.name} (${i})`;
    found.set(name, one);
  }
  return found;
}

function heapDifferences(before: readonly HeapView[], after: readonly HeapView[]): BootDifference[] {
  const names = { old: byName(before), fresh: byName(after) };
  const renamed = renames(names, isSameHeap);
  const found: BootDifference[] = [];
  for (const [name, heap] of names.old) {
    const other = names.fresh.get(renamed.get(name) ?? name);
    found.push(...changesOf('heap', name, heap, other, renamed.get(name)));
  }
  const newNames = new Set(renamed.values());
  for (const [name, heap] of names.fresh) {
    if (names.old.has(name) || newNames.has(name)) continue;
    const alias = after.find((one) => one.name !== name && isSamePlace(one, heap) && names.old.has(one.name));
    const isOlder = alias !== undefined && before.some((one) => isSameHeap(one, alias));
    found.push({
      what: 'heap',
      name,
      change: isOlder ? 'aliased' : 'added',
      ...(isOlder && { other: alias.name }),
      after: heap.region === undefined ? {} : placed(heap),
    });
  }
  return found;
}

/** Another name of the same: by the area or the node behind it. */
const isSameHeap = (a: HeapView, b: HeapView): boolean =>
  a.backend === b.backend && a.region !== undefined && (a.region === b.region || isSamePlace(a, b));

/** Which of those that have gone are there under a new name. */
function renames<T>({ old, fresh }: Names<T>, isSame: (a: T, b: T) => boolean): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const left = new Map([...fresh].filter(([name]) => !old.has(name)));
  for (const [name, one] of old) {
    if (fresh.has(name)) continue;
    // One that is there under a name that both have has not been renamed.
    const kept = [...fresh].some(([other, there]) => old.has(other) && isSame(one, there));
    const [to] = kept ? [] : ([...left].find(([, there]) => isSame(one, there)) ?? []);
    if (to === undefined) continue;
    left.delete(to);
    found.set(name, to);
  }
  return found;
}

/** The system heap has what boot left free, less what is not modelled of each kernel's own use. */
const UNMODELLED = 8n * MiB;

/** It lies nowhere in particular. */
const freePages = ({ size }: Placed): Placed => (size === undefined ? {} : { size });

const isDefaultArea = (region: RegionView): boolean =>
  region.origin === 'config' || region.origin === 'cmdline';

function regionDifferences(before: readonly RegionView[], after: readonly RegionView[]): BootDifference[] {
  const names = { old: byName(before), fresh: byName(after) };
  const renamed = renames(names, (a, b) => isSamePlace(a, b) || (isDefaultArea(a) && isDefaultArea(b)));
  const found: BootDifference[] = [];
  for (const [name, region] of names.old) {
    const other = names.fresh.get(renamed.get(name) ?? name);
    found.push(...changesOf('region', name, region, other, renamed.get(name)));
    if (other !== undefined && !isSameFate(region, other)) {
      found.push({ what: 'region', name, change: 'fate', fates: [fateOf(region), fateOf(other)] });
    }
  }
  const newNames = new Set(renamed.values());
  for (const [name, region] of names.fresh) {
    if (names.old.has(name) || newNames.has(name)) continue;
    found.push({ what: 'region', name, change: 'added', after: placed(region) });
  }
  return found;
}

const fateOf = ({ kind, why, isDefault }: RegionView): Fate => ({ kind, isDefault, ...(why && { why }) });
const isSameFate = (a: Fate, b: Fate): boolean =>
  a.kind === b.kind && a.why === b.why && a.isDefault === b.isDefault;

/** @param other what it is now; absent: gone @param to its new name, where it has one */
function changesOf(
  what: 'heap' | 'region',
  name: string,
  one: HeapView | RegionView,
  other: HeapView | RegionView | undefined,
  to: string | undefined,
): BootDifference[] {
  const base = { what, name };
  if ('backend' in one && one.region === undefined && other !== undefined) {
    const change = (one.size ?? 0n) - (other.size ?? 0n);
    return change < UNMODELLED && change > -UNMODELLED
      ? []
      : sizeChange(base, freePages(one), freePages(other));
  }
  if (other === undefined) return [{ ...base, change: 'removed', before: placed(one) }];
  const places = { before: placed(one), after: placed(other) };
  return [
    ...(to === undefined ? [] : [{ ...base, change: 'renamed' as const, other: to, ...places }]),
    ...(one.base === other.base ? [] : [{ ...base, change: 'moved' as const, ...places }]),
    ...sizeChange(base, one, other),
  ];
}

/** What has become larger or smaller. A region that is in one boot nowhere has moved. */
function sizeChange(
  base: Pick<BootDifference, 'what' | 'name'>,
  one: Placed,
  other: Placed,
): BootDifference[] {
  if (one.size === undefined || other.size === undefined || one.size === other.size) return [];
  const change = other.size > one.size ? 'grown' : 'shrunk';
  return [{ ...base, change, before: placed(one), after: placed(other) }];
}

/** Lines with numbers of the model's own differ in what no kernel has said. */
const comparable = (log: readonly LogLine[]): readonly LogLine[] =>
  log.filter(({ estimated }) => estimated !== true);

/** The lines of the log that only one of them has, by level and text: the emulated clock says nothing. */
export const logDifferences = (before: Booted, after: Booted): readonly DiffHunk<LogLine>[] =>
  hunksOf(diffLines(comparable(before.log), comparable(after.log), ({ level, text }) => `${level} ${text}`));
