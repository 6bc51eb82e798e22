/** `dmaheap device vb2|drm`: allocations as V4L2 and DRM make them for a device. */
import type { Command } from 'commander';
import { createDumb, dmaAttrNames, requestBuffers } from '../../program/device-memory.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { deviceMemoryJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { memoryLine } from '../render/device-memory.ts';
import { readCount, readSize } from '../words/arguments.ts';
import { findDeviceCalled } from '../words/find-device.ts';
import { besideJson, linesSince, readAttrs, tellBeside } from './device-memory.ts';

const NAME = 'the device: its name, the path of its node, or the name of its node';

interface Vb2Options {
  readonly min?: number;
  readonly attrs?: number;
  readonly nonCoherent?: boolean;
}

/** `device vb2 NAME COUNT SIZE…`: prints how many buffers are granted, then their planes. */
export function deviceVb2(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('vb2'), 'device')
    .summary('buffers of a V4L2 queue: VIDIOC_REQBUFS with vb2-dma-contig')
    .description(
      "Allocates as a capture queue of a driver with vb2-dma-contig does: each buffer, each plane in turn. What could not be had ends it, and the buffers before it are granted unless they are fewer than the driver's minimum. COUNT 0 gives all back. The sizes are the driver's sizeimage, which may be larger than the format's.",
    )
    .argument('<name>', NAME)
    .argument('<count>', 'buffers', readCount)
    .argument('[size...]', 'bytes of each plane: 2025K 1012K')
    .option('--min <n>', "the driver's minimum of buffers; kept for later calls", readCount)
    .option('--attrs <attrs>', "the queue's dma_attrs: NO_KERNEL_MAPPING, or a number", readAttrs)
    .option('--non-coherent', 'V4L2_MEMORY_FLAG_NON_COHERENT: never of the own pool')
    .addHelpText(
      'after',
      examples(
        'dmaheap device vb2 camera 4 2073600 1036800',
        'dmaheap device vb2 camera 8 6M --min 3',
        'dmaheap device vb2 camera 0',
      ),
    )
    .action(async (name: string, count: number, words: readonly string[], options: Vb2Options) => {
      const sh = shell(command);
      const sizes = words.map(readSize);
      if (count > 0 && sizes.length === 0) {
        throw new UsageError(
          'buffers of which size?',
          'Give the bytes of each plane: dmaheap device vb2 camera 4 2M',
        );
      }
      if (sizes.length > 8) throw new UsageError('a buffer has at most 8 planes');
      const { min, attrs = 0, nonCoherent = false } = options;
      const session = await sh.session('device vb2');
      const got = await makeCalls(sh, session, (calls) => {
        const device = findDeviceCalled(calls.kernel, name, 'device vb2').name;
        const mark = calls.kernel.printk.nextSeq;
        const wishes = { count, sizes, attrs, nonCoherent, ...(min !== undefined && { min }) };
        const { ret, buffers = [] } = calls.did(`device vb2: ${device} ${count}`, (caller) =>
          requestBuffers(caller, device, wishes),
        );
        return { device, granted: ret, buffers, log: linesSince(calls, mark) };
      });
      await tellBeside(sh, [], got.log);
      await sh.answer(
        () => ({
          schema: 'dmaheap.device-vb2/1',
          device: got.device,
          asked: count,
          granted: got.granted,
          attrs: dmaAttrNames(attrs),
          buffers: got.buffers.map((planes) => planes.map(deviceMemoryJson)),
          log: besideJson([], got.log).log,
        }),
        () => {
          const lines = got.buffers.flatMap((planes, buffer) =>
            planes.map((plane, at) => `buffer ${buffer} plane ${at}  ${memoryLine(plane)}\n`),
          );
          return `${got.granted}\n${lines.join('')}`;
        },
      );
    });
}

/** `device drm NAME WIDTH HEIGHT BPP`: prints the dumb buffer. */
export function deviceDrm(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('drm'), 'device')
    .summary('a dumb buffer of DRM: DRM_IOCTL_MODE_CREATE_DUMB')
    .description(
      'Allocates as a DRM driver with the GEM DMA helper does, silently: where there is no room nothing is logged. Drivers with stricter hardware round widths and heights themselves.',
    )
    .argument('<name>', NAME)
    .argument('<width>', 'pixels of a line', readCount)
    .argument('<height>', 'lines', readCount)
    .argument('<bpp>', 'bits of a pixel: 16, 32', readCount)
    .addHelpText('after', examples('dmaheap device drm display 1920 1080 32'))
    .action(async (name: string, width: number, height: number, bpp: number) => {
      const sh = shell(command);
      for (const [what, value] of Object.entries({ width, height, bpp })) {
        if (value > 0xffffffff) throw new UsageError(`${what} ${value} does not fit into 32 bits`);
      }
      const session = await sh.session('device drm');
      const got = await makeCalls(sh, session, (calls) => {
        const device = findDeviceCalled(calls.kernel, name, 'device drm').name;
        const mark = calls.kernel.printk.nextSeq;
        const { memory } = calls.did(`device drm: ${device} ${width}x${height}`, (caller) =>
          createDumb(caller, device, { width, height, bpp }),
        );
        if (memory === undefined) throw new Error('a dumb buffer that left nothing');
        return { device, memory, log: linesSince(calls, mark) };
      });
      const { memory } = got;
      await tellBeside(sh, [], got.log);
      await sh.answer(
        () => ({
          schema: 'dmaheap.device-drm/1',
          device: got.device,
          pitch: memory.dumb?.pitch ?? null,
          told: memory.dumb?.told ?? null,
          ...deviceMemoryJson(memory),
          log: besideJson([], got.log).log,
        }),
        () => `${memoryLine(memory)}  pitch ${memory.dumb?.pitch}, size told ${memory.dumb?.told}\n`,
      );
    });
}
