/** Whose a file is, and who may do what with it. Models fs/open.c: chmod_common(), chown_common() and fs/attr.c (Linux 7.3). */
import type { DmaBufFile } from '../../dma-buf/dma-buf.ts';
import { changeHeapNode, findDmaHeap, type NodeRights } from '../../dma-buf/dma-heap.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { found } from '../found-path.ts';
import type { KernelState } from '../state.ts';
import { type Credentials, findTask, ROOT } from '../task.ts';
import type { Opened } from './opened.ts';
import { fail, ok, type SyscallResult } from './results.ts';

/** The bits that chmod(2) sets: S_IALLUGO. */
const PERMISSIONS = 0o7777;
/** An id that stays as it is. */
const UNCHANGED = 0xffff_ffff;

export interface Fchmod {
  readonly mode: number;
}

export interface Fchown {
  /** 4294967295, which is -1, leaves it. */
  readonly uid: number;
  readonly gid: number;
}

/** fchmod(2): simple_setattr(). */
export function fchmod(state: KernelState, opened: Opened, { mode }: Fchmod): SyscallResult {
  return setRights(state, opened, { mode: mode & PERMISSIONS });
}

/** fchown(2). */
export function fchown(state: KernelState, opened: Opened, call: Fchown): SyscallResult {
  return setRights(state, opened, ownerOf(call));
}

/** futimens(2): the times themselves are not kept. */
export const futimens = (state: KernelState, opened: Opened): SyscallResult => setRights(state, opened, {});

export interface Fchmodat extends Fchmod {
  readonly path: string;
}

export interface Fchownat extends Fchown {
  readonly path: string;
}

/** chmod(2), fchmodat(2). */
export const fchmodat = (state: KernelState, by: string, { path, mode }: Fchmodat): SyscallResult =>
  setRightsOfPath(state, by, path, { mode: mode & PERMISSIONS });

/** chown(2), fchownat(2). */
export const fchownat = (state: KernelState, by: string, call: Fchownat): SyscallResult =>
  setRightsOfPath(state, by, call.path, ownerOf(call));

export interface Utimensat {
  readonly path: string;
}

/** utimensat(2) of a path: the times themselves are not kept. */
export const utimensat = (state: KernelState, by: string, { path }: Utimensat): SyscallResult =>
  setRightsOfPath(state, by, path, {});

export interface Fgetxattr {
  readonly name: string;
}

/** fgetxattr(2): xattr_permission() has no `user.` of what is no regular file; only tmpfs knows attributes at all. */
export function fgetxattr(_state: KernelState, { file }: Opened, { name }: Fgetxattr): SyscallResult {
  if (file.kind === 'stream' || file.kind === 'virtual')
    throw new NotModelled(`extended attributes of a file of kind ${file.kind}`);
  const isAnonymous = file.kind === 'dma_buf' || file.kind === 'sync_file';
  return fail(name.startsWith('user.') || !isAnonymous ? 'ENODATA' : 'EOPNOTSUPP');
}

const ownerOf = ({ uid, gid }: Fchown): NodeRights => ({
  ...(uid !== UNCHANGED && { uid }),
  ...(gid !== UNCHANGED && { gid }),
});

function setRights(
  state: KernelState,
  { task, file, descriptor }: Opened,
  rights: NodeRights,
): SyscallResult {
  switch (file.kind) {
    case 'dma_buf': {
      const refused = refuse(state, task, file.owner?.uid ?? 0, rights);
      if (refused !== undefined) return refused;
      state.files.put(descriptor.file, changed(file, rights));
      return ok(0);
    }
    case 'dma_heap':
      return setHeapRights(state, task, file.heap, rights);
    default:
      throw new NotModelled(`changing the rights of a file of kind ${file.kind}`);
  }
}

function changed(file: DmaBufFile, { mode, uid, gid }: NodeRights): DmaBufFile {
  const { uid: owner, gid: group } = file.owner ?? ROOT;
  const gives = uid !== undefined || gid !== undefined;
  return {
    ...file,
    ...(mode !== undefined && { mode }),
    ...(gives && { owner: { uid: uid ?? owner, gid: gid ?? group } }),
  };
}

function setRightsOfPath(state: KernelState, by: string, path: string, rights: NodeRights): SyscallResult {
  const at = found(state, by, path);
  if ('refused' in at) return at.refused;
  if (at.node.kind !== 'device' || !('heap' in at.node.opens))
    throw new NotModelled(`changing the rights of ${at.path}`);
  return setHeapRights(state, by, at.node.opens.heap, rights);
}

function setHeapRights(state: KernelState, task: string, name: string, rights: NodeRights): SyscallResult {
  const heap = findDmaHeap(state.records, name);
  if (heap === undefined) throw new Error(`heap ${name} has gone`);
  const refused = refuse(state, task, heap.uid ?? 0, rights);
  if (refused !== undefined) return refused;
  if (Object.keys(rights).length > 0) changeHeapNode(state.records, name, rights);
  return ok(0);
}

/** setattr_prepare(): the owner may change the mode, and give the file to a group that he is in; user 0 may everything. */
function refuse(
  state: KernelState,
  task: string,
  owner: number,
  { uid, gid }: NodeRights,
): SyscallResult | undefined {
  const { uid: caller, gid: own, groups }: Credentials = findTask(state.records, task)?.credentials ?? ROOT;
  if (caller === 0) return undefined;
  const mayGive =
    (uid === undefined || uid === owner) && (gid === undefined || gid === own || groups.includes(gid));
  return caller === owner && mayGive ? undefined : fail('EPERM');
}
