/** Devices as text: `dmaheap devices` and `dmaheap device show`. */

import { escapeText } from '../../escape-text.ts';
import type { DeviceBindingView } from '../../kernel/views/device-memory-view.ts';
import type { DeviceAttachment } from '../../kernel/views/views.ts';
import type { Device, DmaRange } from '../../mm/dma/device.ts';
import { formatHex, formatSize } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { type ListColumn, type ListWishes, PAGE, type Page, renderList } from '../terminal/list-table.ts';
import { renderFacts } from '../terminal/table.ts';
import { fdList } from './buffers.ts';
import { bindingFacts, renderDeviceMemory } from './device-memory.ts';
import { attachmentLine, renderSegments } from './segments.ts';
import { sizeExact } from './size.ts';

/** What a board cannot say. */
const CAVEAT = [
  'MASK is what Linux sets before a driver asks for more (32 bits). Which one the',
  'driver sets, a board cannot tell: dmaheap device set NAME --mask BITS says it.',
];

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

/** `32`: DMA_BIT_MASK(32); in hexadecimal when it is none. */
export function maskText(mask: bigint): string {
  const bits = mask.toString(2);
  return bits.includes('0') ? formatHex(mask) : String(bits.length);
}

/** A window as `--dma-range` reads it: `0x40000000:0x0:1G`. */
export const dmaRangeText = ({ cpu, dma, size }: DmaRange): string =>
  `${formatHex(cpu)}:${formatHex(dma)}:${formatSize(size).replace(/ (?:(.)i)?B$/, '$1')}`;

const limitText = (limit: bigint): string => (limit === 0n ? '-' : formatHex(limit));

export interface ListedDevice {
  readonly device: Device;
  readonly attachments: readonly DeviceAttachment[];
  readonly binding?: DeviceBindingView | undefined;
}

/** Bytes that its driver holds. */
const heldBytes = ({ binding }: ListedDevice): bigint =>
  (binding?.buffers ?? []).reduce((sum, { taken }) => sum + taken, 0n);

export const DEVICE_COLUMNS: readonly ListColumn<ListedDevice>[] = [
  { title: 'DEVICE', name: true, text: ({ device }) => escapeText(device.name) },
  { title: 'COHERENT', text: ({ device }) => yesNo(device.dmaCoherent) },
  { title: 'MASK', right: true, text: ({ device }) => maskText(device.dmaMask) },
  { title: 'IOMMU', text: ({ device }) => yesNo(device.iommu) },
  { title: 'ATTACHED', right: true, text: ({ attachments }) => String(attachments.length) },
  {
    title: 'HOLDS',
    shown: { when: (listed) => heldBytes(listed) > 0n },
    bytes: (listed) => heldBytes(listed) || undefined,
  },
  {
    title: 'REGIONS',
    name: true,
    text: ({ device }) => device.memoryRegions.map(escapeText).join(',') || '-',
  },
  {
    title: 'BUS-LIMIT',
    right: true,
    shown: { when: ({ device }) => device.busDmaLimit !== 0n },
    text: ({ device }) => limitText(device.busDmaLimit),
  },
  {
    title: 'DMA-RANGES',
    name: true,
    shown: { when: ({ device }) => device.dmaRanges.length > 0 },
    text: ({ device }) => device.dmaRanges.map(dmaRangeText).join(',') || '-',
  },
  { title: 'ORIGIN', shown: 'room', text: ({ device }) => device.origin },
  {
    title: 'NODE',
    name: true,
    shown: 'room',
    text: ({ device }) => (device.path === undefined ? '-' : escapeText(device.path)),
  },
];

/** A table of the devices, and what to make of it. */
export function renderDevices(
  devices: readonly ListedDevice[],
  ink: Ink = NO_INK,
  page: Page = PAGE,
  wishes: ListWishes = {},
): string {
  const table = renderList(DEVICE_COLUMNS, devices, wishes, page, ink.title);
  if (wishes.headings === false) return table;
  if (devices.length === 0) {
    return 'This board has no devices that buffers are for; dmaheap device add NAME adds one.\n';
  }
  return `${table}\n${CAVEAT.map((line) => `${ink.dim(line)}\n`).join('')}`;
}

/** One device, and the buffers that it has. @param task whose descriptors stand without a name */
export function renderDevice(
  { device, attachments, binding }: ListedDevice,
  ink: Ink = NO_INK,
  task = 'shell',
): string {
  const bits = maskText(device.dmaMask);
  const facts: (readonly [string, string])[] = [
    ['device', escapeText(device.name)],
    ['node', device.path === undefined ? '-' : escapeText(device.path)],
    ['origin', device.origin],
    [
      'coherent',
      device.dmaCoherent ? 'yes: it sees what the caches hold' : 'no: it sees memory, not the caches',
    ],
    ['mask', bits.startsWith('0x') ? bits : `${bits} bits (${formatHex(device.dmaMask)})`],
    ['bus limit', limitText(device.busDmaLimit)],
    [
      'dma ranges',
      device.dmaRanges.map(dmaRangeText).join(', ') || '- (bus addresses are physical addresses)',
    ],
    ['iommu', yesNo(device.iommu)],
    ['max segment', sizeExact(BigInt(device.maxSegSize))],
    ['importer', `${device.importer}${device.contiguous ? ', needs a buffer in one run of addresses' : ''}`],
    ['regions', device.memoryRegions.map(escapeText).join(', ') || '-'],
    ...(binding === undefined ? [] : bindingFacts(binding)),
    ['attachments', String(attachments.length)],
  ];
  const parts = attachments.map((attachment) => {
    const { buffer, segments } = attachment;
    const what = `buffer ino ${buffer.ino}, ${formatSize(buffer.size)} of ${escapeText(buffer.heap)}, fd ${fdList(buffer.fds, task)}`;
    return `\n${attachmentLine(attachment)}: ${what}\n${segments === undefined ? '' : renderSegments(segments, ink)}`;
  });
  const held =
    binding === undefined || binding.buffers.length === 0
      ? ''
      : `\n${renderDeviceMemory(binding.buffers, ink)}`;
  return renderFacts(facts) + held + parts.join('');
}
