/** Control groups as records: the tree, and what its controllers count. Models struct cgroup (Linux 7.3). */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';

export type Controller = 'memory' | 'dmem';

/** struct mem_cgroup; pages. */
export interface MemcgCounts {
  readonly usage: number;
  /** The limit; absent: none. */
  readonly max?: number;
  /** The highest usage. */
  readonly watermark: number;
  /** Charged ahead, and used before the counters are asked: memcg_stock. */
  readonly stock: number;
  /** What of the usage is the kernel's. */
  readonly kernel: number;
  /** What reclaim would give back. */
  readonly reclaimable: number;
  readonly events: Readonly<Record<MemcgEvent, number>>;
}

export type MemcgEvent = 'max' | 'oom' | 'oom_kill';

/** struct dmem_cgroup_pool_state: bytes of one region. */
export interface DmemCounts {
  readonly usage: bigint;
  readonly watermark: bigint;
  readonly min: bigint;
  readonly low: bigint;
  /** The limit; absent: none. */
  readonly max?: bigint;
}

export interface Cgroup {
  readonly id: number;
  readonly name: string;
  /** Absent of the root. */
  readonly parent?: number;
  /** In the order in which they were made. */
  readonly children: readonly number[];
  /** Of the root: what the kernel has. */
  readonly controllers?: readonly Controller[];
  /** What its children have: cgroup.subtree_control. */
  readonly subtreeControl: readonly Controller[];
  /** Its tasks, in the order in which they came; not of the root, where every other task is. */
  readonly tasks: readonly string[];
  /** Removed, with charges that are left. */
  readonly removed?: true;
  readonly memory: MemcgCounts;
  /** By region. */
  readonly dmem: Readonly<Record<string, DmemCounts>>;
}

export const ROOT_CGROUP = 1;
const NEXT = 'cgroups';
const keyOf = (id: number): string => recordKey('cgroup', id);

const EMPTY: Pick<Cgroup, 'children' | 'subtreeControl' | 'tasks' | 'memory' | 'dmem'> = {
  children: [],
  subtreeControl: [],
  tasks: [],
  memory: {
    usage: 0,
    watermark: 0,
    stock: 0,
    kernel: 0,
    reclaimable: 0,
    events: { max: 0, oom: 0, oom_kill: 0 },
  },
  dmem: {},
};

/** Makes the root, which gives its children what systemd gives them: every controller. */
export function createRootCgroup(records: Records, controllers: readonly Controller[]): void {
  records.put<Cgroup>(keyOf(ROOT_CGROUP), {
    ...EMPTY,
    id: ROOT_CGROUP,
    name: '',
    controllers,
    subtreeControl: controllers,
  });
  records.put(NEXT, ROOT_CGROUP + 1);
}

export function addCgroup(records: Records, parent: Cgroup, name: string): Cgroup {
  const id = records.get<number>(NEXT) ?? ROOT_CGROUP + 1;
  records.put(NEXT, id + 1);
  const cgroup: Cgroup = { ...EMPTY, id, name, parent: parent.id };
  putCgroup(records, cgroup);
  putCgroup(records, { ...parent, children: [...parent.children, id] });
  return cgroup;
}

export const findCgroup = (records: Records, id: number): Cgroup | undefined =>
  records.get<Cgroup>(keyOf(id));

export const putCgroup = (records: Records, cgroup: Cgroup): void => records.put(keyOf(cgroup.id), cgroup);

export const deleteCgroup = (records: Records, id: number): void => records.delete(keyOf(id));

/** The cgroup. @throws Error when there is none: callers have checked */
export function cgroupOf(records: Records, id: number): Cgroup {
  const cgroup = findCgroup(records, id);
  if (cgroup === undefined) throw new Error(`no cgroup ${id}`);
  return cgroup;
}

/** The cgroup and those above it, the root last. */
export function* upward(records: Records, id: number): Iterable<Cgroup> {
  for (let at: number | undefined = id; at !== undefined; ) {
    const cgroup = cgroupOf(records, at);
    yield cgroup;
    at = cgroup.parent;
  }
}

/** The cgroup and those below it, each before its children. */
export function* downward(records: Records, id: number): Iterable<Cgroup> {
  const cgroup = cgroupOf(records, id);
  yield cgroup;
  for (const child of cgroup.children) yield* downward(records, child);
}

/** Its path from the root: `/`, `/a/b`. */
export const cgroupPath = (records: Records, id: number): string =>
  `/${[...upward(records, id)]
    .map(({ name }) => name)
    .filter((name) => name !== '')
    .reverse()
    .join('/')}`;

/** The nearest cgroup that a controller counts for: itself, if its parent gives it that controller. */
export function effective(records: Records, id: number, controller: Controller): number {
  for (const cgroup of upward(records, id)) {
    if (cgroup.parent === undefined) return cgroup.id;
    if (cgroupOf(records, cgroup.parent).subtreeControl.includes(controller)) return cgroup.id;
  }
  return ROOT_CGROUP;
}
