/** Who may do what with a file. Models fs/namei.c: generic_permission() (Linux 7.3). */
import type { Credentials } from '../task.ts';

/** The ways to use a file: MAY_READ, MAY_WRITE and MAY_EXEC, which of a directory is to search it. */
export interface Access {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly search?: boolean;
}

/** What says who may use a file. */
export interface Guarded {
  /** Permission bits, `0o444`. */
  readonly mode: number;
  /** The owner, 0 unless given. */
  readonly uid?: number;
  readonly gid?: number;
  /** Takes the place of the check by mode, owner and group: inode_operations.permission. */
  readonly permission?: (credentials: Credentials, want: Access) => boolean;
}

/** The bits that a use needs in one class of a mode. */
const bitsOf = ({ read, write, search }: Access): number =>
  (read === true ? 4 : 0) | (write === true ? 2 : 0) | (search === true ? 1 : 0);

/**
 * Whether a task with these credentials may use a file in all the ways of `want`. One class of bits decides:
 * the owner's, else the group's, else the others'. User 0 may everything.
 */
export function mayAccess(node: Guarded, credentials: Credentials, want: Access): boolean {
  if (node.permission !== undefined) return node.permission(credentials, want);
  const { uid, gid, groups } = credentials;
  if (uid === 0) return true;
  const owningGroup = node.gid ?? 0;
  const shift = uid === (node.uid ?? 0) ? 6 : gid === owningGroup || groups.includes(owningGroup) ? 3 : 0;
  const bits = bitsOf(want);
  return ((node.mode >> shift) & bits) === bits;
}

/**
 * The check that sysfs adds when a file is opened: nobody, not even user 0, gets what the mode allows to none.
 * fs/kernfs/file.c: kernfs_fop_open() (Linux 7.3)
 */
export const modeAllows = (mode: number, want: Access): boolean =>
  (want.read !== true || (mode & 0o444) !== 0) && (want.write !== true || (mode & 0o222) !== 0);
