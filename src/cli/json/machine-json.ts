/** Tasks, devices and their attachments as JSON: the objects of docs/cli.md. */
import type { DeviceBindingView, DeviceMemoryView } from '../../kernel/views/device-memory-view.ts';
import type { AttachmentView, DeviceAttachment, TaskView } from '../../kernel/views/views.ts';
import type { Device } from '../../mm/dma/device.ts';
import { formatHex, U64_MASK } from '../../units.ts';

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

/** What a driver holds. */
export const deviceMemoryJson = (memory: DeviceMemoryView): Json => ({
  buffer: memory.id,
  size: memory.size,
  taken: memory.taken,
  dma_address: memory.dma === U64_MASK ? null : formatHex(memory.dma),
  phys: memory.phys === undefined ? null : formatHex(memory.phys),
  from: memory.from,
  area: memory.area ?? null,
  pool: memory.pool ?? null,
  zone: memory.zone ?? null,
  kaddr: memory.kaddr,
  for: memory.holder ?? 'driver',
  task: memory.task,
});

/** What is bound to a device, and what its driver holds. */
export const deviceBindingJson = (binding: DeviceBindingView): Json => ({
  bound: binding.bound,
  driver: binding.driver ?? null,
  coherent_dma_mask: formatHex(binding.coherentMask),
  pool: binding.pool ?? null,
  area: binding.area ?? null,
  restricted: binding.restricted ?? null,
  memory: binding.buffers.map(deviceMemoryJson),
});

/** @param binding absent: of a device that was just added */
export const deviceJson = (
  device: Device,
  attachments: readonly DeviceAttachment[],
  binding?: DeviceBindingView,
): Json => ({
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
  ...deviceBindingJson(binding ?? { bound: false, coherentMask: device.dmaMask, buffers: [] }),
  attachments: attachments.map(({ id, task, references, direction, segments, buffer }) => ({
    attachment: id,
    task,
    ino: buffer.ino,
    references,
    direction: direction ?? null,
    segments: segmentsJson(segments),
  })),
});
