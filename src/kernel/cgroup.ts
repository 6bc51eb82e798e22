/** The tree of cgroups and who is in it. Models kernel/cgroup/cgroup.c (Linux 7.3), version 2. */
import {
  addCgroup,
  type Cgroup,
  type Controller,
  cgroupOf,
  effective,
  putCgroup,
  ROOT_CGROUP,
} from '../mm/account/cgroup-records.ts';
import {
  chargeForced,
  drainStocks,
  forgetIfUnused,
  reclaim,
  unchargeKernel,
  unchargeUser,
} from '../mm/account/memcg.ts';
import type { Records } from '../records.ts';
import type { Errno } from '../uapi/errno.ts';
import { findTask, putTask, taskNames } from './task.ts';

/** Pages that a task itself uses, as a recorded one did: its stack and tables, and what it had written to. */
export const TASK_PAGES = { kernel: 3, user: 3 };
/** Pages that the kernel takes for a cgroup of its parent's. */
const CGROUP_PAGES = { kernel: 3, user: 0 };
/** What a task that moves itself brings that can be reclaimed: files that it looked at, as a recorded one had. */
const RECLAIMABLE = { kernel: 1, user: 0 };

/** The cgroup that a task is in. */
export const cgroupOfTask = (records: Records, task: string): number =>
  findTask(records, task)?.cgroup ?? ROOT_CGROUP;

/** The tasks of a cgroup: of the root those that are in no other. */
export function tasksIn(records: Records, { id, tasks }: Cgroup): readonly string[] {
  if (id !== ROOT_CGROUP) return tasks;
  return [...taskNames(records)].filter((name) => cgroupOfTask(records, name) === ROOT_CGROUP);
}

/** cgroup_mkdir(). */
export function createCgroup(records: Records, parent: Cgroup, name: string): void {
  addCgroup(records, parent, name);
  chargeForced(records, effective(records, parent.id, 'memory'), CGROUP_PAGES);
}

/** cgroup_rmdir(). What is charged to it stays charged above it until it is freed. */
export function removeCgroup(records: Records, cgroup: Cgroup): Errno | undefined {
  const { id, parent } = cgroup;
  if (parent === undefined || cgroup.tasks.length > 0 || cgroup.children.length > 0) return 'EBUSY';
  reclaim(records, id);
  drainStocks(records, id);
  const above = cgroupOf(records, parent);
  putCgroup(records, { ...above, children: above.children.filter((child) => child !== id) });
  putCgroup(records, { ...cgroupOf(records, id), removed: true });
  forgetIfUnused(records, id);
  unchargeKernel(records, effective(records, parent, 'memory'), CGROUP_PAGES.kernel);
  return undefined;
}

/** Puts a task that is in the root into a cgroup, which pays for it from then on. */
export function enterCgroup(records: Records, name: string, id: number): void {
  const task = findTask(records, name);
  if (task === undefined || id === ROOT_CGROUP) return;
  const cgroup = cgroupOf(records, id);
  putCgroup(records, { ...cgroup, tasks: [...cgroup.tasks, name] });
  const memcg = effective(records, id, 'memory');
  const charged = task.charged ?? [];
  const isNew = memcg !== ROOT_CGROUP && !charged.includes(memcg);
  if (isNew) chargeForced(records, memcg, TASK_PAGES);
  putTask(records, name, { ...task, cgroup: id, charged: isNew ? [...charged, memcg] : charged });
}

function leaveCgroup(records: Records, name: string): void {
  const task = findTask(records, name);
  if (task?.cgroup === undefined) return;
  const { cgroup: id, ...rest } = task;
  const cgroup = cgroupOf(records, id);
  putCgroup(records, { ...cgroup, tasks: cgroup.tasks.filter((other) => other !== name) });
  putTask(records, name, rest);
}

/**
 * Moves a task: cgroup_attach_task(). What it was charged before stays where it is.
 *
 * @param by the task that asks
 */
export function moveTask(records: Records, by: string, name: string, to: Cgroup): Errno | undefined {
  if (to.id !== ROOT_CGROUP && to.subtreeControl.length > 0) return 'EBUSY';
  if (cgroupOfTask(records, name) === to.id) return undefined;
  leaveCgroup(records, name);
  enterCgroup(records, name, to.id);
  const id = effective(records, to.id, 'memory');
  if (by === name && id !== ROOT_CGROUP && cgroupOf(records, id).memory.reclaimable === 0) {
    chargeForced(records, id, RECLAIMABLE);
    const memcg = cgroupOf(records, id);
    putCgroup(records, { ...memcg, memory: { ...memcg.memory, reclaimable: RECLAIMABLE.kernel } });
  }
  return undefined;
}

/** What a task's end gives back: cgroup_exit(). */
export function exitCgroup(records: Records, name: string): void {
  leaveCgroup(records, name);
  for (const id of findTask(records, name)?.charged ?? []) {
    unchargeUser(records, id, TASK_PAGES.user);
    unchargeKernel(records, id, TASK_PAGES.kernel);
  }
}

/** Which controllers a cgroup has: cgroup.controllers. */
export const controllersOf = (
  records: Records,
  { parent, controllers = [] }: Cgroup,
): readonly Controller[] => (parent === undefined ? controllers : cgroupOf(records, parent).subtreeControl);

/** A write to cgroup.subtree_control: `+memory -dmem`. */
export function setSubtreeControl(
  records: Records,
  cgroup: Cgroup,
  words: readonly string[],
): Errno | undefined {
  const available = controllersOf(records, cgroup);
  const next = new Set(cgroup.subtreeControl);
  for (const word of words) {
    const controller = word.slice(1);
    if (!/^[+-]/.test(word) || !isController(controller)) return 'EINVAL';
    if (word.startsWith('+')) {
      if (!available.includes(controller)) return 'ENOENT';
      next.add(controller);
    } else {
      const used = cgroup.children.some((id) => cgroupOf(records, id).subtreeControl.includes(controller));
      if (used) return 'EBUSY';
      next.delete(controller);
    }
  }
  // A cgroup has tasks or gives its children controllers, not both.
  if (cgroup.id !== ROOT_CGROUP && next.size > 0 && cgroup.tasks.length > 0) return 'EBUSY';
  putCgroup(records, { ...cgroup, subtreeControl: available.filter((one) => next.has(one)) });
  return undefined;
}

const isController = (word: string): word is Controller => word === 'memory' || word === 'dmem';
