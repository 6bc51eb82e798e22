/** Advisory locks on open files. Models fs/locks.c: flock(2) (Linux 7.3). */
import type { FileLock, OpenFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, mayRead, mayWrite } from '../../uapi/fcntl.ts';
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

export interface Flock {
  /** LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB. */
  readonly operation: number;
}

/** A lock is the open file's and goes with it; one that another file of the same inode has is waited for. */
export function flock(state: KernelState, opened: Opened, { operation }: Flock): SyscallResult {
  const { file, descriptor } = opened;
  if (file.kind === 'stream') throw new NotModelled('a lock on a standard stream');
  const kind = operation & ~LOCK_NB;
  if (kind === LOCK_UN) {
    const { lock: _, ...free } = file;
    state.files.put(descriptor.file, free);
    return ok(0);
  }
  if (kind !== LOCK_SH && kind !== LOCK_EX) return badArgument('EINVAL', 'op', operation >>> 0);
  if (!mayRead(file.flags) && !mayWrite(file.flags))
    return fail('EBADF', { kind: 'access-mode', flags: file.flags });
  const lock: FileLock = kind === LOCK_SH ? 'shared' : 'exclusive';
  for (const other of state.files.ofInode(descriptor.file, inodeOf)) {
    if (other.lock === undefined || (other.lock === 'shared' && lock === 'shared')) continue;
    if ((operation & LOCK_NB) === 0) throw new NotModelled('waiting for a lock that another file has');
    return fail('EAGAIN');
  }
  state.files.put(descriptor.file, { ...file, lock });
  return ok(0);
}

/** What two open files of one inode have in common; `undefined`: there is never a second one. */
function inodeOf(file: OpenFile): string | undefined {
  switch (file.kind) {
    case 'dma_heap':
      return `heap ${file.heap}`;
    case 'drm':
      return file.node;
    case 'virtual':
    case 'path':
      return file.path;
    default:
      return undefined;
  }
}
