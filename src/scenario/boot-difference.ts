/** What two boots have not in common: heaps and regions that come, go, move or change their size. */
import { boot } from '../kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import type { HeapView, RegionView } from '../kernel/views/views.ts';
import { InMemoryPhysMemory } from '../mm/phys-memory.ts';
import { MemoryRecords } from '../records.ts';
import type { PreparedScenario } from './prepare.ts';

export interface Booted {
  readonly heaps: readonly HeapView[];
  readonly regions: readonly RegionView[];
  readonly panic?: string;
}

/** What a scenario's boot leaves before its first step. */
export function bootedBy({ board, params }: Pick<PreparedScenario, 'board' | 'params'>): Booted {
  const records = new MemoryRecords();
  const { panic } = boot(board, params, records);
  if (panic !== undefined) return { heaps: [], regions: [], panic };
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  return { heaps: kernel.heaps(), regions: kernel.regions() };
}

/** Where something lies; absent base: nowhere, or wherever there is room. */
export interface Placed {
  readonly base?: bigint;
  readonly size?: bigint;
}

export interface BootDifference {
  readonly what: 'heap' | 'region';
  readonly name: string;
  readonly change: 'added' | 'removed' | 'moved' | 'resized';
  readonly before?: Placed;
  readonly after?: Placed;
}

const placed = ({ base, size }: { readonly base?: bigint; readonly size?: bigint }): Placed => ({
  ...(base !== undefined && { base }),
  ...(size !== undefined && { size }),
});

function differ(
  what: BootDifference['what'],
  before: readonly (Placed & { readonly name: string })[],
  after: readonly (Placed & { readonly name: string })[],
): BootDifference[] {
  const found: BootDifference[] = [];
  const then = new Map(before.map((one) => [one.name, one]));
  const now = new Map(after.map((one) => [one.name, one]));
  for (const [name, one] of then) {
    const other = now.get(name);
    const base = { what, name, before: placed(one) };
    if (other === undefined) found.push({ ...base, change: 'removed' });
    else if (other.base !== one.base) found.push({ ...base, change: 'moved', after: placed(other) });
    else if (other.size !== one.size) found.push({ ...base, change: 'resized', after: placed(other) });
  }
  for (const [name, one] of now) {
    if (!then.has(name)) found.push({ what, name, change: 'added', after: placed(one) });
  }
  return found;
}

/** Heaps first, in the order of their minors; then regions in the order of the tree. */
export const bootDifferences = (before: Booted, after: Booted): BootDifference[] => [
  ...differ('heap', before.heaps, after.heaps),
  ...differ('region', before.regions, after.regions),
];
