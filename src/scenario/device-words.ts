/** What steps say of a device, and how `export` says it. */
import * as z from 'zod';
import { dmaBitMask } from '../kernel/device-table.ts';
import type { Device } from '../mm/dma/device.ts';
import type { DeviceFacts } from '../program/described-device.ts';
import { parseDmaRange, parseMask, parseSegmentSize } from '../program/device-words.ts';
import { formatHex } from '../units.ts';
import type { ValueOf } from './action.ts';
import { sizeWord } from './export/words.ts';
import type { Getter } from './moment.ts';
import type { Path } from './problem.ts';
import { flag, size, text, whole } from './value-forms.ts';
import type { Values } from './values.ts';

export const deviceSchema = () =>
  z.strictObject(
    {
      name: text,
      coherent: flag.optional(),
      mask: whole.optional(),
      iommu: flag.optional(),
      'dma-ranges': z.union([text, z.array(text)], { error: 'CPU:DMA:SIZE, or a list of them' }).optional(),
      'bus-limit': size.optional(),
      'max-seg-size': size.optional(),
      contiguous: flag.optional(),
      importer: z.enum(['vb2', 'drm'], { error: 'vb2 or drm' }).optional(),
      node: text.optional(),
    },
    { error: 'a name, or a device with its properties' },
  );

/** A device: `mask` in bits, `dma-ranges` one or several, `node` of the board by path, label, alias or name. */
export type DeviceWords = ValueOf<typeof deviceSchema>;

/** What is said of a device. */
export function factsOf(words: DeviceWords, values: Values, path: Path): Getter<DeviceFacts> {
  const inside = (key: string): Path => [...path, key];
  const ranges = words['dma-ranges'];
  const list = ranges === undefined ? undefined : typeof ranges === 'string' ? [ranges] : ranges;
  const windows = list?.map((text, i) =>
    values.read(
      text,
      typeof ranges === 'string' ? inside('dma-ranges') : [...path, 'dma-ranges', i],
      parseDmaRange,
      'CPU:DMA:SIZE, such as 0x40000000:0x0:1G',
    ),
  );
  const mask =
    words.mask === undefined
      ? undefined
      : values.read(words.mask, inside('mask'), parseMask, 'bits, 1 to 64');
  const limit =
    words['bus-limit'] === undefined ? undefined : values.size(words['bus-limit'], inside('bus-limit'));
  const segment =
    words['max-seg-size'] === undefined
      ? undefined
      : values.read(words['max-seg-size'], inside('max-seg-size'), parseSegmentSize, '1 to 4294967295 bytes');
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

/** In what a device differs from another, as somebody would say it. */
export function differingFacts(device: Device, from: Device): DeviceFacts | undefined {
  const sameRanges = JSON.stringify(device.dmaRanges, hexed) === JSON.stringify(from.dmaRanges, hexed);
  const bits = device.dmaMask.toString(2).length;
  if (device.dmaMask !== dmaBitMask(bits)) return undefined;
  return {
    ...(device.dmaCoherent !== from.dmaCoherent && { coherent: device.dmaCoherent }),
    ...(device.dmaMask !== from.dmaMask && { mask: bits }),
    ...(device.iommu !== from.iommu && { iommu: device.iommu }),
    ...(!sameRanges && { dmaRange: device.dmaRanges }),
    ...((device.busDmaLimit !== from.busDmaLimit || !sameRanges) && { busLimit: device.busDmaLimit }),
    ...(device.maxSegSize !== from.maxSegSize && { maxSegSize: BigInt(device.maxSegSize) }),
    ...(device.contiguous !== from.contiguous && { contiguous: device.contiguous }),
    ...(device.importer !== from.importer && { importer: device.importer }),
    // A limit changes the mask that Linux sets, so that the mask must be said again.
    ...((device.busDmaLimit !== from.busDmaLimit || !sameRanges) && { mask: bits }),
  };
}

const hexed = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? formatHex(value) : value);

export const sameDevice = (a: Device, b: Device): boolean =>
  JSON.stringify(sorted(a), hexed) === JSON.stringify(sorted(b), hexed);

const sorted = (device: Device): readonly (readonly [string, unknown])[] =>
  Object.entries(device).sort(([a], [b]) => (a < b ? -1 : 1));

export function wordsOf(facts: DeviceFacts): Omit<DeviceWords, 'name'> {
  const { coherent, mask, iommu, dmaRange, busLimit, maxSegSize, contiguous, importer } = facts;
  return {
    ...(coherent !== undefined && { coherent }),
    ...(mask !== undefined && { mask }),
    ...(iommu !== undefined && { iommu }),
    ...(dmaRange !== undefined && {
      'dma-ranges': dmaRange.map(
        ({ cpu, dma, size }) => `${formatHex(cpu)}:${formatHex(dma)}:${sizeWord(size)}`,
      ),
    }),
    ...(busLimit !== undefined && { 'bus-limit': busLimit }),
    ...(maxSegSize !== undefined && { 'max-seg-size': sizeWord(maxSegSize) }),
    ...(contiguous !== undefined && { contiguous }),
    ...(importer !== undefined && { importer }),
  };
}
