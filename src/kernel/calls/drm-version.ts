/** Who drives a DRM device. Models drivers/gpu/drm/drm_ioctl.c: drm_version() (Linux 7.3). */
import { profileIn } from '../../profile/recorded-profile.ts';
import type { KernelState } from '../state.ts';
import { fail, ok, type SyscallResult, type UserPointer } from './results.ts';

/** Name, date and description of the drivers without hardware; their version is 1.0.0. */
const DRIVERS: Readonly<Record<string, readonly [date: string, description: string]>> = {
  vgem: ['20120112', 'Virtual GEM provider'],
  vkms: ['20180514', 'Virtual Kernel Mode Setting'],
};

/** Where struct drm_version of 64 bits has the length of each text; its pointer stands 8 bytes behind. */
const LENGTHS = [16, 32, 48] as const;

/**
 * DRM_IOCTL_VERSION. The struct gets the texts' whole lengths, and the caller's memory as much of them as it has room for.
 *
 * @param pointers where the texts go: name, date, description; `null` or absent: nowhere, as with a null pointer
 */
export function drmVersion(
  { records }: KernelState,
  device: string,
  view: DataView,
  pointers: readonly UserPointer[] = [],
): SyscallResult {
  const [date, description] = DRIVERS[device] ?? ['0', device];
  const told = profileIn(records).linux.drmVersionDate ? date : '0';
  for (const [i, at] of LENGTHS.entries()) {
    const text = new TextEncoder().encode([device, told, description][i]);
    const room = Number(view.getBigUint64(at, true));
    const part = text.subarray(0, Math.min(room, text.length));
    const into = pointers[i] ?? null;
    if (into !== null && into.length < part.length) return fail('EFAULT');
    into?.set(part);
    view.setBigUint64(at, BigInt(text.length), true);
  }
  view.setInt32(0, 1, true);
  view.setInt32(4, 0, true);
  view.setInt32(8, 0, true);
  return ok(0);
}
