import { deviceJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderDevices } from '../render/devices.ts';

/** `dmaheap devices`: those that buffers are for. */
export function devicesCommand({ program, shell }: Registry): void {
  const command = program
    .command('devices')
    .summary('the devices that buffers are for')
    .description(
      'Lists the devices of the board that buffers are for, and those that were added: how each reaches memory, and how many buffers it has.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap devices',
        `dmaheap devices --json | jq '.devices[] | {name, dma_mask, "dma-coherent"}'`,
      ),
    )
    .action(async () => {
      const sh = shell(command);
      const session = await sh.session('devices');
      const { devices, profile } = session.view((kernel) => ({
        devices: kernel
          .devices()
          .map((device) => ({ device, attachments: kernel.attachmentsOf(device.name) })),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({
          schema: 'dmaheap.devices/1',
          profile,
          devices: devices.map(({ device, attachments }) => deviceJson(device, attachments)),
        }),
        (ink) => renderDevices(devices, ink),
      );
    });
}
