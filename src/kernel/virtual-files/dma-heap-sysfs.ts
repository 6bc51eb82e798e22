/**
 * The heaps in sysfs: the class, its devices, and the links by number. Models drivers/base/core.c:
 * device_add() (Linux 7.3) for the devices that drivers/dma-buf/dma-heap.c makes.
 */
import { DMA_HEAP_MAJOR, type DmaHeap, dmaHeaps } from '../../dma-buf/dma-heap.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { Records } from '../../records.ts';
import { attribute, directory, type Entries, fixedDirectory, symlink } from './make-node.ts';
import type { VirtualDirectory } from './node.ts';

/** The device's name: a `/` cannot be part of one. lib/kobject.c: kobject_set_name_vargs() (Linux 7.3) */
export const heapDeviceName = ({ name }: DmaHeap): string => name.replaceAll('/', '!');

/** By name, as `ls` shows them; the order of sysfs is that of a hash. */
const byName = (records: Records): readonly (readonly [name: string, heap: DmaHeap])[] =>
  dmaHeaps(records)
    .map((heap) => [heapDeviceName(heap), heap] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** /sys/devices/virtual/dma_heap. */
export const heapDevices = (records: Records): VirtualDirectory =>
  directory(0o755, (): Entries => new Map(byName(records).map(([name, heap]) => [name, () => device(heap)])));

function device(heap: DmaHeap): VirtualDirectory {
  const number = `${DMA_HEAP_MAJOR}:${heap.minor}`;
  const event = `MAJOR=${DMA_HEAP_MAJOR}\nMINOR=${heap.minor}\nDEVNAME=dma_heap/${heapDeviceName(heap)}\n`;
  const write = () => {
    throw new NotModelled('a write to uevent');
  };
  return fixedDirectory(0o755, {
    dev: () => attribute(() => `${number}\n`),
    subsystem: () => symlink('../../../../class/dma_heap'),
    uevent: () => attribute(() => event, { mode: 0o644, write }),
  });
}

/** /sys/class/dma_heap. */
export const heapClass = (records: Records): VirtualDirectory =>
  directory(
    0o755,
    (): Entries =>
      new Map(
        byName(records).map(([name]) => [name, () => symlink(`../../devices/virtual/dma_heap/${name}`)]),
      ),
  );

/** /sys/dev/char: device_create_sys_dev_entry(). */
export const heapNumbers = (records: Records): VirtualDirectory =>
  directory(
    0o755,
    (): Entries =>
      new Map(
        dmaHeaps(records).map((heap) => [
          `${DMA_HEAP_MAJOR}:${heap.minor}`,
          () => symlink(`../../devices/virtual/dma_heap/${heapDeviceName(heap)}`),
        ]),
      ),
  );
