/** Devices as text: `dmaheap devices` and `dmaheap device show`. */
import type { DeviceAttachment } from '../../kernel/views/views.ts';
import type { Device, DmaRange } from '../../mm/dma/device.ts';
import { formatHex, formatSize } from '../../units.ts';
import { escapeText } from '../terminal/escape.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { fdList } from './buffers.ts';
import { attachmentLine, renderSegments } from './segments.ts';
import { sizeExact } from './size.ts';

const COLUMNS = [
  { title: 'DEVICE' },
  { title: 'NODE' },
  { title: 'COHERENT' },
  { title: 'MASK', right: true },
  { title: 'BUS LIMIT', right: true },
  { title: 'DMA RANGES' },
  { title: 'IOMMU' },
  { title: 'REGIONS' },
  { title: 'ORIGIN' },
  { title: 'ATTACHED', right: true },
];

/** What a board cannot say. */
const CAVEAT =
  'MASK is what Linux sets before a driver asks for more (32 bits): which mask the driver sets, a board cannot tell. dmaheap device set NAME --mask BITS says it.';

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
}

/** A table of the devices, and what to make of it. */
export function renderDevices(devices: readonly ListedDevice[], ink: Ink = NO_INK): string {
  if (devices.length === 0) {
    return 'This board has no devices that buffers are for; dmaheap device add NAME adds one.\n';
  }
  const rows = devices.map(({ device, attachments }) => [
    escapeText(device.name),
    device.path === undefined ? '-' : escapeText(device.path),
    yesNo(device.dmaCoherent),
    maskText(device.dmaMask),
    limitText(device.busDmaLimit),
    device.dmaRanges.map(dmaRangeText).join(',') || '-',
    yesNo(device.iommu),
    device.memoryRegions.map(escapeText).join(',') || '-',
    device.origin,
    String(attachments.length),
  ]);
  return `${renderTable(COLUMNS, rows, ink.title)}\n${ink.dim(CAVEAT)}\n`;
}

/** One device, and the buffers that it has. @param task whose descriptors stand without a name */
export function renderDevice(
  { device, attachments }: ListedDevice,
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
    ['attachments', String(attachments.length)],
  ];
  const parts = attachments.map((attachment) => {
    const { buffer, segments } = attachment;
    const what = `buffer ino ${buffer.ino}, ${formatSize(buffer.size)} of ${escapeText(buffer.heap)}, fd ${fdList(buffer.fds, task)}`;
    return `\n${attachmentLine(attachment)}: ${what}\n${segments === undefined ? '' : renderSegments(segments, ink)}`;
  });
  return renderFacts(facts) + parts.join('');
}
