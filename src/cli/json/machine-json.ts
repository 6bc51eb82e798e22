/** Tasks, devices and their attachments as JSON: the objects of docs/cli.md. */
import type { AttachmentView, DeviceAttachment, TaskView } from '../../kernel/views/views.ts';
import type { Device } from '../../mm/dma/device.ts';
import { formatHex } from '../../units.ts';

type Json = Readonly<Record<string, unknown>>;

export const segmentsJson = (segments: AttachmentView['segments']): readonly Json[] =>
  (segments ?? []).map(({ address, length }) => ({
    dma_address: formatHex(address),
    length,
  }));

export const taskJson = (task: TaskView): Json => ({
  name: task.name,
  pid: task.pid,
  uid: task.uid,
  gid: task.gid,
  groups: task.groups,
  nofile: task.nofile,
  fds: task.fds.map(({ fd, cloexec, kind, ino, path }) => ({
    fd,
    cloexec,
    kind,
    ino: ino ?? null,
    path: path ?? null,
  })),
  mappings: task.mappings,
  attachments: task.attachments,
});

export const deviceJson = (device: Device, attachments: readonly DeviceAttachment[]): Json => ({
  name: device.name,
  path: device.path ?? null,
  'dma-coherent': device.dmaCoherent,
  dma_mask: formatHex(device.dmaMask),
  bus_dma_limit: formatHex(device.busDmaLimit),
  dma_range_map: device.dmaRanges.map(({ cpu, dma, size }) => ({
    cpu_start: formatHex(cpu),
    dma_start: formatHex(dma),
    size,
  })),
  iommu: device.iommu,
  max_seg_size: device.maxSegSize,
  importer: device.importer,
  contiguous: device.contiguous,
  'memory-region': device.memoryRegions,
  origin: device.origin,
  attachments: attachments.map(({ id, task, references, direction, segments, buffer }) => ({
    attachment: id,
    task,
    ino: buffer.ino,
    references,
    direction: direction ?? null,
    segments: segmentsJson(segments),
  })),
});
