/** Nodes of the kinds that most files are. */
import type { Errno } from '../../uapi/errno.ts';
import { mayAccess, modeAllows } from './access.ts';
import type { VirtualDirectory, VirtualFile, VirtualNode, VirtualSymlink } from './node.ts';

/** What a directory holds: names in the order of readdir(3), each node made when it is looked up. */
export type Entries = ReadonlyMap<string, () => VirtualNode>;

export type Owner = Pick<VirtualNode, 'uid' | 'gid' | 'permission'>;

/** @param entries made when first asked for: a node is a look at one moment */
export function directory(mode: number, entries: () => Entries, owner: Owner = {}): VirtualDirectory {
  let made: Entries | undefined;
  const all = (): Entries => {
    made ??= entries();
    return made;
  };
  return {
    kind: 'directory',
    mode,
    ...owner,
    list: () => [...all().keys()],
    get: (name) => all().get(name)?.(),
  };
}

/** A directory whose names never change. */
export function fixedDirectory(
  mode: number,
  entries: Readonly<Record<string, () => VirtualNode>>,
  owner: Owner = {},
): VirtualDirectory {
  const map = new Map(Object.entries(entries));
  return directory(mode, () => map, owner);
}

export const symlink = (target: string): VirtualSymlink => ({ kind: 'symlink', mode: 0o777, target });

/** A file that is only read; a write is refused with EINVAL. */
export const textFile = (read: () => string, mode = 0o444, owner: Owner = {}): VirtualFile => ({
  kind: 'file',
  mode,
  ...owner,
  read,
});

/** A file of /proc without a write operation: fs/proc/inode.c: proc_reg_write() (Linux 7.3). */
export const procFile = (read: () => string, mode = 0o444): VirtualFile => ({
  ...textFile(read, mode),
  write: () => 'EIO',
});

/** An attribute of sysfs. */
export function attribute(
  read: () => string | Uint8Array,
  given: {
    readonly mode?: number;
    readonly size?: number;
    readonly write?: (bytes: Uint8Array) => Errno | undefined;
  } = {},
): VirtualFile {
  const inode = { mode: given.mode ?? 0o444, size: given.size ?? 4096 };
  return {
    kind: 'file',
    ...inode,
    read,
    ...(given.write && { write: given.write }),
    permission: (credentials, want) => modeAllows(inode.mode, want) && mayAccess(inode, credentials, want),
  };
}
