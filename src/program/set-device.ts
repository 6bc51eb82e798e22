/** Changes a device as its driver does when it is probed: the mask above all, which no board can tell. */
import { fail } from '../kernel/calls/results.ts';
import type { Device } from '../mm/dma/device.ts';
import type { Caller } from './caller.ts';
import { changeDevice, type DeviceFacts } from './described-device.ts';
import { noSuchDevice } from './find-device.ts';
import type { Outcome } from './outcome.ts';

/**
 * @param name its dev_name()
 * @returns the device as it is now; EBUSY while it has buffers attached, which were mapped for the device as it is, and
 * once its driver has bound it: then the mask is the driver's to set (device probe)
 */
export function setDevice(
  { kernel, task }: Caller,
  name: string,
  facts: DeviceFacts,
): Outcome & { readonly device?: Device } {
  const old = kernel.device(name);
  if (old === undefined) return noSuchDevice(kernel, name);
  const attached = kernel.attachmentsOf(name).length;
  if (attached > 0) return fail('EBUSY', { kind: 'device-in-use', device: name, attachments: attached });
  const memory = kernel.deviceMemory(name);
  if (memory !== undefined && (memory.buffers.length > 0 || memory.bound)) {
    return fail('EBUSY', { kind: 'device-bound', device: name, buffers: memory.buffers.length });
  }
  const device = changeDevice(old, facts);
  const gone = kernel.syscall(task, { call: 'device_del', device: name });
  if (gone.ret < 0) return gone;
  return { ...kernel.syscall(task, { call: 'device_add', device }), device };
}
