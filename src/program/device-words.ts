/** Words that say what a device is, and how it uses a buffer: one reader each. */
import type { DmaRange } from '../mm/dma/device.ts';
import type { DmaDirection } from '../mm/dma/dma-mapping.ts';
import { parseSize } from '../units.ts';

/** The bits of a DMA mask: 1 to 64. */
export function parseMask(text: string): number | undefined {
  const bits = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  return bits >= 1 && bits <= 64 ? bits : undefined;
}

/** `CPU:DMA:SIZE`, a window as `dma-ranges` has it. */
export function parseDmaRange(text: string): DmaRange | undefined {
  const [cpu, dma, size, ...more] = text.split(':').map(parseSize);
  if (cpu === undefined || dma === undefined || size === undefined || size === 0n || more.length > 0)
    return undefined;
  return { cpu, dma, size };
}

/** The longest segment, which is an unsigned int in dma_set_max_seg_size(): 1 to 0xffffffff bytes. */
export function parseSegmentSize(text: string): bigint | undefined {
  const size = parseSize(text);
  return size !== undefined && size > 0n && size <= 0xffffffffn ? size : undefined;
}

/** The directions of DMA as people write them. */
export const DIRECTIONS = {
  bidirectional: 'DMA_BIDIRECTIONAL',
  'to-device': 'DMA_TO_DEVICE',
  'from-device': 'DMA_FROM_DEVICE',
} as const satisfies Readonly<Record<string, DmaDirection>>;

export const DIRECTION_WORDS = ['bidirectional', 'to-device', 'from-device'] as const;

/** `from-device`, or as the kernel spells it: DMA_FROM_DEVICE. */
export function parseDirection(text: string): DmaDirection | undefined {
  const word = text.toLowerCase().replace(/^dma_/, '').replace('_', '-');
  const known = DIRECTION_WORDS.find((one) => one === word);
  return known && DIRECTIONS[known];
}
