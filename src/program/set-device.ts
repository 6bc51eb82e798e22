/** Changes a device as its driver does when it is probed: the mask above all, which no board can tell. */
import { fail } from '../kernel/calls/results.ts';
import type { Device } from '../mm/dma/device.ts';
import type { Caller } from './caller.ts';
import { changeDevice, type DeviceFacts } from './described-device.ts';
import { noSuchDevice } from './find-device.ts';
import type { Outcome } from './outcome.ts';

/**
 * @param name its dev_name()
 * @returns the device as it is now; EBUSY while it has buffers attached: they were mapped for the device as it is
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
  const device = changeDevice(old, facts);
  const gone = kernel.syscall(task, { call: 'device_del', device: name });
  if (gone.ret < 0) return gone;
  return { ...kernel.syscall(task, { call: 'device_add', device }), device };
}
