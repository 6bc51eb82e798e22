/**
 * What a DRM device's file does with dma-bufs: imports them under handles, exports them again, lets them go. Models
 * drivers/gpu/drm/drm_prime.c and drm_gem.c (Linux 7.3) for drivers that attach when they import and map later.
 */
import type { DrmFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import {
  DRM_CLOEXEC,
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD,
  DRM_RDWR,
} from '../../uapi/drm.ts';
import { iocSize } from '../../uapi/ioctl.ts';
import { formatHex } from '../../units.ts';
import { findDevice } from '../device-table.ts';
import type { KernelState } from '../state.ts';
import { attach, detach } from './importer-calls.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult, type UserPointer } from './results.ts';

export interface DrmPrimeFdToHandle {
  /** A descriptor of the buffer. */
  readonly buffer: number;
}

/**
 * DRM_IOCTL_PRIME_FD_TO_HANDLE: drm_gem_prime_fd_to_handle(). `ret` is the handle; a file that has imported the buffer
 * already answers with the one that it has.
 */
export const drmPrimeFdToHandle = (
  state: KernelState,
  opened: Opened,
  { buffer: fd }: DrmPrimeFdToHandle,
): SyscallResult =>
  onDrmFile(opened, (drm) => {
    const descriptor = opened.table.get(fd);
    const file = descriptor && state.files.get(descriptor.file);
    if (descriptor === undefined || file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
    if (file.kind !== 'dma_buf') return fail('EINVAL', { kind: 'not-a-dma-buf', fd });
    const known = drm.handles.find(([, id]) => state.attachments.get(id)?.file === descriptor.file);
    if (known !== undefined) return ok(known[0]);
    const device = findDevice(state.records, drm.device);
    if (device === undefined)
      return fail('ENODEV', { kind: 'no-such-device', device: drm.device, known: [] });
    const handle = lowestFree(drm);
    const { id } = attach(state, opened.task, descriptor.file, device, opened.descriptor.file);
    state.files.put(opened.descriptor.file, { ...drm, handles: [...drm.handles, [handle, id]] });
    return ok(handle);
  });

export interface DrmPrimeHandleToFd {
  readonly handle: number;
  /** DRM_CLOEXEC and DRM_RDWR; of an imported buffer only the first counts. */
  readonly flags: number;
  /** The number that the caller's own table gave; -1: none was left. The lowest free one unless given. */
  readonly at?: number;
}

/** DRM_IOCTL_PRIME_HANDLE_TO_FD: drm_gem_prime_handle_to_fd(). `ret` is a new descriptor of the same buffer. */
export const drmPrimeHandleToFd = (
  state: KernelState,
  opened: Opened,
  { handle, flags, at }: DrmPrimeHandleToFd,
): SyscallResult =>
  onDrmFile(opened, (drm) => {
    if ((flags & ~(DRM_CLOEXEC | DRM_RDWR)) !== 0) return badArgument('EINVAL', 'flags', flags);
    const { table } = opened;
    if (table.vacancy(at) === undefined)
      return fail('EMFILE', { kind: 'descriptor-limit', limit: table.nofile });
    const attachment = attachmentOf(state, drm, handle);
    if (attachment === undefined) return badArgument('ENOENT', 'handle', handle);
    const fd = state.install(table, attachment.file, flags, at);
    if (typeof fd !== 'number') throw new Error('there was room for a descriptor');
    state.files.ref(attachment.file);
    return ok(fd);
  });

export interface DrmGemClose {
  readonly handle: number;
}

/** DRM_IOCTL_GEM_CLOSE: drm_gem_handle_delete(). */
export const drmGemClose = (state: KernelState, opened: Opened, { handle }: DrmGemClose): SyscallResult =>
  onDrmFile(opened, (drm) => {
    if (!drm.handles.some(([known]) => known === handle)) return badArgument('EINVAL', 'handle', handle);
    const attachment = attachmentOf(state, drm, handle);
    const handles = drm.handles.filter(([known]) => known !== handle);
    state.files.put(opened.descriptor.file, { ...drm, handles });
    if (attachment !== undefined) detach(state, opened.task, attachment);
    return ok(0);
  });

/** What closing the file does with the handles that are left: drm_gem_release(). */
export function releaseHandles(state: KernelState, by: string, { handles }: DrmFile): void {
  for (const [, id] of handles) {
    const attachment = state.attachments.get(id);
    if (attachment !== undefined) detach(state, by, attachment);
  }
}

/** The same as requests: drm_ioctl(). */
export function drmIoctl(
  state: KernelState,
  opened: Opened,
  request: number,
  arg: UserPointer,
  at?: number,
): SyscallResult {
  if (arg === null || arg.length < iocSize(request)) return fail('EFAULT', { kind: 'bad-pointer', request });
  const view = new DataView(arg.buffer, arg.byteOffset, arg.byteLength);
  const told = (result: SyscallResult, at: number): SyscallResult => {
    if (result.ret < 0) return result;
    view.setUint32(at, result.ret, true);
    return ok(0);
  };
  switch (request) {
    case DRM_IOCTL_PRIME_FD_TO_HANDLE:
      return told(drmPrimeFdToHandle(state, opened, { buffer: view.getInt32(8, true) }), 0);
    case DRM_IOCTL_PRIME_HANDLE_TO_FD: {
      const call = {
        handle: view.getUint32(0, true),
        flags: view.getUint32(4, true),
        ...(at !== undefined && { at }),
      };
      return told(drmPrimeHandleToFd(state, opened, call), 8);
    }
    case DRM_IOCTL_GEM_CLOSE:
      return drmGemClose(state, opened, { handle: view.getUint32(0, true) });
    default:
      throw new NotModelled(`request ${formatHex(request)} of a DRM device`);
  }
}

const onDrmFile = ({ file, fd }: Opened, answer: (drm: DrmFile) => SyscallResult): SyscallResult =>
  file.kind === 'drm' ? answer(file) : fail('ENOTTY', { kind: 'not-a-drm-file', fd });

const attachmentOf = (state: KernelState, { handles }: DrmFile, handle: number) =>
  state.attachments.get(handles.find(([known]) => known === handle)?.[1] ?? -1);

/** idr_alloc() from 1. */
function lowestFree({ handles }: DrmFile): number {
  const taken = new Set(handles.map(([handle]) => handle));
  let free = 1;
  while (taken.has(free)) free++;
  return free;
}
