/**
 * /proc/PID: a task's descriptors and who it is. Models fs/proc/base.c, fs/proc/fd.c and fs/proc/array.c
 * (Linux 7.3).
 */
import { FileTable } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { cgroupPath, findCgroup, ROOT_CGROUP } from '../../mm/account/cgroup-records.ts';
import type { Records } from '../../records.ts';
import { mayRead, mayWrite } from '../../uapi/fcntl.ts';
import { cgroupOfTask } from '../cgroup.ts';
import {
  type Credentials,
  comm,
  DescriptorTable,
  type FdRecord,
  findTask,
  type TaskRecord,
} from '../task.ts';
import { mayAccess } from './access.ts';
import type { Viewer } from './context.ts';
import { fdinfo, linkTarget } from './fdinfo.ts';
import { fixedDirectory, type Owner, textFile } from './make-node.ts';
import type { VirtualDirectory, VirtualNode } from './node.ts';
import { maps } from './proc-maps.ts';

/** NR_OPEN_DEFAULT: descriptors that every table has room for. */
const FIRST_TABLE = 64;

/** The directory of an existing task. */
export function taskDirectory(viewer: Viewer, name: string): VirtualDirectory {
  const { records } = viewer;
  const task = findTask(records, name);
  if (task === undefined) throw new Error(`no task ${name}`);
  const { uid, gid } = task.credentials;
  const owner: Owner = { uid, gid };
  const itself = viewer.task === name;
  const fd: Owner = {
    ...owner,
    // proc_fd_permission(): a task reaches its own descriptors whatever it has become.
    permission: (credentials, want) => itself || mayAccess({ mode: 0o500, ...owner }, credentials, want),
  };
  const mayLook = (credentials: Credentials): boolean => itself || mayTrace(credentials, task);
  const traced = (mode: number): Owner => ({
    ...owner,
    // proc_fdinfo_permission()
    permission: (credentials, want) =>
      mayLook(credentials) && mayAccess({ mode, ...owner }, credentials, want),
  });
  // proc_fd_access_allowed(): the mode of a link says how the file is open, and refuses nobody.
  const link: Owner = { ...owner, permission: mayLook };
  const table = new DescriptorTable(records, name);
  const hasCgroups = findCgroup(records, ROOT_CGROUP) !== undefined;
  const cgroup = () =>
    textFile(() => `0::${cgroupPath(records, cgroupOfTask(records, name))}\n`, 0o444, owner);
  return fixedDirectory(
    0o555,
    {
      ...(hasCgroups && { cgroup }),
      comm: () => ({ ...textFile(() => `${comm(name)}\n`, 0o644, owner), write: renamed }),
      fd: () => descriptors(table, 0o500, fd, ({ file }) => fdLink(records, file, link)),
      fdinfo: () =>
        descriptors(table, 0o555, traced(0o555), (record) =>
          textFile(() => fdinfo(records, record), 0o444, traced(0o444)),
        ),
      maps: () => textFile(() => maps(records, name), 0o444, traced(0o444)),
      status: () => textFile(() => status(table, name, task), 0o444, owner),
    },
    owner,
  );
}

/** A directory by descriptors: one is found without a look at the others. */
const descriptors = (
  table: DescriptorTable,
  mode: number,
  owner: Owner,
  node: (record: FdRecord) => VirtualNode,
): VirtualDirectory => ({
  kind: 'directory',
  mode,
  ...owner,
  list: () => [...table.entries()].map(([fd]) => `${fd}`),
  get: (name) => {
    // name_to_int(): digits in one way only.
    if (!/^(0|[1-9][0-9]{0,9})$/.test(name)) return undefined;
    const record = table.get(Number(name));
    return record && node(record);
  },
});

/** ptrace_may_access(PTRACE_MODE_READ_FSCREDS). */
const mayTrace = ({ uid, gid }: Credentials, { credentials }: TaskRecord): boolean =>
  uid === 0 || (uid === credentials.uid && gid === credentials.gid);

/** A link of /proc/PID/fd: its mode says how the file is open; tid_fd_update_inode(). */
function fdLink(records: Records, number: number, owner: Owner): VirtualNode {
  const file = new FileTable(records).get(number);
  if (file === undefined) throw new Error(`file ${number} is not open`);
  const mode = (mayRead(file.flags) ? 0o500 : 0) | (mayWrite(file.flags) ? 0o300 : 0);
  const target = linkTarget(file);
  const hasPath = file.kind === 'dma_heap' || file.kind === 'drm' || 'path' in file;
  return { kind: 'symlink', mode, ...owner, target, magic: true, size: 64, ...(hasPath && { path: target }) };
}

function renamed(): never {
  throw new NotModelled('a write to comm');
}

/** proc_pid_status(), the lines that the model knows something of. */
function status(table: DescriptorTable, name: string, { pid, credentials }: TaskRecord): string {
  const { uid, gid, groups } = credentials;
  const highest = [...table.entries()].reduce((most, [fd]) => Math.max(most, fd), 0);
  let size = FIRST_TABLE;
  while (size <= highest) size *= 2;
  const four = (id: number): string => Array.from({ length: 4 }, () => `${id}`).join('\t');
  return [
    `Name:\t${comm(name)}`,
    `Tgid:\t${pid}`,
    `Pid:\t${pid}`,
    `Uid:\t${four(uid)}`,
    `Gid:\t${four(gid)}`,
    `FDSize:\t${size}`,
    `Groups:\t${groups.join(' ')} `,
    'Threads:\t1',
  ]
    .map((line) => `${line}\n`)
    .join('');
}
