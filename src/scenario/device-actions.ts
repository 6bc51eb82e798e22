/** Actions of devices: they come and go, and import buffers. */
import { findBoardNode } from '../board/devices.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Device, DmaRange } from '../mm/device.ts';
import type { DmaDirection } from '../mm/dma-mapping.ts';
import { changeDevice, type DeviceFacts, isDeviceName, makeDevice } from '../program/described-device.ts';
import { parseSize } from '../units.ts';
import type { ActionCompilers } from './action.ts';
import { deviceNamed, noDevice } from './byte-actions.ts';
import type { DeviceWords } from './form.ts';
import type { Getter, Moment } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { BadValue, type Path } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Values } from './values.ts';

const DIRECTIONS: Readonly<Record<string, DmaDirection>> = {
  bidirectional: 'DMA_BIDIRECTIONAL',
  'to-device': 'DMA_TO_DEVICE',
  'from-device': 'DMA_FROM_DEVICE',
};

function dmaRange(text: string): DmaRange | undefined {
  const [cpu, dma, size, ...more] = text.split(':').map(parseSize);
  if (cpu === undefined || dma === undefined || size === undefined || size === 0n || more.length > 0)
    return undefined;
  return { cpu, dma, size };
}

const maskBits = (text: string): number | undefined =>
  /^[0-9]{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 64 ? Number(text) : undefined;

/** What is said of a device. */
function factsOf(words: DeviceWords, values: Values, path: Path): Getter<DeviceFacts> {
  const inside = (key: string): Path => [...path, key];
  const ranges = words['dma-ranges'];
  const list = ranges === undefined ? undefined : typeof ranges === 'string' ? [ranges] : ranges;
  const windows = list?.map((text, i) =>
    values.read(
      text,
      typeof ranges === 'string' ? inside('dma-ranges') : [...path, 'dma-ranges', i],
      dmaRange,
      'CPU:DMA:SIZE, such as 0x40000000:0x0:1G',
    ),
  );
  const mask =
    words.mask === undefined ? undefined : values.read(words.mask, inside('mask'), maskBits, 'bits, 1 to 64');
  const limit =
    words['bus-limit'] === undefined ? undefined : values.size(words['bus-limit'], inside('bus-limit'));
  const segment =
    words['max-seg-size'] === undefined
      ? undefined
      : values.size(words['max-seg-size'], inside('max-seg-size'));
  const { coherent, iommu, contiguous, importer } = words;
  return (at) => ({
    ...(coherent !== undefined && { coherent }),
    ...(iommu !== undefined && { iommu }),
    ...(contiguous !== undefined && { contiguous }),
    ...(importer !== undefined && { importer }),
    ...(mask && { mask: mask(at) }),
    ...(windows && { dmaRange: windows.map((window) => window(at)) }),
    ...(limit && { busLimit: limit(at) }),
    ...(segment && { maxSegSize: segment(at) }),
  });
}

function nameOf(value: string, values: Values, path: Path): Getter<string> {
  if (!isTemplate(value) && !isDeviceName(value)) {
    values.problem(
      path,
      'scenario-device-name',
      `'${value}' is no name for a device`,
      'a name has 1 to 64 characters, none of them a blank or /',
    );
  }
  return values.text(value, path);
}

/** The device's name, or the word itself, so that the kernel says no: the call is made, and counted, all the same. */
const deviceOrWord = (kernel: Kernel, text: string, path: Path): string =>
  deviceNamed(kernel, text, path) ?? text;

/** A device that must be there. */
function onDevice(at: Moment, text: string, path: Path, body: (device: string) => Outcome): Outcome {
  const { kernel } = at.machine;
  const device = deviceNamed(kernel, text, path);
  return device === undefined ? noDevice(kernel, text) : body(device);
}

type Names = 'device-add' | 'device-set' | 'device-rm' | 'attach' | 'map' | 'unmap' | 'detach';

export const DEVICE_ACTIONS: ActionCompilers<Names> = {
  'device-add': (value, values, path) => {
    const words: DeviceWords = typeof value === 'string' ? { name: value } : value;
    const name = nameOf(words.name, values, typeof value === 'string' ? path : [...path, 'name']);
    const facts = factsOf(words, values, path);
    const node = words.node === undefined ? undefined : values.text(words.node, [...path, 'node']);
    return (at) => {
      const { kernel, tree } = at.machine;
      const wanted = node?.(at);
      const found = wanted === undefined || tree === undefined ? undefined : findBoardNode(tree.root, wanted);
      if (wanted !== undefined && found === undefined) {
        throw new BadValue({
          code: 'scenario-no-node',
          message: `no node of the board, or more than one, is called ${wanted}`,
          hint: 'give its path, label, alias or name; labels are known of blobs with __symbols__ (dtc -@)',
          path: [...path, 'node'],
        });
      }
      const device = makeDevice(name(at), found, facts(at));
      return kernel.syscall(at.task, { call: 'device_add', device });
    };
  },
  'device-set': (value, values, path) => {
    const name = values.text(value.name, [...path, 'name']);
    const facts = factsOf(value, values, path);
    return (at) =>
      onDevice(at, name(at), path, (device) => {
        const { kernel } = at.machine;
        const old = kernel.device(device) as Device;
        const attached = kernel
          .buffers()
          .some(({ attachments }) => attachments.some((one) => one.device === device));
        // What is mapped was mapped for the device as it is.
        if (attached) return { ret: -16, errno: 'EBUSY' };
        kernel.syscall(at.task, { call: 'device_del', device });
        return kernel.syscall(at.task, { call: 'device_add', device: changeDevice(old, facts(at)) });
      });
  },
  'device-rm': (value, values, path) => {
    const name = values.text(value, path);
    return (at) => {
      const { kernel } = at.machine;
      return kernel.syscall(at.task, { call: 'device_del', device: deviceOrWord(kernel, name(at), path) });
    };
  },
  attach: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const name = values.text(value.device, [...path, 'device']);
    return (at) => {
      const { kernel } = at.machine;
      const device = deviceOrWord(kernel, name(at), path);
      return kernel.syscall(at.task, { call: 'dma_buf_attach', fd: fd(at), device });
    };
  },
  map: (value, values, path) => {
    const given = typeof value === 'object' ? value : { attachment: value };
    const id = values.ref(
      given.attachment,
      typeof value === 'object' ? [...path, 'attachment'] : path,
      'attachment',
    );
    const direction = DIRECTIONS[given.direction ?? 'bidirectional'] ?? 'DMA_BIDIRECTIONAL';
    return (at) => {
      const attachment = id(at);
      const { kernel } = at.machine;
      const result = kernel.syscall(at.task, { call: 'dma_buf_map_attachment', attachment, direction });
      if (result.ret < 0) return result;
      const dma = kernel.deviceMapping(attachment)?.segments[0]?.address;
      return { ...result, ...(dma !== undefined && { dma }) };
    };
  },
  unmap: (value, values, path) => {
    const id = values.ref(value, path, 'attachment');
    return (at) =>
      at.machine.kernel.syscall(at.task, { call: 'dma_buf_unmap_attachment', attachment: id(at) });
  },
  detach: (value, values, path) => {
    const id = values.ref(value, path, 'attachment');
    return (at) => at.machine.kernel.syscall(at.task, { call: 'dma_buf_detach', attachment: id(at) });
  },
};
