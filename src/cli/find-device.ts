/** Finds the device that a user means. */
import { devicesCalled, nodeNameOf } from '../kernel/device-table.ts';
import type { Device } from '../mm/device.ts';
import { didYouMean } from './did-you-mean.ts';
import { CallFailed, UsageError } from './failures.ts';

/**
 * The device of that name: dev_name(), the path of its node, or the node's name when no other device has it.
 *
 * @param command for the message
 * @throws CallFailed when there is none, UsageError when there are several
 */
export function findDeviceCalled(devices: readonly Device[], text: string, command = 'device'): Device {
  const [one, ...others] = devicesCalled(devices, text);
  if (one !== undefined && others.length === 0) return one;
  if (one !== undefined) {
    const names = [one, ...others].map(({ name }) => name).join(', ');
    throw new UsageError(`${text} is the node of ${others.length + 1} devices`, `Name one of them: ${names}`);
  }
  const known = devices.map(({ name }) => name);
  const nodes = devices.flatMap((device) => nodeNameOf(device) ?? []);
  // Explaining looks among the names; who typed a node's name meant one of those.
  const node = didYouMean(text, known) === undefined ? didYouMean(text, nodes) : undefined;
  throw new CallFailed([
    {
      what: `${command}: ${text}`,
      errno: 'ENODEV',
      why: { kind: 'no-such-device', device: text, known },
      ...(node !== undefined && { notes: [`did you mean ${node}?`] }),
    },
  ]);
}
