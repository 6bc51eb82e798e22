/** Actions of tasks: they begin, fork, become other programs, hand on descriptors and end. */
import { DEFAULT_NOFILE, isTaskName, ROOT } from '../kernel/task.ts';
import { FIXED_GROUPS, ID_MAX } from '../program/group-names.ts';
import type { ActionCompilers } from './action.ts';
import type { Getter, Moment } from './moment.ts';
import { BadValue, type Path, type Problem } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Values } from './values.ts';

/** A group's number: digits, or a name that Debian gives a fixed one. */
export function groupNumber(text: string): number | undefined {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text) <= ID_MAX ? Number(text) : undefined;
  return Object.hasOwn(FIXED_GROUPS, text) ? FIXED_GROUPS[text] : undefined;
}

export const EXPECTED_GROUP = `a group's number, or one of ${Object.keys(FIXED_GROUPS).join(', ')}`;

/** A name that a task may have. */
export function taskName(value: string, values: Values, path: Path): Getter<string> {
  const wrong = (name: string): Problem => ({
    code: 'scenario-task-name',
    message: `'${name}' is no name for a task`,
    hint: 'a name begins with a letter or _ and has letters, digits, and _ . - (at most 63)',
    path,
  });
  if (!isTemplate(value)) {
    if (!isTaskName(value)) values.problems.push(wrong(value));
    return () => value;
  }
  const text = values.text(value, path);
  return (at) => {
    const name = text(at);
    if (!isTaskName(name)) throw new BadValue(wrong(name));
    return name;
  };
}

/** Starts a task when there is none of that name: as root, with three open descriptors, as a shell has. */
export function startTask({ machine: { kernel } }: Moment, name: string): void {
  if (kernel.hasTask(name)) return;
  kernel.syscall(name, { call: 'task_add', name, credentials: ROOT, nofile: DEFAULT_NOFILE });
}

type Names = 'task-add' | 'fork' | 'exec' | 'exit' | 'send';

export const TASK_ACTIONS: ActionCompilers<Names> = {
  'task-add': (value, values, path) => {
    const given = typeof value === 'string' ? { name: value } : value;
    const name = taskName(given.name, values, typeof value === 'string' ? path : [...path, 'name']);
    const uid = values.whole(given.uid ?? 0, [...path, 'uid']);
    const gid = given.gid === undefined ? uid : values.whole(given.gid, [...path, 'gid']);
    const groups = (given.groups ?? []).map((group, i) =>
      values.read(group, [...path, 'groups', i], groupNumber, EXPECTED_GROUP),
    );
    const nofile = values.whole(given.nofile ?? DEFAULT_NOFILE, [...path, 'nofile']);
    return (at) =>
      at.machine.kernel.syscall(at.task, {
        call: 'task_add',
        name: name(at),
        credentials: { uid: uid(at), gid: gid(at), groups: groups.map((group) => group(at)) },
        nofile: nofile(at),
      });
  },
  fork: (value, values, path) => {
    const child = taskName(value, values, path);
    return (at) => at.machine.kernel.syscall(at.task, { call: 'fork', child: child(at) });
  },
  exec: () => (at) => at.machine.kernel.syscall(at.task, { call: 'execve' }),
  exit: () => (at) => at.machine.kernel.syscall(at.task, { call: 'exit' }),
  send: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const to = taskName(value.to, values, [...path, 'to']);
    return (at) => {
      const owner = to(at);
      startTask(at, owner);
      const cloexec = value.cloexec === true;
      const result = at.machine.kernel.syscall(at.task, { call: 'sendmsg', fd: fd(at), to: owner, cloexec });
      return result.ret < 0 ? result : { ...result, fd: result.ret, owner };
    };
  },
};
