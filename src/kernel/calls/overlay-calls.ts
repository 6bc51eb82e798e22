/** What applies an overlay: a driver, or configfs of a vendor's kernel; mainline has no file for it. */
import { profileIn } from '../../profile/recorded-profile.ts';
import { asSeenBy, deviceOf, devicesOf, findDevice, putDevice } from '../device-table.ts';
import { applyToLiveTree } from '../overlays.ts';
import type { KernelState } from '../state.ts';
import { deviceDel } from './importer-calls.ts';
import { fail, ok, type SyscallResult } from './results.ts';

export interface OverlayApply {
  /** The overlay, compiled. */
  readonly overlay: Uint8Array;
}

/** of_overlay_fdt_apply(): the live tree changes, and the devices with it. `ret` is the overlay's number. */
export function overlayApply(state: KernelState, by: string, { overlay }: OverlayApply): SyscallResult {
  const { records, printk } = state;
  const { linux, config } = profileIn(records);
  const result = applyToLiveTree(records, printk, overlay);
  if ('refused' in result) {
    const { errno, message, hint } = result.refused;
    return fail(errno, { kind: 'overlay', message, ...(hint !== undefined && { hint }) });
  }
  for (const { path } of result.removed) {
    const gone = devicesOf(records).find((device) => device.path === path);
    if (gone !== undefined) deviceDel(state, by, { device: gone.name });
  }
  for (const device of result.added) {
    if (findDevice(records, device.name) === undefined) {
      const seen = asSeenBy(device, linux.dma.readsNonCoherent, config.CONFIG_IOMMU_SUPPORT);
      putDevice(records, deviceOf(seen));
    }
  }
  // What a driver binds next it reads from the tree as it is now; what is bound stays.
  for (const device of devicesOf(records)) {
    const said = device.path === undefined ? undefined : result.regions.get(device.path);
    if (said !== undefined) putDevice(records, { ...device, ...said });
  }
  return ok(result.id);
}
