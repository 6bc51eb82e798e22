/** Devices by the words that steps have for them. */
import type { Kernel } from '../kernel/kernel.ts';
import { findDevice } from '../program/find-device.ts';
import { BadValue, type Path } from './problem.ts';

/**
 * The name of the device that a text names, or the word itself, so that the kernel says no: the call is made, and
 * counted, all the same.
 *
 * @throws BadValue when it is the node of several
 */
export function deviceOrWord(kernel: Kernel, text: string, path: Path): string {
  const found = findDevice(kernel, text);
  if ('device' in found) return found.device.name;
  if (!('several' in found)) return text;
  throw new BadValue({
    code: 'scenario-device',
    message: `${text} is the node of ${found.several.length} devices`,
    hint: `name one of them: ${found.several.map(({ name }) => name).join(', ')}`,
    path,
  });
}
