/**
 * Calls that would change the file tree, and the current directory. Models fs/namei.c and fs/open.c (Linux 7.3): /proc and
 * /sys have none of these operations; devtmpfs has them all, of which none is modelled that would work.
 */
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { Errno } from '../../uapi/errno.ts';
import { type FoundBy, found } from '../found-path.ts';
import type { KernelState } from '../state.ts';
import { setCwd } from '../task.ts';
import { fileSystemOf } from '../virtual-files/file-system.ts';
import { mayAccess } from '../virtual-files/lookup.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';
import { nodeOf } from './virtual-calls.ts';

export interface Path {
  readonly path: string;
}

const refused = (errno: Errno, path: string): SyscallResult => fail(errno, { kind: 'path', path });

export interface Truncate extends Path {
  readonly length: bigint;
}

/** truncate(2): only regular files have a size. */
export function truncate(state: KernelState, by: string, { path, length }: Truncate): SyscallResult {
  if (length < 0n) return badArgument('EINVAL', 'len', length);
  const at = found(state, by, path);
  if ('refused' in at) return at.refused;
  if (at.node.kind === 'directory') return refused('EISDIR', path);
  if (at.node.kind !== 'file') return refused('EINVAL', path);
  return mayAccess(at.node, at.credentials, { write: true }) ? ok(0) : refused('EACCES', path);
}

/** unlink(2): vfs_unlink(). */
export function unlink(state: KernelState, by: string, { path }: Path): SyscallResult {
  const at = inDirectory(state, by, path);
  if ('refused' in at) return at.refused;
  if (at.there.node.kind === 'directory') return refused('EISDIR', path);
  return withoutOperation(at.there, path, 'removing');
}

export interface TwoPaths extends Path {
  /** The path of what is new. */
  readonly to: string;
}

/** link(2): both must lie on one file system. A new path that is not of this tree lies on another. */
export function link(state: KernelState, by: string, { path, to }: TwoPaths): SyscallResult {
  const at = found(state, by, path, { followLast: false });
  if ('refused' in at) return at.refused;
  const parent = found(state, by, parentOf(to));
  if ('refused' in parent || fileSystemOf(parent.path).name !== fileSystemOf(at.path).name)
    return refused('EXDEV', to);
  return withoutOperation(parent, to, 'linking');
}

/** rename(2): as link(2) as to file systems. */
export function rename(state: KernelState, by: string, { path, to }: TwoPaths): SyscallResult {
  const at = inDirectory(state, by, path);
  if ('refused' in at) return at.refused;
  const parent = found(state, by, parentOf(to));
  if ('refused' in parent || fileSystemOf(parent.path).name !== fileSystemOf(at.there.path).name)
    return refused('EXDEV', to);
  return withoutOperation(parent, to, 'renaming');
}

/** symlink(2) and mknod(2): something new in a directory of this tree. */
export function create(state: KernelState, by: string, { path }: Path): SyscallResult {
  const at = found(state, by, path, { followLast: false });
  if (!('refused' in at)) return refused('EEXIST', path);
  const parent = found(state, by, parentOf(path));
  if ('refused' in parent) return parent.refused;
  if (parent.node.kind !== 'directory') return refused('ENOTDIR', path);
  // What proc_lookup() does not find is not there to be made either.
  return fileSystemOf(parent.path).name === 'proc'
    ? refused('ENOENT', path)
    : withoutOperation(parent, path, 'creating');
}

/** chdir(2). */
export function chdir(state: KernelState, by: string, { path }: Path): SyscallResult {
  const at = found(state, by, path);
  return 'refused' in at ? at.refused : enter(state, by, at, path);
}

/** fchdir(2). */
export function fchdir(state: KernelState, { file, task }: Opened): SyscallResult {
  if (file.kind === 'stream') throw new NotModelled('entering a standard stream');
  if ((file.kind !== 'virtual' && file.kind !== 'path') || !file.directory) return fail('ENOTDIR');
  const node = nodeOf(state, task, file);
  if (node === undefined) return refused('ENOENT', file.path);
  return chdir(state, task, { path: file.path });
}

function enter(state: KernelState, by: string, { node, path, credentials }: FoundBy, asked: string) {
  if (node.kind !== 'directory') return refused('ENOTDIR', asked);
  if (!mayAccess(node, credentials, { search: true })) return refused('EACCES', asked);
  setCwd(state.records, by, path);
  return ok(0);
}

/** The path of the directory that a path lies in. */
function parentOf(path: string): string {
  const whole = path.replace(/\/+$/, '');
  return whole.slice(0, Math.max(whole.lastIndexOf('/'), 1));
}

/** What is to be taken out of a directory, which the caller must be allowed to write to: may_delete(). */
function inDirectory(
  state: KernelState,
  by: string,
  path: string,
): { readonly there: FoundBy } | { readonly refused: SyscallResult } {
  const there = found(state, by, path, { followLast: false });
  if ('refused' in there) return there;
  const parent = found(state, by, parentOf(path));
  if ('refused' in parent) return parent;
  const mayWrite = mayAccess(parent.node, parent.credentials, { write: true, search: true });
  return mayWrite ? { there } : { refused: refused('EACCES', path) };
}

/** @throws NotModelled where the file system has such an operation */
function withoutOperation(at: FoundBy, path: string, doing: string): SyscallResult {
  const { name } = fileSystemOf(at.path);
  if (name === 'devtmpfs' || name === 'rootfs') throw new NotModelled(`${doing} files of ${name}`);
  return refused('EPERM', path);
}
