/** Opening, reading and writing the files that are made when they are looked at. Models fs/namei.c, fs/seq_file.c
 *  and fs/readdir.c (Linux 7.3) over the nodes of `virtual-files/`. */
import type { DrmFile, HeapFile, PathFile, VirtualOpenFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { DT_CHR, DT_DIR, DT_LNK, DT_REG, encodeDirent } from '../../uapi/dirent.ts';
import {
  asksToRead,
  asksToWrite,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_PATH,
  O_TMPFILE,
  O_TRUNC,
  SEEK_CUR,
  SEEK_SET,
} from '../../uapi/fcntl.ts';
import { found } from '../found-path.ts';
import type { KernelState } from '../state.ts';
import { findTask, ROOT } from '../task.ts';
import { lookup, mayAccess } from '../virtual-files/lookup.ts';
import type { VirtualNode } from '../virtual-files/node.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult, type UserPointer } from './results.ts';

/** The flags that open(2) acts on and the file forgets: do_dentry_open(), build_open_flags(). */
const FORGOTTEN = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;

/** What open(2) makes of a path: a file without a descriptor, or why not. */
export function openPath(
  state: KernelState,
  task: string,
  path: string,
  flags: number,
): HeapFile | DrmFile | VirtualOpenFile | PathFile | { readonly refused: SyscallResult } {
  const refused = (result: SyscallResult) => ({ refused: result });
  const { arch, geometry } = profileIn(state.records);
  const { O_DIRECT, O_DIRECTORY, O_LARGEFILE, O_NOFOLLOW } = arch.openFlags;
  if ((flags & O_PATH) !== 0) return openAsPath(state, task, path, flags);
  const isTemporary = (flags & O_TMPFILE) !== 0;
  // build_open_flags(): a file without a name is written to, and lies in a directory.
  if (isTemporary && ((flags & O_DIRECTORY) === 0 || !asksToWrite(flags)))
    return refused(badArgument('EINVAL', 'flags', flags >>> 0));
  const credentials = findTask(state.records, task)?.credentials ?? ROOT;
  const context = { ...state.heapContext(task), task };
  const at = lookup(context, path, credentials, { followLast: (flags & O_NOFOLLOW) === 0 });
  if ('errno' in at) {
    if (at.errno === 'ENOENT' && (flags & O_CREAT) !== 0) throw new NotModelled('creating a file');
    return refused(fail(at.errno, { kind: 'path', path }));
  }
  const { node } = at;
  const why = { kind: 'path' as const, path, mode: node.mode, gid: node.gid ?? 0 };
  if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return refused(fail('EEXIST', why));
  if (node.kind === 'symlink') {
    const followed = node.magic === true && (flags & O_NOFOLLOW) === 0;
    if (followed && node.target.startsWith('/dev/')) throw new NotModelled('opening a standard stream');
    // A link of /proc/PID/fd to an anonymous inode, which cannot be opened a second time: no_open().
    return refused(fail(followed ? 'ENXIO' : 'ELOOP', why));
  }
  if ((flags & O_DIRECTORY) !== 0 && node.kind !== 'directory') return refused(fail('ENOTDIR', why));
  if (isTemporary) {
    if (/^\/(proc|sys)(\/|$)/.test(at.path)) return refused(fail('EOPNOTSUPP', why));
    throw new NotModelled('open with O_TMPFILE');
  }
  if (node.kind === 'directory' && (asksToWrite(flags) || (flags & O_CREAT) !== 0)) {
    return refused(fail('EISDIR', why));
  }
  if (!mayAccess(node, credentials, { read: asksToRead(flags), write: asksToWrite(flags) })) {
    return refused(fail('EACCES', why));
  }
  if ((flags & O_DIRECT) !== 0) return refused(badArgument('EINVAL', 'flags', flags));
  // force_o_largefile(): with 64 bits every file is large.
  const kept = (flags & ~FORGOTTEN) | (geometry.wordBits === 64 ? O_LARGEFILE : 0);
  if (node.kind === 'device') {
    if ('heap' in node.opens) return { kind: 'dma_heap', heap: node.opens.heap, flags: kept, count: 1 };
    return { kind: 'drm', node: at.path, device: node.opens.drm, handles: [], flags: kept, count: 1 };
  }
  return {
    kind: 'virtual',
    path: at.path,
    directory: node.kind === 'directory',
    flags: kept,
    pos: 0n,
    count: 1,
  };
}

/** open(2) with O_PATH: the place alone, which nobody needs a permission for; most other flags are passed over. */
function openAsPath(
  state: KernelState,
  task: string,
  path: string,
  flags: number,
): PathFile | { readonly refused: SyscallResult } {
  const { O_DIRECTORY, O_NOFOLLOW } = profileIn(state.records).arch.openFlags;
  const at = found(state, task, path, { followLast: (flags & O_NOFOLLOW) === 0 });
  if ('refused' in at) return at;
  const { node } = at;
  const directory = node.kind === 'directory';
  if ((flags & O_DIRECTORY) !== 0 && !directory) return { refused: fail('ENOTDIR', { kind: 'path', path }) };
  if (node.kind === 'symlink' && (flags & O_NOFOLLOW) === 0)
    throw new NotModelled('open with O_PATH of what has no path');
  return {
    kind: 'path',
    path: at.path,
    directory,
    flags: flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW),
    count: 1,
  };
}

/** The node behind an open file; `undefined` when what it shows has gone. */
export function nodeOf(
  state: KernelState,
  task: string,
  file: Pick<VirtualOpenFile, 'path'>,
): VirtualNode | undefined {
  const credentials = findTask(state.records, task)?.credentials ?? ROOT;
  const context = { ...state.heapContext(task), task };
  const at = lookup(context, file.path, credentials, { unchecked: true });
  return 'errno' in at ? undefined : at.node;
}

/**
 * seq_read() and simple_read_from_buffer(): the text as it is now.
 *
 * @param offset where to read; from the file's position on, which then moves, unless given
 */
export function read(
  state: KernelState,
  opened: Opened,
  file: VirtualOpenFile,
  buf: UserPointer,
  offset?: bigint,
): SyscallResult {
  if (file.directory) return fail('EISDIR');
  const node = nodeOf(state, opened.task, file);
  if (node?.kind !== 'file') return fail('ENODEV');
  if (node.read === undefined) return fail(node.refusesRead ?? 'EINVAL');
  if (buf === null) return fail('EFAULT');
  const made = node.read();
  const bytes = typeof made === 'string' ? new TextEncoder().encode(made) : made;
  const from = offset ?? file.pos;
  if (from >= BigInt(bytes.length)) return ok(0);
  const part = bytes.subarray(Number(from), Number(from) + buf.length);
  buf.set(part);
  if (offset === undefined) {
    file.pos = from + BigInt(part.length);
    state.files.put(opened.descriptor.file, file);
  }
  return ok(part.length);
}

/** A file's own write(). @param offset where to write; at the file's position, which then moves, unless given */
export function write(
  state: KernelState,
  opened: Opened,
  file: VirtualOpenFile,
  buf: UserPointer,
  offset?: bigint,
): SyscallResult {
  const node = nodeOf(state, opened.task, file);
  if (node?.kind !== 'file') return fail('ENODEV');
  if (node.write === undefined) return fail('EINVAL');
  if (buf === null) return fail('EFAULT');
  const errno = node.write(buf);
  if (errno !== undefined) return fail(errno);
  if (offset === undefined) {
    file.pos += BigInt(buf.length);
    state.files.put(opened.descriptor.file, file);
  }
  return ok(buf.length);
}

/** seq_lseek(): from the start or from here. */
export function lseek(
  state: KernelState,
  opened: Opened,
  file: VirtualOpenFile,
  { offset, whence }: { readonly offset: bigint; readonly whence: number },
): SyscallResult {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return badArgument('EINVAL', 'whence', whence, 'virtual');
  const pos = whence === SEEK_SET ? offset : file.pos + offset;
  if (pos < 0n) return badArgument('EINVAL', 'offset', offset, 'virtual');
  file.pos = pos;
  state.files.put(opened.descriptor.file, file);
  return ok(Number(pos));
}

const TYPES = { file: DT_REG, directory: DT_DIR, symlink: DT_LNK, device: DT_CHR } as const;

export interface Getdents64 {
  /** Gets struct linux_dirent64s. */
  readonly buf: UserPointer;
}

/** getdents64(2): `.` and `..`, then what the directory holds, as much as fits. */
export function getdents64(state: KernelState, opened: Opened, { buf }: Getdents64): SyscallResult {
  const { file } = opened;
  if (file.kind !== 'virtual' || !file.directory) return fail('ENOTDIR');
  const directory = nodeOf(state, opened.task, file);
  if (directory?.kind !== 'directory') return fail('ENOENT');
  if (buf === null) return fail('EFAULT');
  const names = ['.', '..', ...directory.list()];
  let filled = 0;
  let index = Number(file.pos);
  for (; index < names.length; index++) {
    const name = names[index] ?? '';
    const node = index < 2 ? directory : directory.get(name);
    const entry = encodeDirent({
      d_ino: BigInt(index + 1),
      d_off: BigInt(index + 1),
      d_type: TYPES[node?.kind ?? 'file'],
      d_name: name,
    });
    if (filled + entry.length > buf.length) break;
    buf.set(entry, filled);
    filled += entry.length;
  }
  if (filled === 0 && index < names.length) return badArgument('EINVAL', 'len', buf.length);
  file.pos = BigInt(index);
  state.files.put(opened.descriptor.file, file);
  return ok(filled);
}
