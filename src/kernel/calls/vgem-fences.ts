/** Fences that a program puts on buffers and signals. Models drivers/gpu/drm/vgem/vgem_fence.c (Linux 7.3). */
import type { DrmFile, Fence } from '../../dma-buf/dma-buf.ts';
import { fencesBefore, pendingFences } from '../../dma-buf/fences.ts';
import { VGEM_FENCE_WRITE } from '../../uapi/drm.ts';
import type { KernelState } from '../state.ts';
import { fileOf, hasHandle } from './drm-objects.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

/** VGEM_FENCE_TIMEOUT: after 10 s a fence signals by itself. */
const TIMEOUT = 10_000_000_000;

/** DRM_IOCTL_VGEM_FENCE_ATTACH. @param view struct drm_vgem_fence_attach */
export function attachFence(
  state: KernelState,
  { descriptor }: Opened,
  drm: DrmFile,
  view: DataView,
): SyscallResult {
  const [handle, flags, , pad] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as number[];
  if (((flags ?? 0) & ~VGEM_FENCE_WRITE) !== 0) return badArgument('EINVAL', 'flags', flags ?? 0);
  if (pad !== 0) return badArgument('EINVAL', 'flags', pad ?? 0);
  if (!hasHandle(drm, handle ?? 0)) return badArgument('ENOENT', 'handle', handle ?? 0);
  const number = fileOf(state, drm, handle ?? 0);
  const buffer = number === undefined ? undefined : state.files.get(number);
  const id = (drm.lastFence ?? 0) + 1;
  const { time } = state.printk;
  if (number !== undefined && buffer?.kind === 'dma_buf') {
    const write = flags === VGEM_FENCE_WRITE;
    // A writer waits for all, a reader for writers.
    if (fencesBefore(buffer, write, time).length > 0) return fail('EBUSY');
    const fence: Fence = { drm: descriptor.file, id, write, until: time + TIMEOUT };
    state.files.put(number, { ...buffer, fences: [...pendingFences(buffer, time), fence] });
  }
  state.files.put(descriptor.file, { ...drm, lastFence: id });
  view.setUint32(8, id, true);
  return ok(0);
}

/** DRM_IOCTL_VGEM_FENCE_SIGNAL: once. @param view struct drm_vgem_fence_signal */
export function signalFence(state: KernelState, { descriptor }: Opened, view: DataView): SyscallResult {
  const [id, flags] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (flags !== 0) return badArgument('EINVAL', 'flags', flags);
  const { drm, id: number } = { drm: descriptor.file, id };
  const found = signal(state, (fence) => fence.drm === drm && fence.id === number);
  if (found === undefined) return badArgument('ENOENT', 'handle', id);
  return found.until > state.printk.time ? ok(0) : fail('ETIMEDOUT');
}

/** Closing the device's file signals what it has left: vgem_fence_close(). */
export const signalAll = (state: KernelState, drm: number): void => {
  signal(state, (fence) => fence.drm === drm);
};

/** Takes fences off their buffers. @returns one of them */
function signal(state: KernelState, which: (fence: Fence) => boolean): Fence | undefined {
  let found: Fence | undefined;
  for (const [number, buffer] of [...state.files.dmaBufs()]) {
    const hit = buffer.fences?.find(which);
    if (hit === undefined) continue;
    found = hit;
    const fences = (buffer.fences ?? []).filter((fence) => !which(fence));
    state.files.put(number, { ...buffer, fences });
  }
  return found;
}
