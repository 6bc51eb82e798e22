import { deviceJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { DEVICE_COLUMNS, renderDevices } from '../render/devices.ts';
import { addListOptions, type ListOptions, listWishes } from '../words/list-options.ts';

/** `dmaheap devices`: those that buffers are for. */
export function devicesCommand({ program, shell }: Registry): void {
  const command = program
    .command('devices')
    .summary('the devices that buffers are for')
    .description(
      'Lists the devices of the board that buffers are for, and those that were added: how each reaches memory, how many buffers it has, and what its driver holds.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap devices',
        `dmaheap devices --json | jq '.devices[] | {name, dma_mask, "dma-coherent"}'`,
      ),
    )
    .action(async (options: ListOptions) => {
      const sh = shell(command);
      const wishes = listWishes(options, sh.options.json);
      const session = await sh.session('devices');
      const { devices, profile } = session.view((kernel) => ({
        devices: kernel.devices().map((device) => ({
          device,
          attachments: kernel.attachmentsOf(device.name),
          binding: kernel.deviceMemory(device.name),
        })),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({
          schema: 'dmaheap.devices/1',
          profile,
          devices: devices.map(({ device, attachments, binding }) =>
            deviceJson(device, attachments, binding),
          ),
        }),
        (ink) => renderDevices(devices, ink, sh.page, wishes),
      );
    });
  addListOptions(command, DEVICE_COLUMNS);
}
