/** Making and removing directories, which only cgroups are. Models fs/namei.c and kernel/cgroup/cgroup.c (Linux 7.3). */
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { Cgroup } from '../../mm/account/cgroup-records.ts';
import type { Errno } from '../../uapi/errno.ts';
import { createCgroup, removeCgroup } from '../cgroup.ts';
import type { KernelState } from '../state.ts';
import { findTask, ROOT } from '../task.ts';
import { cgroupAt } from '../virtual-files/cgroup.ts';
import { type Lookup, lookup, mayAccess } from '../virtual-files/lookup.ts';
import { fail, ok, type SyscallResult } from './results.ts';

export interface Mkdir {
  readonly path: string;
}

/** mkdir(2): cgroup_mkdir(). */
export function mkdir(state: KernelState, by: string, { path }: Mkdir): SyscallResult {
  const refused = (errno: Errno) => refuse(path, errno);
  const [parent, name] = split(path);
  if (name === '' || name === '.' || name === '..') return refused('EEXIST');
  const above = look(state, by, parent);
  if ('errno' in above) return refused(above.errno);
  if (above.node.kind !== 'directory') return refused('ENOTDIR');
  const there = look(state, by, path);
  if ('node' in there) return refused('EEXIST');
  if (there.errno !== 'ENOENT') return refused(there.errno);
  const cgroup = writableCgroup(state, by, above);
  if ('refused' in cgroup) return refused(cgroup.refused);
  if (name.includes('\n')) return refused('EINVAL');
  createCgroup(state.records, cgroup, name);
  return ok(0);
}

/** rmdir(2): cgroup_rmdir(). */
export function rmdir(state: KernelState, by: string, { path }: Mkdir): SyscallResult {
  const refused = (errno: Errno) => refuse(path, errno);
  const [parent, name] = split(path);
  if (name === '.') return refused('EINVAL');
  if (name === '..') return refused('ENOTEMPTY');
  const there = look(state, by, path);
  if ('errno' in there) return refused(there.errno);
  if (there.node.kind !== 'directory') return refused('ENOTDIR');
  const above = look(state, by, parent);
  if ('errno' in above) return refused(above.errno);
  // devtmpfs looks whether anything is in it: simple_rmdir().
  if (isDev(there) && there.node.list().length > 0) return refused('ENOTEMPTY');
  const cgroup = cgroupAt(state.records, there.path);
  if (cgroup?.parent === undefined) return refused(cgroup === undefined ? refusal(there) : 'EBUSY');
  const holder = writableCgroup(state, by, above);
  if ('refused' in holder) return refused(holder.refused);
  const errno = removeCgroup(state.records, cgroup);
  return errno === undefined ? ok(0) : refused(errno);
}

function refuse(path: string, errno: Errno): SyscallResult {
  const reason =
    errno === 'ENOENT'
      ? path.startsWith('/sys/fs/cgroup/')
        ? 'not-there'
        : 'not-a-cgroup'
      : errno === 'EPERM'
        ? 'not-a-cgroup'
        : errno === 'EBUSY'
          ? 'in-use'
          : undefined;
  return fail(errno, { kind: 'path', path, ...(reason && { cgroup: reason }) });
}

/** A path as that of the directory and the name in it. */
function split(path: string): [parent: string, name: string] {
  const whole = path.replace(/\/+$/, '');
  const slash = whole.lastIndexOf('/');
  return [slash <= 0 ? whole.slice(0, slash + 1) : whole.slice(0, slash), whole.slice(slash + 1)];
}

const credentialsOf = (state: KernelState, task: string) =>
  findTask(state.records, task)?.credentials ?? ROOT;

const look = (state: KernelState, by: string, path: string): Lookup =>
  lookup({ ...state.heapContext(by), task: by }, path, credentialsOf(state, by));

type Found = Extract<Lookup, { readonly path: string }>;

/** The cgroup whose directory somebody may change; or why there is none. */
function writableCgroup(state: KernelState, by: string, found: Found): Cgroup | { readonly refused: Errno } {
  const mayWrite = mayAccess(found.node, credentialsOf(state, by), { write: true, search: true });
  if (!mayWrite) return { refused: 'EACCES' };
  return cgroupAt(state.records, found.path) ?? { refused: refusal(found) };
}

const isDev = ({ path }: { readonly path: string }): boolean => /^\/dev(\/|$)/.test(path);

/** What a file system answers that has no such operation. @throws NotModelled where one has it */
function refusal({ path }: Found): Errno {
  if (/^\/(sys|proc)(\/|$)/.test(path)) return 'EPERM';
  throw new NotModelled('making or removing a directory elsewhere than below /sys/fs/cgroup');
}
