/** `dmaheap device add|set|rm|show`: the devices of the machine. */
import type { Command } from 'commander';
import { escapeText } from '../../escape-text.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Device } from '../../mm/dma/device.ts';
import { makeDevice, nodeAsSeen } from '../../program/described-device.ts';
import { setDevice } from '../../program/set-device.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { deviceJson } from '../json/machine-json.ts';
import { boardNode } from '../read/board-node.ts';
import { examples, type Registry } from '../registry.ts';
import { renderDevice } from '../render/devices.ts';
import {
  addDeviceOptions,
  checkDeviceName,
  type DeviceOptions,
  saysAnything,
} from '../words/device-options.ts';
import { findDeviceCalled } from '../words/find-device.ts';

const NAME = 'the device: its name, the path of its node, or the name of its node';

const answerOf = (device: Device, kernel: Kernel) => ({
  device,
  attachments: kernel.attachmentsOf(device.name),
  binding: kernel.deviceMemory(device.name),
});

/** `device add NAME`. */
export function deviceAdd(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('add')
    .summary('a device that the board does not list')
    .description(
      "Adds a device. With --node it is what the board's tree says of that node, enabled or not; options go over that.",
    )
    .argument('<name>', 'its name: a word of yours')
    .option('--node <node>', "a node of the board's tree: its path, label, alias or name");
  addDeviceOptions(command)
    .addHelpText(
      'after',
      examples(
        'dmaheap device add camera',
        'dmaheap device add dsp --node /soc/dsp@a300000 --mask 36',
        'dmaheap device add npu --dma-range 0x40000000:0x0:1G --coherent --importer drm',
      ),
    )
    .action(async (name: string, options: DeviceOptions & { readonly node?: string }) => {
      const sh = shell(command);
      checkDeviceName(name);
      const session = await sh.session('device add');
      const { node, ...given } = options;
      const facts = node === undefined ? undefined : await boardNode(session, node);
      const seen =
        facts &&
        nodeAsSeen(
          facts,
          session.view((kernel) => kernel.profile),
        );
      const device = makeDevice(name, seen, given);
      await makeCalls(sh, session, ({ must }) => must(`device add: ${name}`, { call: 'device_add', device }));
      if (facts?.disabled === true) {
        sh.streams.err(`${escapeText(facts.path)} is disabled: Linux makes no device of it on this board\n`);
      }
      await sh.answer(
        () => ({ schema: 'dmaheap.device/1', device: deviceJson(device, []) }),
        () => '',
      );
    });
}

/** `device set NAME`. */
export function deviceSet(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('set'), 'device')
    .summary('what its driver has changed')
    .description(
      'Changes a device as its driver does when it is probed: the mask above all, which no board can tell. Refused while buffers are attached.',
    )
    .argument('<name>', NAME);
  addDeviceOptions(command)
    .addHelpText(
      'after',
      examples('dmaheap device set a200000.isp --mask 40', 'dmaheap device set isp@a200000 --contiguous'),
    )
    .action(async (name: string, options: DeviceOptions) => {
      const sh = shell(command);
      if (!saysAnything(options)) {
        throw new UsageError('device set what?', 'Give what changes: --mask 40, --coherent');
      }
      const session = await sh.session('device set');
      const device = await makeCalls(sh, session, ({ kernel, did }) => {
        const old = findDeviceCalled(kernel, name, 'device set');
        const set = did(`device set: ${old.name}`, (caller) => setDevice(caller, old.name, options));
        return set.device ?? old;
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.device/1', device: deviceJson(device, []) }),
        () => '',
      );
    });
}

/** `device rm NAME`. */
export function deviceRemove(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('rm'), 'device')
    .summary('unbind it and take it away')
    .description('Removes a device: its driver gives up the buffers that it has imported.')
    .argument('<name>', NAME)
    .addHelpText('after', examples('dmaheap device rm camera'))
    .action(async (name: string) => {
      const sh = shell(command);
      const session = await sh.session('device rm');
      const { device, attachments } = await makeCalls(sh, session, ({ kernel, must }) => {
        const found = answerOf(findDeviceCalled(kernel, name, 'device rm'), kernel);
        must(`device rm: ${found.device.name}`, { call: 'device_del', device: found.device.name });
        return found;
      });
      const inos = attachments.map(({ buffer }) => `ino ${buffer.ino}`).join(', ');
      if (attachments.length > 0) sh.streams.err(`detached ${escapeText(device.name)} from ${inos}\n`);
      await sh.answer(
        () => ({
          schema: 'dmaheap.device-rm/1',
          device: device.name,
          detached: attachments.map(({ id }) => id),
        }),
        () => '',
      );
    });
}

/** `device show NAME`. */
export function deviceShow(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('show'), 'device')
    .summary('one device, and the buffers that it has')
    .description('Shows how a device reaches memory, and its buffers with the bus addresses that it got.')
    .argument('<name>', NAME)
    .addHelpText('after', examples('dmaheap device show isp@a200000', 'dmaheap device show camera --json'))
    .action(async (name: string) => {
      const sh = shell(command);
      const session = await sh.session('device show');
      sh.noteAbsentTask(session);
      const { shown, profile } = session.view((kernel) => ({
        shown: answerOf(findDeviceCalled(kernel, name, 'device show'), kernel),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({
          schema: 'dmaheap.device/1',
          profile,
          device: deviceJson(shown.device, shown.attachments, shown.binding),
        }),
        (ink) => renderDevice(shown, ink, sh.task),
      );
    });
}
