/** The device that somebody means. */

import { fail } from '../kernel/calls/results.ts';
import { devicesCalled } from '../kernel/device-table.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Device } from '../mm/dma/device.ts';
import type { Outcome } from './outcome.ts';

/** ENODEV, with the devices that there are. */
export const noSuchDevice = (kernel: Kernel, device: string): Outcome =>
  fail('ENODEV', { kind: 'no-such-device', device, known: kernel.devices().map(({ name }) => name) });

/**
 * The device of that name: dev_name(), the path of its node, or the node's name when no other device has it.
 * Of a node's name that several have, the user is to name one: that is no answer of a kernel.
 */
export function findDevice(
  kernel: Kernel,
  text: string,
): { readonly device: Device } | { readonly several: readonly Device[] } | Outcome {
  const found = devicesCalled(kernel.devices(), text);
  const [device, ...others] = found;
  if (device === undefined) return noSuchDevice(kernel, text);
  return others.length === 0 ? { device } : { several: found };
}
