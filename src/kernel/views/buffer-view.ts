/** The dma-bufs as their users see them: who holds them, by descriptor, mapping and importer. */
import { type Attachment, holdsAttachment } from '../../dma-buf/attachment.ts';
import { type DmaBufFile, exporterOf } from '../../dma-buf/dma-buf.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { mayWrite } from '../../uapi/fcntl.ts';
import { type AddressRange, overlaps } from '../address-space.ts';
import { FileHolders } from '../file-holders.ts';
import { areaOf, type MappingRecord, mappedEnd } from '../mapping-table.ts';
import type { KernelState } from '../state.ts';
import { DescriptorTable, findDescriptor, taskNames } from '../task.ts';
import { mapsFrames } from '../unmap.ts';
import type {
  AttachmentView,
  BufferView,
  DeviceAttachment,
  FdView,
  HeldBuffer,
  MappedArea,
  MappingView,
} from './views.ts';

/** Who holds one file. */
interface Holders {
  readonly fds: FdView[];
  readonly mappings: MappingView[];
  readonly attachments: AttachmentView[];
}

const nobody = (): Holders => ({ fds: [], mappings: [], attachments: [] });

const attachmentView = ({ id, device, task, references, mapped }: Attachment): AttachmentView => ({
  id,
  device,
  task,
  references,
  ...(mapped && { direction: mapped.direction, segments: mapped.segments }),
});

/** The holders of every file, found in one pass over all tasks. */
function holdersByFile(state: KernelState): Map<number, Holders> {
  const found = new Map<number, Holders>();
  const of = (file: number): Holders => {
    const known = found.get(file) ?? nobody();
    found.set(file, known);
    return known;
  };
  for (const task of taskNames(state.records)) {
    for (const [fd, { file, cloexec }] of new DescriptorTable(state.records, task).entries()) {
      of(file).fds.push({ task, fd, cloexec });
    }
    for (const [id, record] of state.mappings.ofTask(task)) {
      of(record.file).mappings.push(mappingView(task, id, record));
    }
  }
  for (const attachment of state.attachments.all()) {
    of(attachment.file).attachments.push(attachmentView(attachment));
  }
  return found;
}

/** The live dma-bufs, oldest first. */
export function bufferViews(state: KernelState): BufferView[] {
  const holders = holdersByFile(state);
  return [...state.files.dmaBufs()].map(([id, file]) => bufferView(state, file, holders.get(id) ?? nobody()));
}

/** The dma-buf behind a task's descriptor. */
export function bufferOfDescriptor(state: KernelState, task: string, fd: number): BufferView | undefined {
  const descriptor = findDescriptor(state.records, task, fd);
  const file = descriptor && state.files.get(descriptor.file);
  if (descriptor === undefined || file?.kind !== 'dma_buf') return undefined;
  // Where nobody else refers to it, there is nothing to look up.
  const alone = { ...nobody(), fds: [{ task, fd, cloexec: descriptor.cloexec }] };
  return bufferView(state, file, file.count === 1 ? alone : holdersOf(state, descriptor.file));
}

/** The dma-buf of an open file. */
export function bufferOfFile(state: KernelState, id: number): BufferView | undefined {
  const file = state.files.get(id);
  return file?.kind === 'dma_buf' ? bufferView(state, file, holdersOf(state, id)) : undefined;
}

/** The holders of one file, found without the others'. */
function holdersOf(state: KernelState, file: number): Holders {
  const holders = new FileHolders(state.records);
  const fds = holders.of(file, 'fd').flatMap(({ task, number: fd }): FdView[] => {
    const descriptor = findDescriptor(state.records, task, fd);
    return descriptor === undefined ? [] : [{ task, fd, cloexec: descriptor.cloexec }];
  });
  const mappings = holders
    .of(file, 'mapping')
    .flatMap(({ task, number }) => mappingOf(state, task, number) ?? []);
  const attachments = state.attachments.ofFile(file).map(attachmentView);
  return { fds, mappings, attachments: attachments.reverse() };
}

/** The areas of a task that lie in a range of addresses, by mapping. */
export const areasIn = (state: KernelState, task: string, range: AddressRange): readonly MappedArea[] =>
  state.mappings.overlapping(task, range).flatMap(([mapping, record]) => {
    const { start: base, shared, file } = record;
    const open = state.files.get(file);
    const ino = open?.kind === 'dma_buf' ? open.ino : 0;
    const sharesStores = shared && open !== undefined && mayWrite(open.flags);
    const of = { mapping, base, shared, sharesStores, frames: mapsFrames(state, record), ino };
    return record.parts
      .map((part) => {
        const { prot, from } = part;
        return { ...areaOf(record, part), ...of, prot, offset: record.offset + from };
      })
      .filter((area) => overlaps(area, range));
  });

/** A task's mapping. */
export function mappingOf(state: KernelState, task: string, id: number): MappingView | undefined {
  const mapping = state.mappings.get(task, id);
  return mapping && mappingView(task, id, mapping);
}

function mappingView(task: string, id: number, record: MappingRecord): MappingView {
  const { offset, shared, parts } = record;
  const { from, prot } = parts[0] ?? { from: 0n, prot: 0 };
  const several = parts.map((part) => ({
    offset: offset + part.from,
    length: part.to - part.from,
    prot: part.prot,
  }));
  return {
    task,
    id,
    offset: offset + from,
    length: mappedEnd(record) - from,
    prot,
    shared,
    ...(several.length > 1 && { parts: several }),
  };
}

/** The attachment of that number. */
export function attachmentOf(state: KernelState, id: number): DeviceAttachment | undefined {
  const attachment = state.attachments.get(id);
  return attachment && deviceAttachment(state, attachment);
}

/** The attachments of a device, the oldest first. */
export function attachmentsOfDevice(state: KernelState, device: string): readonly DeviceAttachment[] {
  const own = [...state.attachments.all()].filter((attachment) => attachment.device === device);
  return own.map((attachment) => deviceAttachment(state, attachment));
}

function deviceAttachment(state: KernelState, attachment: Attachment): DeviceAttachment {
  const file = state.files.get(attachment.file);
  if (file?.kind !== 'dma_buf') throw new Error(`attachment ${attachment.id} is to no dma-buf`);
  return {
    ...attachmentView(attachment),
    buffer: bufferView(state, file, holdersOf(state, attachment.file)),
  };
}

/** The dma-bufs that a task holds, oldest first. */
export function heldBuffers(state: KernelState, task: string): readonly HeldBuffer[] {
  const held = new Map<number, { fds: number[]; attachments: { id: number; device: string }[] }>();
  const of = (file: number) => {
    const known = held.get(file) ?? { fds: [], attachments: [] };
    held.set(file, known);
    return known;
  };
  const table = new DescriptorTable(state.records, task);
  for (const [fd, { file }] of table.entries()) of(file).fds.push(fd);
  for (const [, { file }] of state.mappings.ofTask(task)) of(file);
  for (const attachment of state.attachments.all()) {
    const { id, device, file } = attachment;
    if (holdsAttachment(attachment, task)) of(file).attachments.push({ id, device });
  }
  return [...held]
    .sort(([a], [b]) => a - b)
    .flatMap(([id, by]) => {
      const file = state.files.get(id);
      if (file?.kind !== 'dma_buf') return [];
      return [{ file: id, ino: file.ino, heap: file.expName, size: file.size, ...by }];
    });
}

function bufferView({ records }: KernelState, file: DmaBufFile, holders: Holders): BufferView {
  const { ino, expName, size, flags, count, sgTable, name, call, maker } = file;
  const { linux, geometry } = profileIn(records);
  return {
    ino,
    heap: expName,
    expName: exporterOf(file, linux),
    size,
    flags,
    count,
    ...holders,
    sgTable,
    pageSize: geometry.pageSize,
    call,
    maker,
    ...(name !== undefined && { name }),
  };
}
