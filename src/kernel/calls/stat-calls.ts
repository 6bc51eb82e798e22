/** What a file is, by descriptor and by path. Models fs/stat.c, fs/statfs.c and fs/open.c: do_faccessat() (Linux 7.3). */
import { DMA_HEAP_MAJOR, findDmaHeap } from '../../dma-buf/dma-heap.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { DRM_MAJOR } from '../../uapi/drm.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
  R_OK,
  W_OK,
  X_OK,
} from '../../uapi/fcntl.ts';
import {
  DMA_BUF_MAGIC,
  encodeStat,
  encodeStatfs,
  makedev,
  PROC_SUPER_MAGIC,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFREG,
  STATFS_SIZE,
  type Stat,
  SYSFS_MAGIC,
  TMPFS_MAGIC,
} from '../../uapi/stat.ts';
import { drmNode } from '../drm-devices.ts';
import { type Found, found } from '../found-path.ts';
import type { KernelState } from '../state.ts';
import { heapDeviceName } from '../virtual-files/dma-heap-sysfs.ts';
import { type FileSystem, fileSystemOf, inodeOf } from '../virtual-files/file-system.ts';
import { mayAccess } from '../virtual-files/lookup.ts';
import type { VirtualNode } from '../virtual-files/node.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult, type UserPointer } from './results.ts';
import * as virtual from './virtual-calls.ts';

type Facts = Omit<Stat, 'st_blksize'> & { readonly st_blksize?: number };

const PLAIN: Facts = {
  st_dev: 0n,
  st_ino: 0n,
  st_mode: 0,
  st_nlink: 1,
  st_uid: 0,
  st_gid: 0,
  st_rdev: 0n,
  st_size: 0n,
  st_blocks: 0n,
};

export interface Fstat {
  /** Gets a struct stat: 128 bytes. */
  readonly buf: UserPointer;
}

/** vfs_fstat(). The times are not modelled: 0. */
export const fstat = (state: KernelState, opened: Opened, { buf }: Fstat): SyscallResult =>
  tell(state, factsOf(state, opened), buf);

export interface Newfstatat extends Fstat {
  readonly path: string;
  /** AT_SYMLINK_NOFOLLOW and others that change nothing here. */
  readonly flags: number;
}

const STAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;

/** newfstatat(2) of a path, which stat(2), lstat(2) and statx(2) are as well: vfs_fstatat(). */
export function newfstatat(state: KernelState, by: string, call: Newfstatat): SyscallResult {
  const { path, flags, buf } = call;
  if ((flags & ~STAT_FLAGS) !== 0) return badArgument('EINVAL', 'flags', flags >>> 0);
  const at = found(state, by, path, { followLast: (flags & AT_SYMLINK_NOFOLLOW) === 0 });
  return 'refused' in at ? at.refused : tell(state, factsOfNode(state, at), buf);
}

function tell(state: KernelState, facts: Facts, buf: UserPointer): SyscallResult {
  const { arch, geometry } = profileIn(state.records);
  if (buf === null || buf.length < arch.stat.size) return fail('EFAULT');
  buf.set(encodeStat({ st_blksize: geometry.pageSize, ...facts }, arch.stat));
  return ok(0);
}

function factsOf(state: KernelState, { file, task }: Opened): Facts {
  switch (file.kind) {
    case 'dma_buf':
      // An anonymous inode: a mode without a type, and blocks as inode_set_bytes() counts them.
      return {
        ...PLAIN,
        st_ino: BigInt(file.ino),
        st_mode: file.mode ?? 0o600,
        st_uid: file.owner?.uid ?? 0,
        st_gid: file.owner?.gid ?? 0,
        st_size: file.size,
        st_blocks: file.size / 512n,
      };
    case 'dma_heap': {
      const heap = findDmaHeap(state.records, file.heap);
      if (heap === undefined) throw new Error(`heap ${file.heap} has gone`);
      return {
        ...ofPath(`/dev/dma_heap/${heapDeviceName(heap)}`),
        st_mode: S_IFCHR | heap.mode,
        st_uid: heap.uid ?? 0,
        st_gid: heap.gid,
        st_rdev: makedev(DMA_HEAP_MAJOR, heap.minor),
      };
    }
    case 'drm': {
      const { mode, minor } = drmNode(state.records, file.node) ?? { mode: 0, minor: 0 };
      return { ...ofPath(file.node), st_mode: S_IFCHR | mode, st_rdev: makedev(DRM_MAJOR, minor) };
    }
    case 'sync_file':
      return { ...PLAIN, st_mode: 0o600 };
    case 'path':
    case 'virtual': {
      const node = virtual.nodeOf(state, task, file);
      if (node !== undefined) return factsOfNode(state, { node, path: file.path });
      return { ...ofPath(file.path), st_mode: file.directory ? S_IFDIR : S_IFREG };
    }
    case 'stream':
      throw new NotModelled('fstat of a standard stream');
  }
}

/** What a path alone says: the file system and the inode. */
const ofPath = (path: string): Facts => ({
  ...PLAIN,
  st_dev: makedev(0, fileSystemOf(path).minor),
  st_ino: inodeOf(path),
});

const TYPES = { file: S_IFREG, directory: S_IFDIR, symlink: S_IFLNK, device: S_IFCHR } as const;

/** An entry of a directory of tmpfs counts for so many bytes of its size, `.` and `..` too: BOGO_DIRENT_SIZE. */
const DIRENT_SIZE = 20;

/** vfs_getattr() of a node. */
function factsOfNode(_state: KernelState, { node, path }: Found): Facts {
  const { uid = 0, gid = 0 } = node;
  const system = fileSystemOf(path);
  return {
    ...ofPath(path),
    st_mode: TYPES[node.kind] | node.mode,
    st_nlink: linksOf(node),
    st_uid: uid,
    st_gid: gid,
    st_size: BigInt(sizeOf(node, system)),
    ...(node.kind === 'device' && { st_rdev: makedev(node.major, node.minor) }),
    ...(system.blockSize !== undefined && { st_blksize: system.blockSize }),
  };
}

/** A directory has a link from above, its own `.`, and one from each directory in it. */
function linksOf(node: VirtualNode): number {
  if (node.kind !== 'directory') return 1;
  return 2 + node.list().filter((name) => node.get(name)?.kind === 'directory').length;
}

function sizeOf(node: VirtualNode, { name }: FileSystem): number {
  if (node.kind === 'directory' && name === 'devtmpfs') return (node.list().length + 2) * DIRENT_SIZE;
  return node.size ?? (node.kind === 'symlink' ? node.target.length : 0);
}

export interface Faccessat {
  readonly path: string;
  /** R_OK, W_OK and X_OK; 0 is F_OK. */
  readonly mode: number;
  readonly flags: number;
}

/** faccessat(2), access(2): do_faccessat(). */
export function faccessat(state: KernelState, by: string, { path, mode, flags }: Faccessat): SyscallResult {
  if ((mode & ~(R_OK | W_OK | X_OK)) !== 0) return badArgument('EINVAL', 'mode', mode >>> 0);
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0)
    return badArgument('EINVAL', 'flags', flags >>> 0);
  const at = found(state, by, path, { followLast: (flags & AT_SYMLINK_NOFOLLOW) === 0 });
  if ('refused' in at) return at.refused;
  const { node, credentials } = at;
  const want = { read: (mode & R_OK) !== 0, write: (mode & W_OK) !== 0, search: (mode & X_OK) !== 0 };
  // CAP_DAC_OVERRIDE runs nothing that nobody may run.
  const runs = !want.search || node.kind === 'directory' || (node.mode & 0o111) !== 0;
  if (runs && mayAccess(node, credentials, want)) return ok(0);
  return fail('EACCES', { kind: 'path', path, mode: node.mode, gid: node.gid ?? 0 });
}

export interface Readlinkat {
  readonly path: string;
  /** Gets the target, without a terminator. */
  readonly buf: UserPointer;
}

/** readlinkat(2): do_readlinkat(). `ret` is how many bytes there are, as far as they fit. */
export function readlinkat(state: KernelState, by: string, { path, buf }: Readlinkat): SyscallResult {
  if (buf !== null && buf.length === 0) return badArgument('EINVAL', 'len', 0);
  const at = found(state, by, path, { followLast: false });
  if ('refused' in at) return at.refused;
  if (at.node.kind !== 'symlink') return fail('EINVAL', { kind: 'path', path });
  if (buf === null) return fail('EFAULT');
  const part = new TextEncoder().encode(at.node.target).subarray(0, buf.length);
  buf.set(part);
  return ok(part.length);
}

export interface Fstatfs {
  /** Gets a struct statfs of 64 bits: 120 bytes. */
  readonly buf: UserPointer;
}

const MAGICS = {
  devtmpfs: TMPFS_MAGIC,
  proc: PROC_SUPER_MAGIC,
  sysfs: SYSFS_MAGIC,
} as const;

/**
 * fstatfs(2): simple_statfs(), which has a name's length and the pages' size to say.
 *
 * Deviation: how much room devtmpfs has is not modelled: 0.
 */
export function fstatfs(state: KernelState, { file }: Opened, { buf }: Fstatfs): SyscallResult {
  const { pageSize } = profileIn(state.records).geometry;
  if (buf === null || buf.length < STATFS_SIZE) return fail('EFAULT');
  const tellMagic = (magic: number) => {
    buf.set(encodeStatfs(magic, pageSize));
    return ok(0);
  };
  switch (file.kind) {
    case 'dma_buf':
      return tellMagic(DMA_BUF_MAGIC);
    case 'dma_heap':
    case 'drm':
      return tellMagic(TMPFS_MAGIC);
    case 'path':
    case 'virtual': {
      const { name } = fileSystemOf(file.path);
      if (name === 'devtmpfs' || name === 'proc' || name === 'sysfs') return tellMagic(MAGICS[name]);
      throw new NotModelled(`the file system of ${file.path}`);
    }
    default:
      throw new NotModelled(`the file system of a file of kind ${file.kind}`);
  }
}
