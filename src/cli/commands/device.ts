import type { Command } from 'commander';
import { examples, type Registry } from '../registry.ts';
import { deviceAttach, deviceDetach, deviceMap, deviceUnmap } from './device-import.ts';
import { deviceAdd, deviceRemove, deviceSet, deviceShow } from './device-machine.ts';

/** `dmaheap device …`: what a device is, and what its driver does with a buffer. */
export function deviceCommand(registry: Registry): void {
  const parent: Command = registry.program
    .command('device')
    .summary('a device: what it is, and what its driver does with a buffer')
    .description(
      "A device that imports buffers. attach, map, unmap and detach are what its driver does (dma_buf_attach() and so on); add, set and rm change the machine. NAME is the device's name, the path of its node, or the name of its node when no other device has that.",
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap device add camera --mask 32 --contiguous',
        'dmaheap device attach camera 4',
        'dmaheap device map camera 4 --direction from-device',
        'dmaheap device unmap camera 4 && dmaheap device detach camera 4',
      ),
    );
  for (const register of [
    deviceAdd,
    deviceSet,
    deviceRemove,
    deviceShow,
    deviceAttach,
    deviceMap,
    deviceUnmap,
    deviceDetach,
  ]) {
    register(parent, registry);
  }
}
