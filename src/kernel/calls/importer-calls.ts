/**
 * What importing drivers do with a buffer. Models drivers/dma-buf/dma-buf.c: dma_buf_attach(),
 * dma_buf_map_attachment() and their opposites (Linux 7.3).
 */

import { type Attachment, holdsAttachment } from '../../dma-buf/attachment.ts';
import { BACKENDS, isCached } from '../../dma-buf/backends.ts';
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { Device } from '../../mm/dma/device.ts';
import { type DmaDirection, mapSgtable, unmapSgtable } from '../../mm/dma/dma-mapping.ts';
import type { Accessor } from '../../mm/dma/hazard.ts';
import { devicesOf, findDevice, putDevice, removeDevice } from '../device-table.ts';
import { registerDrmDevice, unregisterDrmDevice } from '../drm-devices.ts';
import { FileHolders } from '../file-holders.ts';
import type { KernelState } from '../state.ts';
import { DescriptorTable } from '../task.ts';
import { removeDriver } from './driver-calls.ts';
import { forgetQueue } from './media-calls.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

/**
 * References that an importing driver holds: V4L2's the one of dma_buf_get(); DRM's one for the import, one for
 * the GEM object and one for its handle (drivers/gpu/drm/drm_prime.c), as a running kernel's count shows.
 */
const REFERENCES: Readonly<Record<Device['importer'], number>> = { vb2: 1, drm: 3 };

const task = (name: string): Accessor => ({ kind: 'task', name });

export interface DeviceAdd {
  readonly device: Device;
}

export function deviceAdd(state: KernelState, _by: string, { device }: DeviceAdd): SyscallResult {
  if (findDevice(state.records, device.name) !== undefined) {
    return fail('EEXIST', { kind: 'device-exists', device: device.name });
  }
  putDevice(state.records, device);
  if (device.importer === 'drm') registerDrmDevice(state.records, device.name);
  return ok(0);
}

export interface DeviceDel {
  readonly device: string;
}

/** A device goes, and its attachments with it. */
export function deviceDel(state: KernelState, by: string, { device }: DeviceDel): SyscallResult {
  if (findDevice(state.records, device) === undefined) return fail('ENODEV', noSuchDevice(state, device));
  for (const attachment of [...state.attachments.all()]) {
    if (attachment.device === device) detach(state, by, attachment);
  }
  removeDriver(state, by, device);
  forgetQueue(state.records, device);
  removeDevice(state.records, device);
  unregisterDrmDevice(state.records, device);
  return ok(0);
}

function noSuchDevice(state: KernelState, device: string) {
  const known = devicesOf(state.records).map(({ name }) => name);
  return { kind: 'no-such-device', device, known } as const;
}

export interface Attach {
  readonly fd: number;
  readonly device: string;
}

/** dma_buf_get() and dma_buf_attach() by the device's driver, on behalf of the task. `ret` is the attachment's number. */
export function dmaBufAttach(state: KernelState, by: string, { fd, device: name }: Attach): SyscallResult {
  const device = findDevice(state.records, name);
  if (device === undefined) return fail('ENODEV', noSuchDevice(state, name));
  const descriptor = new DescriptorTable(state.records, by).get(fd);
  const file = descriptor && state.files.get(descriptor.file);
  if (descriptor === undefined || file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
  if (file.kind !== 'dma_buf') return fail('EINVAL', { kind: 'not-a-dma-buf', fd });
  return ok(attach(state, by, descriptor.file, device).id);
}

/** A driver's attachment to a dma-buf. @param through the DRM file that gets a handle of it */
export function attach(
  state: KernelState,
  by: string,
  file: number,
  device: Device,
  through?: number,
): Attachment {
  const references = REFERENCES[device.importer];
  for (let i = 0; i < references; i++) state.files.ref(file);
  const attachment = state.attachments.add({
    file,
    device: device.name,
    task: by,
    sharers: [],
    references,
    ...(through !== undefined && { through }),
  });
  if (!device.dmaCoherent) state.cache.enable();
  return attachment;
}

export interface Attached {
  readonly attachment: number;
}

/** The attachment that a task names, and its device; or why the task may not. */
function held(
  state: KernelState,
  by: string,
  id: number,
): { readonly attachment: Attachment; readonly device: Device } | SyscallResult {
  const attachment = state.attachments.get(id);
  if (attachment === undefined) return badArgument('EINVAL', 'attachment', id);
  const { through } = attachment;
  const isOpen = through !== undefined && new FileHolders(state.records).of(through, 'fd', by).length > 0;
  if (!isOpen && !holdsAttachment(attachment, by)) {
    const { task: holder, sharers } = attachment;
    return fail('EINVAL', { kind: 'attachment-held', attachment: id, tasks: [holder, ...sharers] });
  }
  const device = findDevice(state.records, attachment.device);
  if (device === undefined) throw new Error(`device ${attachment.device} went with its attachments`);
  return { attachment, device };
}

export interface MapAttachment extends Attached {
  readonly direction: DmaDirection;
}

/** dma_buf_map_attachment(). */
export function dmaBufMapAttachment(state: KernelState, by: string, call: MapAttachment): SyscallResult {
  const found = held(state, by, call.attachment);
  return 'ret' in found ? found : map(state, by, found.attachment, found.device, call.direction);
}

/** dma_buf_unmap_attachment(). */
export function dmaBufUnmapAttachment(state: KernelState, by: string, call: Attached): SyscallResult {
  const found = held(state, by, call.attachment);
  if ('ret' in found) return found;
  const { attachment } = found;
  if (attachment.mapped === undefined) return badArgument('EINVAL', 'attachment', attachment.id);
  unmap(state, by, attachment);
  return ok(0);
}

/** dma_buf_detach() and dma_buf_put(). */
export function dmaBufDetach(state: KernelState, by: string, call: Attached): SyscallResult {
  const found = held(state, by, call.attachment);
  if ('ret' in found) return found;
  detach(state, by, found.attachment);
  return ok(0);
}

/** The heaps' map_dma_buf(), and what the importing framework asks of the result. */
function map(
  state: KernelState,
  by: string,
  attachment: Attachment,
  device: Device,
  direction: DmaDirection,
): SyscallResult {
  if (attachment.mapped !== undefined) return badArgument('EINVAL', 'attachment', attachment.id);
  const file = bufferOf(state, attachment);
  const context = state.dmaContext();
  const result = mapSgtable(context, device, file.sgTable, direction, task(by));
  if ('why' in result) {
    if (result.why.kind === 'not-modelled') throw new NotModelled(result.why.what);
    return fail(BACKENDS[file.backing.backend].mapErrno(result.errno ?? 'EIO'), result.why);
  }
  const { mapping, hazards } = result;
  const skips = file.backing.declared !== undefined && !isCached(file.backing);
  if (skips && mapping.pieces.some(({ bounce }) => bounce !== undefined)) {
    unmapSgtable(context, device, mapping, task(by));
    throw new NotModelled(
      `a bounce buffer of ${device.name} for a declared heap that skips the CPU's maintenance`,
    );
  }
  state.coherency.add(hazards);
  const contiguous = contiguousSize(mapping.segments);
  if (device.contiguous && contiguous < file.size) {
    state.coherency.add(unmapSgtable(context, device, mapping, task(by)));
    if (device.importer === 'vb2') {
      state.printk.print(3, `contiguous chunk is too small ${contiguous}/${file.size}`);
    }
    const segments = mapping.segments.length;
    // vb2_dc_map_dmabuf() and drm_gem_dma_prime_import_sg_table().
    return fail(device.importer === 'vb2' ? 'EFAULT' : 'EINVAL', {
      kind: 'not-contiguous',
      contiguous,
      size: file.size,
      segments,
    });
  }
  state.attachments.put({ ...attachment, mapped: mapping });
  return ok(0);
}

/** Bytes from the first segment on that have addresses without a gap: vb2_dc_get_contiguous_size(). */
function contiguousSize(segments: readonly { readonly address: bigint; readonly length: bigint }[]): bigint {
  let size = 0n;
  for (const { address, length } of segments) {
    if (address !== (segments[0]?.address ?? 0n) + size) break;
    size += length;
  }
  return size;
}

function unmap(state: KernelState, by: string, attachment: Attachment): void {
  const { mapped, ...rest } = attachment;
  const device = findDevice(state.records, attachment.device);
  if (mapped === undefined || device === undefined) return;
  state.coherency.add(unmapSgtable(state.dmaContext(), device, mapped, task(by)));
  state.attachments.put(rest);
}

/** Unmaps if need be, detaches and puts the buffer: what a driver does with one that is given up. */
export function detach(state: KernelState, by: string, attachment: Attachment): void {
  unmap(state, by, attachment);
  state.attachments.remove(attachment);
  for (let i = 0; i < attachment.references; i++) state.fput(attachment.file, by);
  const users = [...state.attachments.all()].map(({ device }) => findDevice(state.records, device));
  if (!users.some((device) => device?.dmaCoherent === false)) state.coherency.add(state.cache.settle());
}

function bufferOf(state: KernelState, attachment: Attachment): Extract<OpenFile, { kind: 'dma_buf' }> {
  const file = state.files.get(attachment.file);
  if (file?.kind !== 'dma_buf') throw new Error(`attachment ${attachment.id} is to no dma-buf`);
  return file;
}
