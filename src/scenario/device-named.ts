/** Devices by the words that steps have for them. */
import { devicesCalled } from '../kernel/device-table.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { BadValue, type Path } from './problem.ts';

/** The device that a text names. @throws BadValue when it is the node of several */
function deviceNamed(kernel: Kernel, text: string, path: Path): string | undefined {
  const [one, ...others] = devicesCalled(kernel.devices(), text);
  if (one === undefined || others.length === 0) return one?.name;
  throw new BadValue({
    code: 'scenario-device',
    message: `${text} is the node of ${others.length + 1} devices`,
    hint: `name one of them: ${[one, ...others].map(({ name }) => name).join(', ')}`,
    path,
  });
}

/** The device's name, or the word itself, so that the kernel says no: the call is made, and counted, all the same. */
export const deviceOrWord = (kernel: Kernel, text: string, path: Path): string =>
  deviceNamed(kernel, text, path) ?? text;
