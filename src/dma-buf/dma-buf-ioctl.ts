/** The requests on a dma-buf's descriptor. Models drivers/dma-buf/dma-buf.c: dma_buf_ioctl() (Linux 7.3). */

import type { DmaDirection } from '../mm/dma/dma-mapping.ts';
import type { LinuxVersion } from '../profile/linux-version.ts';
import {
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_NAME_LEN,
  DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_VALID_FLAGS_MASK,
  DMA_BUF_SYNC_WRITE,
  decodeDmaBufSync,
  decodeDmaBufSyncFile,
  encodeDmaBufSyncFile,
} from '../uapi/dma-buf.ts';
import type { Errno } from '../uapi/errno.ts';
import { O_CLOEXEC, O_RDONLY } from '../uapi/fcntl.ts';
import type { DmaBufFile, FileTable } from './dma-buf.ts';
import type { InstallFd } from './dma-heap.ts';
import type { Failure } from './failure.ts';

/** What the requests need of the caller and of the rest of the kernel. */
export interface DmaBufIoctlContext {
  readonly files: FileTable;
  readonly linux: LinuxVersion;
  /** Whether a device is attached to the buffer. */
  readonly isAttached: () => boolean;
  readonly install: InstallFd;
  /** Whether a descriptor of the calling task is a sync_file. */
  readonly isSyncFile: (fd: number) => boolean;
  /** dma_buf_begin_cpu_access() and dma_buf_end_cpu_access(). What it returns is why they are EINVAL. */
  readonly cpuAccess: (access: 'begin' | 'end', direction: DmaDirection) => Failure | undefined;
}

type Result = { readonly ret: 0 } | { readonly errno: Errno; readonly why?: Failure };

const DONE: Result = { ret: 0 };
const FAULT: Result = { errno: 'EFAULT' };
const badRequest = (request: number): Result => ({
  errno: 'ENOTTY',
  why: { kind: 'bad-argument', argument: 'request', value: BigInt(request) },
});
const badFlags = (flags: bigint): Result => ({
  errno: 'EINVAL',
  why: { kind: 'bad-argument', argument: 'flags', value: flags },
});

const DIRECTIONS: Readonly<Record<number, DmaDirection>> = {
  [DMA_BUF_SYNC_READ]: 'DMA_FROM_DEVICE',
  [DMA_BUF_SYNC_WRITE]: 'DMA_TO_DEVICE',
  [DMA_BUF_SYNC_RW]: 'DMA_BIDIRECTIONAL',
};

/**
 * Answers a request; a name is set in `file`, which the caller stores.
 *
 * @param arg the caller's bytes: for SET_NAME the string itself, up to its NUL; changed in place
 */
export function dmaBufIoctl(
  context: DmaBufIoctlContext,
  file: DmaBufFile,
  request: number,
  arg: Uint8Array | null,
): Result {
  switch (request) {
    case DMA_BUF_IOCTL_SYNC:
      return arg === null || arg.length < 8 ? FAULT : sync(context, decodeDmaBufSync(arg));
    case DMA_BUF_SET_NAME_A:
    case DMA_BUF_SET_NAME_B:
      return arg === null ? FAULT : setName(context, file, arg);
    case DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
      if (!context.linux.syncFiles) return badRequest(request);
      return arg === null || arg.length < 8 ? FAULT : exportSyncFile(context, arg);
    case DMA_BUF_IOCTL_IMPORT_SYNC_FILE:
      if (!context.linux.syncFiles) return badRequest(request);
      return arg === null || arg.length < 8 ? FAULT : importSyncFile(context, arg);
    default:
      return badRequest(request);
  }
}

function sync(context: DmaBufIoctlContext, flags: bigint): Result {
  if ((flags & ~BigInt(DMA_BUF_SYNC_VALID_FLAGS_MASK)) !== 0n) return badFlags(flags);
  const direction = DIRECTIONS[Number(flags) & DMA_BUF_SYNC_RW];
  if (direction === undefined) return badFlags(flags);
  const access = (Number(flags) & DMA_BUF_SYNC_END) === 0 ? 'begin' : 'end';
  const why = context.cpuAccess(access, direction);
  return why === undefined ? DONE : { errno: 'EINVAL', why };
}

/** dma_buf_set_name(). */
function setName(context: DmaBufIoctlContext, file: DmaBufFile, arg: Uint8Array): Result {
  const nul = arg.indexOf(0);
  const name = nul < 0 ? arg : arg.subarray(0, nul);
  // strndup_user(): memory that ends before the string does cannot be read; a string that goes on is too long.
  if (nul < 0 && arg.length < DMA_BUF_NAME_LEN) return FAULT;
  if (name.length >= DMA_BUF_NAME_LEN) {
    return { errno: 'EINVAL', why: { kind: 'bad-argument', argument: 'name', value: BigInt(name.length) } };
  }
  if (!context.linux.namesAttached && context.isAttached()) return { errno: 'EBUSY' };
  file.name = new TextDecoder().decode(name);
  return DONE;
}

/** READ or WRITE or both, and nothing else. */
const isUsage = (flags: number): boolean =>
  (flags & ~DMA_BUF_SYNC_RW) === 0 && (flags & DMA_BUF_SYNC_RW) !== 0;

/** dma_buf_export_sync_file(): nothing fences the buffer, so the fence has signalled. */
function exportSyncFile(context: DmaBufIoctlContext, arg: Uint8Array): Result {
  const { flags } = decodeDmaBufSyncFile(arg);
  if (!isUsage(flags)) return badFlags(BigInt(flags));
  const file = context.files.add({ kind: 'sync_file', flags: O_RDONLY, count: 1 });
  const fd = context.install(file, O_CLOEXEC);
  if (typeof fd !== 'number') {
    context.files.unref(file);
    return { errno: 'EMFILE', why: { kind: 'descriptor-limit', limit: fd.limit } };
  }
  arg.set(encodeDmaBufSyncFile({ flags, fd }));
  return DONE;
}

/** dma_buf_import_sync_file(): the fence has signalled, so that the buffer waits for nothing. */
function importSyncFile(context: DmaBufIoctlContext, arg: Uint8Array): Result {
  const { flags, fd } = decodeDmaBufSyncFile(arg);
  if (!isUsage(flags)) return badFlags(BigInt(flags));
  if (context.isSyncFile(fd)) return DONE;
  return { errno: 'EINVAL', why: { kind: 'bad-argument', argument: 'sync-file', value: BigInt(fd) } };
}
