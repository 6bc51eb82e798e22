/** Finds the device that a user means. */

import { didYouMean } from '../../devicetree/did-you-mean.ts';
import { nodeNameOf } from '../../kernel/device-table.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Device } from '../../mm/dma/device.ts';
import { findDevice } from '../../program/find-device.ts';
import { CallFailed, UsageError } from '../failures.ts';

/**
 * The device of that name: dev_name(), the path of its node, or the node's name when no other device has it.
 *
 * @param command for the message
 * @throws CallFailed when there is none, UsageError when there are several
 */
export function findDeviceCalled(kernel: Kernel, text: string, command: string): Device {
  const found = findDevice(kernel, text);
  if ('device' in found) return found.device;
  if ('several' in found) {
    const names = found.several.map(({ name }) => name).join(', ');
    throw new UsageError(
      `${text} is the node of ${found.several.length} devices`,
      `Name one of them: ${names}`,
    );
  }
  const { errno = 'ENODEV', why } = found;
  const devices = kernel.devices();
  const known = devices.map(({ name }) => name);
  const nodes = devices.flatMap((device) => nodeNameOf(device) ?? []);
  // Explaining looks among the names; who typed a node's name meant one of those.
  const node = didYouMean(text, known) === undefined ? didYouMean(text, nodes) : undefined;
  throw new CallFailed([
    {
      what: `${command}: ${text}`,
      errno,
      ...(why && { why }),
      ...(node !== undefined && { notes: [`did you mean ${node}?`] }),
    },
  ]);
}
