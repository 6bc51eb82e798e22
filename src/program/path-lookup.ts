/** Paths of /proc, /sys and /dev as a child of a task sees them, looked at without a call of the task. */

import { fail } from '../kernel/calls/results.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type Credentials, ROOT } from '../kernel/task.ts';
import { mayAccess, type VirtualDirectory, type VirtualNode } from '../kernel/virtual-files/index.ts';
import type { Errno } from '../uapi/errno.ts';
import type { Caller } from './caller.ts';
import { type Outcome, remarked } from './outcome.ts';
import { whoRemarks } from './refused-path.ts';
import type { Remark } from './remark.ts';

export type Found = { readonly node: VirtualNode } | { readonly errno: Errno };

/** Who the task is; root when there is none of that name, as one that a command starts would be. */
export function credentialsOf(kernel: Kernel, task: string): Credentials {
  const view = kernel.tasks().find(({ name }) => name === task);
  return view === undefined ? ROOT : { uid: view.uid, gid: view.gid, groups: view.groups };
}

/** The node itself, also when it is a link: lstat(2). */
function lookupLink(kernel: Kernel, path: string, task: string): Found {
  const cut = path.lastIndexOf('/');
  const name = path.slice(cut + 1);
  // A path that ends in a slash goes through the link.
  if (cut < 0 || name === '' || name === '.' || name === '..') return kernel.lookup(path, task);
  const parent = kernel.lookup(`${path.slice(0, cut)}/`, task);
  if ('errno' in parent) return parent;
  if (parent.node.kind !== 'directory') return { errno: 'ENOTDIR' };
  if (!mayAccess(parent.node, credentialsOf(kernel, task), { search: true })) return { errno: 'EACCES' };
  const node = parent.node.get(name);
  // What is not there, the walk says best: ENOENT, ENAMETOOLONG.
  return node === undefined ? kernel.lookup(path, task) : { node };
}

/** The names in a directory with what they are, sorted as `LC_ALL=C ls` does. */
export function entriesOf(
  directory: VirtualDirectory,
): { readonly name: string; readonly node: VirtualNode }[] {
  return [...directory.list()]
    .sort((a, b) => (a < b ? -1 : 1))
    .flatMap((name) => {
      const node = directory.get(name);
      return node === undefined ? [] : [{ name, node }];
    });
}

/** The path cannot be used. */
export type Refused = Outcome & { readonly errno: Errno };

/** A directory's content, or a file by the path that was asked for. */
export interface Listing {
  readonly isDirectory: boolean;
  readonly entries: readonly { readonly name: string; readonly node: VirtualNode }[];
}

/**
 * What `ls` shows of a path. A link to a directory is gone through, and one that leads nowhere is shown itself.
 *
 * @param long as `ls -l`: a link stays a link, and what is in a directory is looked at as well
 */
export function listPath(kernel: Kernel, path: string, task: string, long = false): Listing | Refused {
  const link = lookupLink(kernel, path, task);
  const followed = 'errno' in link || link.node.kind !== 'symlink' || long ? link : kernel.lookup(path, task);
  const found = 'errno' in followed ? link : followed;
  if ('errno' in found) return refused({ kernel, task }, path, found.errno);
  const { node } = found;
  if (node.kind !== 'directory') return { isDirectory: false, entries: [{ name: path, node }] };
  if (!mayAccess(node, credentialsOf(kernel, task), { read: true, search: long }))
    return refused({ kernel, task }, path, 'EACCES', { node });
  return { isDirectory: true, entries: entriesOf(node) };
}

/**
 * Why a path cannot be used.
 *
 * @param node whose mode may forbid it; a mode says nothing of a file that decides by other means
 * @param onlyWritten the mode may allow it, but the file has nothing to read
 */
function refused(
  caller: Caller,
  path: string,
  errno: Errno,
  { node, onlyWritten = false }: { readonly node?: VirtualNode; readonly onlyWritten?: boolean } = {},
): Refused {
  const byMode = errno === 'EACCES' && node !== undefined && node.permission === undefined;
  const remarks: Remark[] = path.startsWith('/') ? [] : [{ is: 'relative-path' }];
  if (onlyWritten) remarks.push({ is: 'only-written' });
  else remarks.push(...whoRemarks(caller, errno));
  const why = byMode ? ({ kind: 'path', path, mode: node.mode, gid: node.gid ?? 0 } as const) : undefined;
  return { ...fail(errno, why), errno, ...remarked(remarks) };
}

/** What open(O_RDONLY) and read(2) give. */
export function readFile(
  kernel: Kernel,
  path: string,
  task: string,
): { readonly bytes: Uint8Array } | Refused {
  const no = (errno: Errno, more = {}) => refused({ kernel, task }, path, errno, more);
  const found = kernel.lookup(path, task);
  if ('errno' in found) return no(found.errno);
  const { node } = found;
  // A link of /proc/PID/fd to an anonymous inode, which cannot be opened a second time.
  if (node.kind === 'symlink') return no('ENXIO');
  if (!mayAccess(node, credentialsOf(kernel, task), { read: true })) return no('EACCES', { node });
  if (node.kind === 'directory') return no('EISDIR');
  // A heap has no read().
  if (node.kind === 'device') return no('EINVAL');
  if (node.read === undefined) return no(node.refusesRead ?? 'EINVAL', { onlyWritten: true });
  const made = node.read();
  return { bytes: typeof made === 'string' ? new TextEncoder().encode(made) : made };
}
