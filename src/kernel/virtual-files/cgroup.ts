/**
 * /sys/fs/cgroup: the tree of cgroups, and what their controllers show. Models the files of kernel/cgroup/cgroup.c,
 * mm/memcontrol.c and kernel/cgroup/dmem.c (Linux 7.3). What else a target has in these directories is not modelled,
 * and so it is not there.
 */
import {
  type Cgroup,
  cgroupOf,
  type DmemCounts,
  downward,
  findCgroup,
  putCgroup,
  ROOT_CGROUP,
} from '../../mm/account/cgroup-records.ts';
import { changeDmem, dmemCounts, dmemRegions } from '../../mm/account/dmem.ts';
import { countEvent, drainStocks, reclaim } from '../../mm/account/memcg.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { Errno } from '../../uapi/errno.ts';
import { memparse } from '../../units.ts';
import { controllersOf, moveTask, setSubtreeControl, TASK_PAGES, tasksIn } from '../cgroup.ts';
import { findTask, SHELL_TASK, taskCalled } from '../task.ts';
import type { Viewer } from './context.ts';
import { directory, type Entries, textFile } from './make-node.ts';
import type { VirtualDirectory, VirtualFile, VirtualNode } from './node.ts';

const MOUNT = '/sys/fs/cgroup';

/** The cgroup whose directory a path is; `undefined` where it is none's. @param path without links */
export function cgroupAt(records: Records, path: string): Cgroup | undefined {
  if (path !== MOUNT && !path.startsWith(`${MOUNT}/`)) return undefined;
  let at = findCgroup(records, ROOT_CGROUP);
  for (const name of path.slice(MOUNT.length + 1).split('/')) {
    if (name !== '') at = at && childOf(records, at, name);
  }
  return at;
}

const childrenOf = (records: Records, { children }: Cgroup): readonly Cgroup[] =>
  children.map((id) => cgroupOf(records, id));

const childOf = (records: Records, cgroup: Cgroup, name: string): Cgroup | undefined =>
  childrenOf(records, cgroup).find((child) => child.name === name);

/** What is in /sys/fs: the mount, where the kernel has cgroups. */
export function cgroupMount(viewer: Viewer): Entries {
  const root = findCgroup(viewer.records, ROOT_CGROUP);
  return root === undefined ? new Map() : new Map([['cgroup', () => cgroupDirectory(viewer, root)]]);
}

const cgroupDirectory = (viewer: Viewer, cgroup: Cgroup): VirtualDirectory =>
  directory(0o755, () => {
    const files = [...coreFiles(viewer, cgroup), ...controllerFiles(viewer, cgroup)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    const children = childrenOf(viewer.records, cgroup).map(
      (child) => [child.name, () => cgroupDirectory(viewer, child)] as const,
    );
    return new Map<string, () => VirtualNode>([
      ...files.map(([name, file]) => [name, () => file] as const),
      ...children,
    ]);
  });

type Files = readonly (readonly [name: string, file: VirtualFile])[];

/** A file that root may write. @param take gets the text without blanks around it */
const setting = (read: () => string, take: (text: string) => Errno | undefined): VirtualFile => ({
  ...textFile(read, 0o644),
  write: (bytes) => take(new TextDecoder().decode(bytes).trim()),
});

function coreFiles({ records, task = SHELL_TASK }: Viewer, cgroup: Cgroup): Files {
  const lines = (words: readonly (string | number)[]): string => words.map((word) => `${word}\n`).join('');
  const pids = (): string => lines(tasksIn(records, cgroup).map((name) => findTask(records, name)?.pid ?? 0));
  const move = (text: string): Errno | undefined => {
    if (!/^[0-9]+$/.test(text)) return 'EINVAL';
    const moved = text === '0' ? task : taskCalled(records, text);
    return moved === undefined ? 'ESRCH' : moveTask(records, task, moved, cgroup);
  };
  const line = (words: readonly string[]): string => (words.length === 0 ? '\n' : `${words.join(' ')}\n`);
  const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');
  return [
    ['cgroup.controllers', textFile(() => line(controllersOf(records, cgroup)))],
    ['cgroup.procs', setting(pids, move)],
    [
      'cgroup.subtree_control',
      setting(
        () => line(cgroup.subtreeControl),
        (text) => setSubtreeControl(records, cgroup, words(text)),
      ),
    ],
  ];
}

function controllerFiles(viewer: Viewer, cgroup: Cgroup): Files {
  const controllers = controllersOf(viewer.records, cgroup);
  return [
    ...(controllers.includes('memory') ? memoryFiles(viewer, cgroup) : []),
    ...(controllers.includes('dmem') ? dmemFiles(viewer, cgroup) : []),
  ];
}

function memoryFiles(viewer: Viewer, cgroup: Cgroup): Files {
  const { records } = viewer;
  const { pageSize } = geometryOf(records);
  const { usage, watermark, max, events } = cgroup.memory;
  const bytes = (pages: number): string => `${pages * pageSize}\n`;
  const stat = ['memory.stat', textFile(() => memoryStat(records, cgroup))] as const;
  if (cgroup.id === ROOT_CGROUP) return [stat];
  return [
    ['memory.current', textFile(() => bytes(usage))],
    [
      'memory.events',
      textFile(
        () =>
          `low 0\nhigh 0\nmax ${events.max}\noom ${events.oom}\noom_kill ${events.oom_kill}\noom_group_kill 0\nsock_throttled 0\n`,
      ),
    ],
    [
      'memory.max',
      setting(
        () => (max === undefined ? 'max\n' : bytes(max)),
        (text) => setMemoryMax(viewer, cgroup, text),
      ),
    ],
    ['memory.peak', textFile(() => bytes(watermark))],
    stat,
  ];
}

/** A limit in bytes: `max`, or a number as memparse() reads it; absent where it is neither. */
function parseLimit(text: string): bigint | 'max' | undefined {
  if (text === 'max') return text;
  const [bytes, rest] = memparse(text);
  return text === '' || rest !== '' ? undefined : bytes;
}

/** memory_max_write(): what is above a new limit is reclaimed, and tasks end until the rest is below or none is left. */
function setMemoryMax({ records, caller }: Viewer, { id }: Cgroup, text: string): Errno | undefined {
  const limit = parseLimit(text);
  if (limit === undefined) return 'EINVAL';
  const { pageSize } = geometryOf(records);
  const { max: _, ...memory } = cgroupOf(records, id).memory;
  const max = limit === 'max' ? undefined : Number(limit / BigInt(pageSize));
  putCgroup(records, {
    ...cgroupOf(records, id),
    memory: { ...memory, ...(max !== undefined && { max }) },
  });
  if (max === undefined) return undefined;
  const isAbove = (): boolean => cgroupOf(records, id).memory.usage > max;
  if (isAbove()) drainStocks(records, id);
  if (isAbove()) reclaim(records, id);
  while (isAbove() && caller !== undefined && !caller.isDying()) {
    countEvent(records, id, 'oom');
    if (!caller.oomKill(id)) break;
  }
  return undefined;
}

/** The lines of memory.stat, in order; those that the model knows nothing of are 0. */
const MEMORY_STAT =
  'anon file kernel kernel_stack pagetables sec_pagetables percpu sock vmalloc shmem file_mapped file_dirty file_writeback anon_thp file_thp shmem_thp inactive_anon active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable slab workingset_refault_anon workingset_refault_file workingset_activate_anon workingset_activate_file workingset_restore_anon workingset_restore_file workingset_nodereclaim pgdemote_kswapd pgdemote_direct pgdemote_khugepaged pgdemote_proactive pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive pgscan_kswapd pgscan_direct pgscan_khugepaged pgscan_proactive pgrefill pgscan pgsteal pswpin pswpout pgfault pgmajfault pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc thp_swpout thp_swpout_fallback'.split(
    ' ',
  );

function memoryStat(records: Records, cgroup: Cgroup): string {
  const { pageSize } = geometryOf(records);
  const tasks = [...downward(records, cgroup.id)].reduce((sum, one) => sum + one.tasks.length, 0);
  const known = new Map([
    ['anon', tasks * TASK_PAGES.user * pageSize],
    ['kernel', cgroup.memory.kernel * pageSize],
  ]);
  return MEMORY_STAT.map((name) => `${name} ${known.get(name) ?? 0}\n`).join('');
}

function dmemFiles({ records }: Viewer, cgroup: Cgroup): Files {
  const lines = (value: (counts: DmemCounts, size: bigint) => bigint | 'max'): string =>
    dmemRegions(records)
      .map(({ name, size }) => `${name} ${value(dmemCounts(cgroup, name), size)}\n`)
      .join('');
  const current = ['dmem.current', textFile(() => lines(({ usage }) => usage))] as const;
  if (cgroup.id === ROOT_CGROUP) {
    return [['dmem.capacity', textFile(() => lines((_, size) => size))], current];
  }
  const bound = (key: 'min' | 'low' | 'max', text: () => string) =>
    [`dmem.${key}`, setting(text, (written) => setDmem(records, cgroup.id, key, written))] as const;
  return [
    current,
    bound('low', () => lines(({ low }) => low)),
    bound('max', () => lines(({ max }) => max ?? 'max')),
    bound('min', () => lines(({ min }) => min)),
    ['dmem.peak', textFile(() => lines(({ watermark }) => watermark))],
  ];
}

/** Lines `REGION BYTES` or `REGION max`: dmemcg_limit_write(). A limit below the use is taken, and only refuses more. */
function setDmem(records: Records, id: number, key: 'min' | 'low' | 'max', text: string): Errno | undefined {
  for (const line of text.split('\n')) {
    const [name, value = '', ...more] = line.trim().split(/\s+/);
    const limit = parseLimit(value);
    if (name === undefined || limit === undefined || more.length > 0) return 'EINVAL';
    const region = dmemRegions(records).find((one) => one.name === name);
    if (region === undefined) return 'EINVAL';
    const cgroup = cgroupOf(records, id);
    const { [key]: _, ...counts } = dmemCounts(cgroup, name);
    // No limit is absent; no protection is 0, and all of it the region's size.
    const none = key === 'max' ? {} : { [key]: region.size };
    const next = { min: 0n, low: 0n, ...counts, ...(limit === 'max' ? none : { [key]: limit }) };
    changeDmem(records, cgroup, name, next);
  }
  return undefined;
}
