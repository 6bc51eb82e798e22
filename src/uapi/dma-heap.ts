/** include/uapi/linux/dma-heap.h: the allocation request as bytes. */
import { O_ACCMODE, O_CLOEXEC } from './fcntl.ts';
import { IOC_READ, IOC_WRITE, ioc } from './ioctl.ts';

/** struct dma_heap_allocation_data. */
export interface DmaHeapAllocationData {
  readonly len: bigint;
  readonly fd: number;
  readonly fd_flags: number;
  readonly heap_flags: bigint;
}

/** sizeof(struct dma_heap_allocation_data). */
export const DMA_HEAP_ALLOCATION_DATA_SIZE = 24;

/** _IOWR('H', 0x0, struct dma_heap_allocation_data): 0xc0184800. */
export const DMA_HEAP_IOCTL_ALLOC = ioc(IOC_READ | IOC_WRITE, 0x48, 0, DMA_HEAP_ALLOCATION_DATA_SIZE);

const NODES = '/dev/dma_heap/';

/** The heap that a word means: its name, `heap:NAME`, or the path of its device node. */
export const heapName = (text: string): string => text.replace(/^(heap:|\/dev\/dma_heap\/)/, '');

/** The device node of the heap that such a word means. */
export const heapNode = (text: string): string => NODES + heapName(text);

/** Whether a path is one of a heap's node. */
export const isHeapNode = (path: string): boolean => path.startsWith(NODES);

/** The file flags that an allocation may ask for. */
export const DMA_HEAP_VALID_FD_FLAGS = O_CLOEXEC | O_ACCMODE;

export function encodeDmaHeapAllocationData(data: DmaHeapAllocationData): Uint8Array {
  const bytes = new Uint8Array(DMA_HEAP_ALLOCATION_DATA_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, data.len, true);
  view.setUint32(8, data.fd, true);
  view.setUint32(12, data.fd_flags, true);
  view.setBigUint64(16, data.heap_flags, true);
  return bytes;
}

/** The descriptor alone. @param bytes at least 24 of them */
export const allocatedFd = (bytes: Uint8Array): number =>
  (bytes[8] ?? 0) | ((bytes[9] ?? 0) << 8) | ((bytes[10] ?? 0) << 16) | ((bytes[11] ?? 0) << 24);

/** @param bytes at least 24 of them */
export function decodeDmaHeapAllocationData(bytes: Uint8Array): DmaHeapAllocationData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    len: view.getBigUint64(0, true),
    fd: view.getUint32(8, true),
    fd_flags: view.getUint32(12, true),
    heap_flags: view.getBigUint64(16, true),
  };
}
