/** Allocates as every program does: the heap's node is open during the ioctls, and closed after them. */
import type { SyscallResult } from '../kernel/syscall.ts';
import { DMA_BUF_SET_NAME_B } from '../uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
  heapNode,
} from '../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../uapi/fcntl.ts';
import type { Caller } from './caller.ts';
import { openFile } from './open-file.ts';
import { type Outcome, type Pieces, remarked } from './outcome.ts';
import type { Remark } from './remark.ts';

export interface AllocRequest {
  /** Its name, `heap:NAME`, or the path of its node. */
  readonly heap: string;
  /** Bytes; 0 is the kernel's to refuse. */
  readonly size: bigint;
  /** Of the descriptor; O_RDWR|O_CLOEXEC unless given. */
  readonly fdFlags?: number;
  /** The heap_flags of the request; 0 unless given. */
  readonly heapFlags?: bigint;
  /** How the heap's node is opened: O_RDWR unless given. */
  readonly openFlags?: number;
  /** The request's fd on the way in, which the kernel wants to be 0. */
  readonly fd?: number;
  /** For DMA_BUF_SET_NAME. */
  readonly name?: string;
  /** How many buffers; 1 unless given. */
  readonly count?: number;
  /** All of them or none. */
  readonly atomic?: boolean;
}

export interface Allocated extends Outcome {
  /** The descriptors of what was allocated and kept. */
  readonly fds: readonly number[];
  /** How many were allocated, also when `atomic` closed them again. */
  readonly allocated: number;
  /** The call that said no. */
  readonly failed?: 'open' | 'alloc' | 'name';
}

/** Allocations between two looks of whoever waits. */
const AT_ONCE = 64;

/** DMA_BUF_SET_NAME. @param name NUL ends it, as everywhere in C */
export function nameBuffer({ kernel, task }: Caller, fd: number, name: string): SyscallResult {
  const arg = new TextEncoder().encode(`${name}\0`);
  return kernel.syscall(task, { call: 'ioctl', fd, request: DMA_BUF_SET_NAME_B, arg });
}

/**
 * Opens the heap's node, makes one ioctl a buffer (and names it), closes the node. Stops at the first failure;
 * with `atomic` it then closes what it got. A buffer that cannot be named is closed.
 */
export function* allocate(caller: Caller, request: AllocRequest): Pieces<Allocated> {
  const { kernel, task } = caller;
  const { count = 1, atomic = false } = request;
  const { openFlags = O_RDWR } = request;
  const node = openFile(caller, { path: heapNode(request.heap), flags: openFlags });
  if (node.ret < 0) return { ...node, fds: [], allocated: 0, failed: 'open' };
  const fds: number[] = [];
  let last: ReturnType<typeof allocateOne> = { ret: 0 };
  try {
    for (let i = 0; i < count; i++) {
      if (i > 0 && i % AT_ONCE === 0) yield;
      last = allocateOne(caller, node.ret, request);
      if (last.fd === undefined) break;
      fds.push(last.fd);
    }
  } finally {
    kernel.syscall(task, { call: 'close', fd: node.ret });
  }
  const allocated = fds.length;
  const { fd: _, ...outcome } = last;
  if (outcome.failed === undefined) return { ...outcome, fds, allocated };
  if (atomic) for (const fd of fds.splice(0)) kernel.syscall(task, { call: 'close', fd });
  const remarks: Remark[] = outcome.failed === 'name' ? [{ is: 'closed-again' }] : [];
  if (count > 1) remarks.push({ is: 'allocated-before', allocated, count, closed: atomic });
  return { ...outcome, fds, allocated, ...remarked(remarks) };
}

/** One ioctl on the open node of a heap, and the name of what it gave. */
function allocateOne(
  caller: Caller,
  node: number,
  { size, fd = 0, fdFlags = O_RDWR | O_CLOEXEC, heapFlags = 0n, name }: AllocRequest,
): Outcome & Pick<Allocated, 'failed'> & { readonly fd?: number } {
  const { kernel, task } = caller;
  const arg = encodeDmaHeapAllocationData({ len: size, fd, fd_flags: fdFlags, heap_flags: heapFlags });
  const result = kernel.syscall(task, { call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
  if (result.ret < 0) return { ...result, failed: 'alloc' };
  const made = decodeDmaHeapAllocationData(arg).fd;
  const named = name === undefined ? result : nameBuffer(caller, made, name);
  if (named.ret >= 0) return { ...result, fd: made };
  kernel.syscall(task, { call: 'close', fd: made });
  return { ...named, failed: 'name' };
}
