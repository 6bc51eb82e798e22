/** Which file system a path lies on, and the numbers of its inodes. */

/** A mount. */
export interface FileSystem {
  readonly name: 'rootfs' | 'devtmpfs' | 'proc' | 'sysfs' | 'debugfs' | 'cgroup2';
  /** The minor number of st_dev. */
  readonly minor: number;
  /** st_blksize where it is not a page. */
  readonly blockSize?: number;
}

/** proc_fill_super() has blocks of its own. */
const PROC_BLOCK = 1024;

/** The mounts, those inside of others first. The minors are the model's own: those of a kernel are given out as it boots. */
const MOUNTS: readonly (readonly [at: string, system: FileSystem])[] = [
  ['/sys/kernel/debug', { name: 'debugfs', minor: 7 }],
  ['/sys/fs/cgroup', { name: 'cgroup2', minor: 26 }],
  ['/sys', { name: 'sysfs', minor: 22 }],
  ['/proc', { name: 'proc', minor: 21, blockSize: PROC_BLOCK }],
  ['/dev', { name: 'devtmpfs', minor: 6 }],
];
const ROOT: FileSystem = { name: 'rootfs', minor: 2 };

/** The file system of a path without links, `.` and `..`. */
export const fileSystemOf = (path: string): FileSystem =>
  MOUNTS.find(([at]) => path === at || path.startsWith(`${at}/`))?.[1] ?? ROOT;

/**
 * The number of a path's inode: the same whenever and however it is asked for.
 *
 * Deviation: a hash of the path (FNV-1a), where a kernel counts.
 */
export function inodeOf(path: string): bigint {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return BigInt(hash >>> 0) + 1n;
}
