/** The dma-bufs as their users see them: who holds them, by descriptor, mapping and importer. */
import type { Attachment } from '../dma-buf/attachment.ts';
import type { DmaBufFile } from '../dma-buf/dma-buf.ts';
import type { KernelState } from './state.ts';
import { DescriptorTable, taskNames } from './task.ts';
import type { AttachmentView, BufferView, FdView, MappingView } from './views.ts';

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
    for (const [id, { file, offset, length, prot, shared }] of state.mappings.ofTask(task)) {
      of(file).mappings.push({ task, id, offset, length, prot, shared });
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
  return [...state.files.dmaBufs()].map(([id, file]) => bufferView(file, holders.get(id) ?? nobody()));
}

/** The dma-buf behind a task's descriptor. */
export function bufferOfDescriptor(state: KernelState, task: string, fd: number): BufferView | undefined {
  const descriptor = new DescriptorTable(state.records, task).get(fd);
  const file = descriptor && state.files.get(descriptor.file);
  if (descriptor === undefined || file?.kind !== 'dma_buf') return undefined;
  // Where nobody else refers to it, the others need no look.
  if (file.count === 1)
    return bufferView(file, { ...nobody(), fds: [{ task, fd, cloexec: descriptor.cloexec }] });
  return bufferView(file, holdersByFile(state).get(descriptor.file) ?? nobody());
}

function bufferView(file: DmaBufFile, holders: Holders): BufferView {
  const { ino, expName, size, flags, count, sgTable, name, call, maker } = file;
  return {
    ino,
    heap: expName,
    expName,
    size,
    flags,
    count,
    ...holders,
    sgTable,
    call,
    maker,
    ...(name !== undefined && { name }),
  };
}
