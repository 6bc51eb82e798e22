/**
 * Whom the OOM killer of a cgroup ends. Models mm/oom_kill.c: out_of_memory() and oom_kill_process() (Linux 7.3).
 *
 * Deviation: it picks the task with the most memory of its own, which the model does not know. Buffers do not count in
 * that, so that tasks are taken to be equal, and of equal ones the last that it looks at is picked, as recorded. The
 * sizes in its report are those of a recorded task.
 */
import { cgroupOf, cgroupPath, downward, effective } from '../mm/account/cgroup-records.ts';
import { countEvent } from '../mm/account/memcg.ts';
import type { Printk } from '../printk.ts';
import { geometryOf } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { cgroupOfTask, tasksIn } from './cgroup.ts';
import { comm, findTask } from './task.ts';

/** The task that nobody kills. */
const INIT_PID = 1;
/** What a recorded task used, pages. */
const RECORDED = { totalVm: 683, rss: 142, anon: 28, shmem: 114, tables: 10 };

const pidOf = (records: Records, name: string): number => findTask(records, name)?.pid ?? 0;

/**
 * Picks a task of a cgroup whose memory is used up, and reports as Linux does.
 *
 * @param by who asked for memory
 * @returns the task that is to end; `undefined` when none can
 */
export function pickVictim(records: Records, printk: Printk, by: string, memcg: number): string | undefined {
  const tasks = [...downward(records, memcg)]
    .flatMap((cgroup) => tasksIn(records, cgroup))
    .filter((name) => pidOf(records, name) !== INIT_PID);
  report(records, printk, by, memcg, tasks);
  const victim = tasks.at(-1);
  if (victim === undefined) {
    printk.print(4, 'Out of memory and no killable processes...');
    return undefined;
  }
  const pid = pidOf(records, victim);
  const uid = findTask(records, victim)?.credentials.uid ?? 0;
  const own = cgroupOfTask(records, victim);
  countEvent(records, effective(records, own, 'memory'), 'oom_kill');
  const kB = (pages: number): number => (pages * geometryOf(records).pageSize) / 1024;
  const [all, anon, shmem, tables] = [RECORDED.totalVm, RECORDED.anon, RECORDED.shmem, RECORDED.tables].map(
    kB,
  );
  printk.print(
    6,
    `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=${cgroupPath(records, memcg)},task_memcg=${cgroupPath(records, own)},task=${comm(victim)},pid=${pid},uid=${uid}`,
  );
  printk.print(
    3,
    `Memory cgroup out of memory: Killed process ${pid} (${comm(victim)}) total-vm:${all}kB, anon-rss:${anon}kB, file-rss:0kB, shmem-rss:${shmem}kB, UID:${uid} pgtables:${tables}kB oom_score_adj:0`,
  );
  return victim;
}

/** dump_header(). */
function report(records: Records, printk: Printk, by: string, memcg: number, tasks: readonly string[]): void {
  const { pageSize } = geometryOf(records);
  const { usage, max = 0, events } = cgroupOf(records, memcg).memory;
  const kB = (pages: number): number => (pages * pageSize) / 1024;
  printk.print(
    4,
    `${comm(by)} invoked oom-killer: gfp_mask=0x500dc2(GFP_HIGHUSER|__GFP_ZERO|__GFP_ACCOUNT), order=0, oom_score_adj=0`,
  );
  printk.print(6, `memory: usage ${kB(usage)}kB, limit ${kB(max)}kB, failcnt ${events.max}`);
  printk.print(6, 'swap: usage 0kB, limit 9007199254740988kB, failcnt 0');
  printk.print(6, `Memory cgroup stats for ${cgroupPath(records, memcg)}:`);
  printk.print(4, 'Memory cgroup min protection 0kB -- low protection 0kB');
  printk.print(6, 'Tasks state (memory values in pages):');
  printk.print(
    6,
    '[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name',
  );
  for (const name of tasks) {
    const { pid = 0, credentials } = findTask(records, name) ?? {};
    const column = (value: number, width: number): string => `${value}`.padStart(width);
    const { totalVm, rss, anon, shmem, tables } = RECORDED;
    printk.print(
      6,
      `[${column(pid, 7)}] ${column(credentials?.uid ?? 0, 5)} ${column(pid, 5)} ${column(totalVm, 8)} ${column(rss, 8)} ${column(anon, 8)} ${column(0, 8)} ${column(shmem, 9)} ${column(tables * pageSize, 8)} ${column(0, 8)} ${column(0, 13)} ${comm(name)}`,
    );
  }
}
