/**
 * Bytes as a device gets at them, by DMA: a buffer through its attachment, memory by the device's own addresses.
 * Nothing stops it at a buffer's end, as nothing would in hardware.
 */

import type { DeviceMapping } from '../kernel/dma.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SHELL_TASK } from '../kernel/task.ts';
import type { AttachmentView } from '../kernel/views.ts';
import { formatHex, formatSize } from '../units.ts';
import type { AttachmentPart, BufferPart, MemoryPart } from './byte-part.ts';
import { type ByteTarget, type Place, tooLong, type Wanted } from './byte-target.ts';
import { CallFailed, type FailedCall } from './failures.ts';
import { findDeviceCalled } from './find-device.ts';

type Finding = Wanted & { readonly kernel: Kernel; readonly task: string };

const refused = (
  { command }: Wanted,
  { text }: { readonly text: string },
  why: Pick<FailedCall, 'why' | 'notes'>,
  errno: FailedCall['errno'] = 'EINVAL',
) => new CallFailed([{ what: `${command}: ${text}`, errno, ...why }]);

/** @throws CallFailed, UsageError */
export function deviceBytes(
  { sh, session }: Place,
  part: BufferPart | AttachmentPart | MemoryPart,
  wanted: Wanted,
): ByteTarget {
  return session.view((kernel) => {
    const finding = { ...wanted, kernel, task: sh.task };
    return part.kind === 'memory' ? busBytes(finding, part) : attachmentBytes(finding, part);
  });
}

/** Memory by the device's addresses: a bus's, or what its IOMMU translates. */
function busBytes({ kernel, command, as = '' }: Finding, part: MemoryPart): ByteTarget {
  const { text, offset: address } = part;
  const device = findDeviceCalled(kernel.devices(), as, command).name;
  const json = { target: `@${formatHex(address)}`, offset: 0, as: device };
  return {
    json,
    offset: address,
    ...(part.length !== undefined && { length: part.length }),
    read: (caller, at, into) => caller.kernel.dma(device).read(address + at, into),
    write: (caller, at, from) => caller.kernel.dma(device).write(address + at, from),
    overflow: (done) => tooLong(`${command}: ${text}`, done, `${text} ends there`, json),
  };
}

function attachmentBytes(finding: Finding, part: BufferPart | AttachmentPart): ByteTarget {
  const { id, device } = part.kind === 'buffer' ? newestMapped(finding, part) : numbered(finding, part);
  const { offset } = part;
  const own = mappingOf(finding.kernel, finding, part, id);
  if (part.length === undefined && offset > own.size && finding.unbounded !== true) {
    throw refused(finding, part, {
      notes: [
        `offset ${offset} is past the end: the buffer has ${own.size} (${formatSize(own.size)})`,
        `with a length, ${device} goes on there all the same: ${part.text}:LENGTH`,
      ],
    });
  }
  const name = part.kind === 'buffer' ? { fd: part.fd } : { target: `attachment:${id}` };
  const length = part.length ?? (finding.unbounded === true ? undefined : own.size - offset);
  const { command, access } = finding;
  const now = (kernel: Kernel) => mappingOf(kernel, { command, access }, part, id);
  return {
    json: { ...name, offset: Number(offset), as: device },
    offset,
    ...(length !== undefined && { length }),
    read: ({ kernel }, at, into) => now(kernel).read(offset + at, into),
    write: ({ kernel }, at, from) => now(kernel).write(offset + at, from),
    overflow: () => new Error('a device stops nowhere'),
  };
}

/** What the device has mapped, at this moment. */
function mappingOf(
  kernel: Kernel,
  wanted: Wanted,
  part: BufferPart | AttachmentPart,
  id: number,
): DeviceMapping {
  const mapping = kernel.deviceMapping(id);
  if (mapping !== undefined) return mapping;
  throw refused(wanted, part, { notes: [`attachment ${id} is not mapped: the device has no address of it`] });
}

/** The device's newest mapped attachment to a buffer; without one, how to get there. */
function newestMapped(finding: Finding, part: BufferPart): Pick<AttachmentView, 'id' | 'device'> {
  const { kernel, task, command, as = '' } = finding;
  const { fd } = part;
  const device = findDeviceCalled(kernel.devices(), as, command).name;
  const buffer = kernel.buffer(task, fd);
  if (buffer === undefined) {
    throw kernel.hasDescriptor(task, fd)
      ? refused(finding, part, { why: { kind: 'not-a-dma-buf', fd } })
      : refused(finding, part, { why: { kind: 'bad-descriptor', fd } }, 'EBADF');
  }
  const own = buffer.attachments.filter((attachment) => attachment.device === device);
  const mapped = own.filter(({ direction }) => direction !== undefined).sort((a, b) => b.id - a.id)[0];
  if (mapped !== undefined) return mapped;
  const dmaheap = task === SHELL_TASK ? 'dmaheap' : `dmaheap --task ${task}`;
  const map = `${dmaheap} device map ${device} ${fd}`;
  throw refused(finding, part, {
    notes:
      own.length === 0
        ? [
            `${device} is not attached to the buffer, so it has no address of it`,
            `here: ${dmaheap} device attach ${device} ${fd} && ${map}`,
          ]
        : [`${device} is attached to the buffer but has not mapped it`, `here: ${map}`],
  });
}

function numbered(finding: Finding, part: AttachmentPart): Pick<AttachmentView, 'id' | 'device'> {
  const { kernel, command, as } = finding;
  const attachment = kernel.attachment(part.id);
  if (attachment === undefined) {
    throw refused(finding, part, {
      notes: [`there is no attachment ${part.id}; dmaheap devices lists them`],
    });
  }
  const device = as === undefined ? attachment.device : findDeviceCalled(kernel.devices(), as, command).name;
  if (device !== attachment.device) {
    throw refused(finding, part, {
      notes: [`attachment ${part.id} is ${attachment.device}'s, not ${device}'s`],
    });
  }
  return attachment;
}
