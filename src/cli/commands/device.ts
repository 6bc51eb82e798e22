import type { Command } from 'commander';
import { examples, type Registry } from '../registry.ts';
import { deviceAttach, deviceDetach, deviceMap, deviceUnmap } from './device-import.ts';
import { deviceAdd, deviceRemove, deviceSet, deviceShow } from './device-machine.ts';
import { deviceDrm, deviceVb2 } from './device-media.ts';
import { deviceAlloc, deviceFree, deviceProbe, deviceRelease } from './device-memory.ts';

/** `dmaheap device …`: what a device is, and what its driver does with a buffer. */
export function deviceCommand(registry: Registry): void {
  const parent: Command = registry.program
    .command('device')
    .summary('a device: what it is, and what its driver does')
    .description(
      "A device that buffers are for. attach, map, unmap and detach are what its driver does with a buffer (dma_buf_attach() and so on); probe, release, alloc, free, vb2 and drm what it does for memory of its own (dma_alloc_coherent()); add, set and rm change the machine. NAME is the device's name, the path of its node, or the name of its node when no other device has that.",
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap device add camera --mask 32 --contiguous',
        'dmaheap device attach camera 4',
        'dmaheap device map camera 4 --direction from-device',
        'dmaheap device probe camera && dmaheap device alloc camera 8M',
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
    deviceProbe,
    deviceRelease,
    deviceAlloc,
    deviceFree,
    deviceVb2,
    deviceDrm,
  ]) {
    register(parent, registry);
  }
}
