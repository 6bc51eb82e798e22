/**
 * Buffers that vgem makes of pages of its own, and that it exports. Models drivers/gpu/drm/drm_gem_shmem_helper.c and
 * drm_prime.c: drm_gem_prime_handle_to_dmabuf() (Linux 7.3).
 */
import { dmaHeapOps, type HeapBacking } from '../../dma-buf/backends.ts';
import type { DrmFile, DumbBuffer } from '../../dma-buf/dma-buf.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import { O_ACCMODE } from '../../uapi/fcntl.ts';
import { roundUp } from '../../units.ts';
import { findDevice } from '../device-table.ts';
import type { KernelState } from '../state.ts';
import { lowestFree } from './drm-objects.ts';
import { dumbPitch, isCountable } from './media-calls.ts';
import type { Opened } from './opened.ts';
import { fail, ok, type SyscallResult } from './results.ts';

/**
 * Single pages of RAM that nobody is charged.
 *
 * Deviation: they are taken when the buffer is first exported, where shmem takes them when they are first needed.
 */
const SHMEM: HeapBacking = {
  backend: 'system',
  index: 0,
  declared: { by: 'vgem', cached: true, exporter: 'drm' },
};

/** DRM_IOCTL_MODE_CREATE_DUMB. @param view struct drm_mode_create_dumb */
export function createDumb(
  state: KernelState,
  { descriptor }: Opened,
  drm: DrmFile,
  view: DataView,
): SyscallResult {
  const [height, width, bpp] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [number, number, number];
  const { page } = geometryOf(state.records);
  const device = findDevice(state.records, drm.device);
  if (device === undefined || !isCountable(BigInt(width), BigInt(height), BigInt(bpp), page)) {
    return fail('EINVAL', { kind: 'dumb-size', width, height, bpp });
  }
  const pitch = dumbPitch(state, device, BigInt(width), bpp);
  const size = roundUp(pitch * BigInt(height), page);
  const handle = lowestFree(drm);
  state.files.put(descriptor.file, { ...drm, dumbs: [...(drm.dumbs ?? []), [handle, { size }]] });
  view.setUint32(16, handle, true);
  view.setUint32(20, Number(pitch), true);
  view.setBigUint64(24, size, true);
  return ok(0);
}

/**
 * The number of the file that the buffer is as a dma-buf: that of its first export, which the handle keeps, or a new one.
 *
 * @param flags of the first export: its access is the file's
 */
export function exportDumb(
  state: KernelState,
  { descriptor, task }: Opened,
  drm: DrmFile,
  [handle, dumb]: readonly [handle: number, dumb: DumbBuffer],
  flags: number,
): number | SyscallResult {
  if (dumb.file !== undefined) return dumb.file;
  const context = state.heapContext(task);
  const { pageShift } = geometryOf(state.records);
  const { caller: _, ...uncharged } = context;
  const allocation = dmaHeapOps(SHMEM).allocate(uncharged, dumb.size >> BigInt(pageShift));
  if ('errno' in allocation) return fail('ENOMEM', allocation.why);
  const file = state.files.addDmaBuf({
    expName: 'drm',
    size: dumb.size,
    flags: flags & O_ACCMODE,
    backing: SHMEM,
    sgTable: allocation.sgTable,
    count: 1,
    call: state.call,
    maker: task,
  });
  const dumbs = (drm.dumbs ?? []).map((one) =>
    one[0] === handle ? ([handle, { ...dumb, file }] as const) : one,
  );
  state.files.put(descriptor.file, { ...drm, dumbs });
  return file;
}

/** A buffer of its own comes back: the same handle, or in another file of the device one of the same buffer. */
export function importOwn(
  state: KernelState,
  { descriptor }: Opened,
  drm: DrmFile,
  file: number,
): SyscallResult | undefined {
  const known = drm.dumbs?.find(([, dumb]) => dumb.file === file);
  if (known !== undefined) return ok(known[0]);
  const buffer = state.files.get(file);
  if (buffer?.kind !== 'dma_buf' || buffer.backing.declared?.by !== drm.device) return undefined;
  const handle = lowestFree(drm);
  state.files.ref(file);
  const dumbs = [...(drm.dumbs ?? []), [handle, { size: buffer.size, file }] as const];
  state.files.put(descriptor.file, { ...drm, dumbs });
  return ok(handle);
}
