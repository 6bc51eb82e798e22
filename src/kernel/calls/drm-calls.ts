/**
 * What a DRM device's file does with dma-bufs: imports them under handles, exports them again, lets them go. Models
 * drivers/gpu/drm/drm_prime.c and drm_gem.c (Linux 7.3) for drivers that attach when they import and map later.
 */
import type { DrmFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import {
  DRM_CLOEXEC,
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD,
  DRM_IOCTL_VERSION,
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL,
  DRM_RDWR,
} from '../../uapi/drm.ts';
import { iocSize } from '../../uapi/ioctl.ts';
import { formatHex } from '../../units.ts';
import { findDevice } from '../device-table.ts';
import { VGEM } from '../drm-devices.ts';
import type { KernelState } from '../state.ts';
import { attachmentOf, dumbOf, hasHandle, lowestFree } from './drm-objects.ts';
import { drmVersion } from './drm-version.ts';
import { createDumb, exportDumb, importOwn } from './dumb-buffers.ts';
import { attach, detach } from './importer-calls.ts';
import type { Ioctl } from './ioctl-call.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';
import { attachFence, signalAll, signalFence } from './vgem-fences.ts';

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
    const own = importOwn(state, opened, drm, descriptor.file);
    if (own !== undefined) return own;
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
    const dumb = dumbOf(drm, handle);
    const imported = attachmentOf(state, drm, handle)?.file;
    const file = dumb === undefined ? imported : exportDumb(state, opened, drm, [handle, dumb], flags);
    if (file === undefined) return badArgument('ENOENT', 'handle', handle);
    if (typeof file !== 'number') return file;
    const fd = state.install(table, file, flags, at);
    if (typeof fd !== 'number') throw new Error('there was room for a descriptor');
    state.files.ref(file);
    return ok(fd);
  });

export interface DrmGemClose {
  readonly handle: number;
}

/** DRM_IOCTL_GEM_CLOSE: drm_gem_handle_delete(). */
export const drmGemClose = (state: KernelState, opened: Opened, { handle }: DrmGemClose): SyscallResult =>
  onDrmFile(opened, (drm) => {
    if (!hasHandle(drm, handle)) return badArgument('EINVAL', 'handle', handle);
    const attachment = attachmentOf(state, drm, handle);
    const dumb = dumbOf(drm, handle);
    const others = (entry: readonly [handle: number, ...unknown[]]) => entry[0] !== handle;
    const dumbs = drm.dumbs?.filter(others);
    const left = { ...drm, handles: drm.handles.filter(others), ...(dumbs && { dumbs }) };
    state.files.put(opened.descriptor.file, left);
    if (attachment !== undefined) detach(state, opened.task, attachment);
    if (dumb?.file !== undefined) state.fput(dumb.file, opened.task);
    return ok(0);
  });

/** What closing the file does with the handles and fences that are left: drm_gem_release(), vgem_postclose(). */
export function releaseDrm(
  state: KernelState,
  by: string,
  id: number,
  { handles, dumbs = [], lastFence }: DrmFile,
): void {
  if (lastFence !== undefined) signalAll(state, id);
  for (const [, number] of handles) {
    const attachment = state.attachments.get(number);
    if (attachment !== undefined) detach(state, by, attachment);
  }
  for (const [, { file }] of dumbs) if (file !== undefined) state.fput(file, by);
}

/** The same as requests: drm_ioctl(). */
export function drmIoctl(state: KernelState, opened: Opened, call: Ioctl): SyscallResult {
  const { arg, at, pointers } = call;
  const request = call.request >>> 0;
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
    case DRM_IOCTL_VERSION:
      return onDrmFile(opened, ({ device }) => drmVersion(state, device, view, pointers));
    default:
      return onDrmFile(opened, (drm) => vgemIoctl(state, opened, drm, request, view));
  }
}

const onDrmFile = ({ file, fd }: Opened, answer: (drm: DrmFile) => SyscallResult): SyscallResult =>
  file.kind === 'drm' ? answer(file) : fail('ENOTTY', { kind: 'not-a-drm-file', fd });

/** The requests that vgem answers: those of its own, and dumb buffers. */
function vgemIoctl(
  state: KernelState,
  opened: Opened,
  drm: DrmFile,
  request: number,
  view: DataView,
): SyscallResult {
  if (drm.device === VGEM && request === DRM_IOCTL_VGEM_FENCE_ATTACH)
    return attachFence(state, opened, drm, view);
  if (drm.device === VGEM && request === DRM_IOCTL_VGEM_FENCE_SIGNAL) return signalFence(state, opened, view);
  if (drm.device === VGEM && request === DRM_IOCTL_MODE_CREATE_DUMB)
    return createDumb(state, opened, drm, view);
  throw new NotModelled(`request ${formatHex(request)} of a DRM device`);
}
