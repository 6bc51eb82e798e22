/**
 * Files that are made when they are looked at: the nodes of /proc, /sys and /dev. Models the shape of struct
 * inode with its operations (include/linux/fs.h, Linux 7.3); nothing of them is kept.
 */
import type { Errno } from '../../uapi/errno.ts';
import type { Guarded } from './access.ts';

interface Inode extends Guarded {
  /** st_size where it is known without a look at the content; 0 unless given. */
  readonly size?: number;
}

/** A file whose bytes are made when it is read. */
export interface VirtualFile extends Inode {
  readonly kind: 'file';
  /** Absent where a read is refused. */
  readonly read?: () => string | Uint8Array;
  /** The errno of a read where `read` is absent; EINVAL unless given. */
  readonly refusesRead?: Errno;
  /**
   * Takes what one write(2) brings; absent where writes are refused with EINVAL.
   *
   * @returns the errno, or `undefined` when it was taken
   */
  readonly write?: (bytes: Uint8Array) => Errno | undefined;
}

export interface VirtualDirectory extends Inode {
  readonly kind: 'directory';
  /** The names in it, in the order of readdir(3) less `.` and `..`. */
  list(): readonly string[];
  get(name: string): VirtualNode | undefined;
}

export interface VirtualSymlink extends Inode {
  readonly kind: 'symlink';
  /** Relative to the directory that it lies in, or absolute. */
  readonly target: string;
  /** A magic link of /proc/PID/fd: what it shows is no path, and it opens the file itself. */
  readonly magic?: boolean;
  /** Of a magic link: where the file lies, if it lies anywhere. A dma-buf does not: open(2) says ENXIO. */
  readonly path?: string;
}

/** A character device. */
export interface VirtualDevice extends Inode {
  readonly kind: 'device';
  readonly major: number;
  readonly minor: number;
  /** What it opens: a heap, or a DRM device. */
  readonly opens: { readonly heap: string } | { readonly drm: string };
}

export type VirtualNode = VirtualFile | VirtualDirectory | VirtualSymlink | VirtualDevice;
