// Which of a board's heaps can give three 4K frames: node heaps.ts board.dtb
import { readFileSync } from 'node:fs';
import {
  boardFromTree,
  boot,
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_WRITE,
  DMA_HEAP_IOCTL_ALLOC,
  type DmaHeapAllocationData,
  decodeDmaHeapAllocationData,
  decodeDtb,
  encodeDmaBufSync,
  encodeDmaHeapAllocationData,
  formatSize,
  InMemoryPhysMemory,
  Kernel,
  layoutOf,
  MemoryRecords,
  O_CLOEXEC,
  O_RDWR,
  SHELL_TASK,
} from 'dmaheap';

const FRAME = 3840n * 2160n * 2n;

/** Boots a blob, as `dmaheap boot` does. */
function bootBlob(file: string): Kernel {
  const board = boardFromTree(decodeDtb(readFileSync(file), file), file);
  const records = new MemoryRecords();
  const { panic } = boot(board, { kernel: '6.12', cmdline: 'cma=128M' }, records);
  if (panic !== undefined) throw new Error(`the kernel panics: ${panic}`);
  return new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
}

/** DMA_HEAP_IOCTL_ALLOC, as a C program calls it. Returns the descriptor, or the name of the errno. */
function allocate(kernel: Kernel, heap: string, len: bigint): number | string {
  const path = `/dev/dma_heap/${heap}`;
  const node = kernel.syscall(SHELL_TASK, { call: 'open', path, flags: O_RDWR });
  if (node.errno !== undefined) return node.errno;
  // struct dma_heap_allocation_data: its fields have the names and types of the header.
  const data: DmaHeapAllocationData = { len, fd: 0, fd_flags: O_RDWR | O_CLOEXEC, heap_flags: 0n };
  const arg = encodeDmaHeapAllocationData(data);
  const request = DMA_HEAP_IOCTL_ALLOC;
  const answer = kernel.syscall(SHELL_TASK, { call: 'ioctl', fd: node.ret, request, arg });
  kernel.syscall(SHELL_TASK, { call: 'close', fd: node.ret });
  if (answer.errno !== undefined) return answer.errno;
  // The kernel writes its answer into the struct.
  return decodeDmaHeapAllocationData(arg).fd;
}

const kernel = bootBlob(process.argv[2] ?? 'board.dtb');
console.log(kernel.info().banner);
for (const { name } of kernel.heaps()) {
  const fds: number[] = [];
  let failed: string | undefined;
  while (fds.length < 3 && failed === undefined) {
    const got = allocate(kernel, name, FRAME);
    if (typeof got === 'number') fds.push(got);
    else failed = got;
  }
  const end = failed === undefined ? '' : `, then ${failed}`;
  console.log(`${name}: ${fds.length} of 3 frames of ${formatSize(FRAME)}${end}`);
  for (const fd of fds) {
    // struct dma_buf_sync.
    const arg = encodeDmaBufSync(DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
    kernel.syscall(SHELL_TASK, { call: 'ioctl', fd, request: DMA_BUF_IOCTL_SYNC, arg });
    kernel.syscall(SHELL_TASK, { call: 'close', fd });
  }
}
