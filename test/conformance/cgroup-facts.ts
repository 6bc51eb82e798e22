/**
 * How what cgroups show is compared. Pids are the machine's: tasks go by the recorder's names. What is used is charged in
 * batches of 64 pages, so `memory.current` and what follows from it are structural; of the OOM killer's report the
 * numbers are not graded, nor what tasks are called.
 */
import type { Fact } from './fact.ts';
import { exact } from './fact.ts';

/** The recorder's names of tasks, by pid. */
export type TaskNames = ReadonlyMap<number, string>;

const PAGE = 4096;
/** Two batches: a cgroup's own, and one of a cgroup below it. */
const NEAR = 2 * 64 * PAGE;

const nameOf = (tasks: TaskNames, pid: string): string => tasks.get(Number(pid)) ?? pid;

/** The facts of a file of a cgroup; `undefined` when the path is none's, or all of it is exact. */
export function cgroupFacts(
  at: string,
  path: string,
  expected: string,
  got: string | undefined,
  tasks: { readonly recorded: TaskNames; readonly ours: TaskNames },
): Fact[] | undefined {
  const file = /^\/sys\/fs\/cgroup\/(?:.*\/)?([^/]+)$/.exec(path)?.[1];
  switch (file) {
    case 'cgroup.procs': {
      const named = (text: string, names: TaskNames) => text.replace(/\d+/g, (pid) => nameOf(names, pid));
      return [exact(at, named(expected, tasks.recorded), got && named(got, tasks.ours))];
    }
    case 'memory.current':
    case 'memory.peak':
      return [near(at, expected, got)];
    case 'memory.stat': {
      const keys = (text: string): string => text.replace(/ \d+$/gm, '');
      const kernel = (text: string): string => /^kernel (\d+)$/m.exec(text)?.[1] ?? '';
      const order = {
        ...exact(`${at}.keys`, keys(expected), got && keys(got)),
        grade: 'structural',
      } as const;
      return [order, near(`${at}.kernel`, kernel(expected), got && kernel(got))];
    }
    default:
      return undefined;
  }
}

/** Bytes that agree when both are whole pages and lie near each other. */
function near(path: string, expected: string, got: string | undefined): Fact {
  const [want, have] = [Number(expected), Number(got)];
  const agrees = want % PAGE === 0 && have % PAGE === 0 && Math.abs(want - have) <= NEAR;
  return { ...exact(path, expected, got), grade: 'structural', agrees: agrees && got !== undefined };
}

const INVOKED = /^(<4>)\S+( invoked oom-killer: )/;
const USAGE = /^<6>(?:memory|swap): usage /;
const ROW = /^<6>\[ *(\d+)\] .*/;
const VICTIM = /,task=[^,]*,pid=(\d+),uid=(\d+)$/;
const KILLED = /^(<3>Memory cgroup out of memory: Killed process )(\d+) .*/;

/** Whether a line is one of the OOM killer's report whose numbers are not graded. */
export const isOomReport = (line: string): boolean =>
  [INVOKED, USAGE, ROW, VICTIM, KILLED].some((form) => form.test(line));

/** A line of the log with the numbers of an OOM killer's report left out: who and that it was one stays. */
export function oomLine(line: string, tasks: TaskNames): string {
  return line
    .replace(INVOKED, '$1TASK$2')
    .replace(/^(<6>(?:memory|swap): usage ).*/, '$1')
    .replace(ROW, (_, pid) => `<6>[${nameOf(tasks, pid)}]`)
    .replace(VICTIM, (_, pid, uid) => `,task=${nameOf(tasks, pid)},uid=${uid}`)
    .replace(KILLED, (_, head, pid) => `${head}${nameOf(tasks, pid)}`);
}
