/**
 * The dma_heap device: the nodes of /dev/dma_heap and their one request. Models drivers/dma-buf/dma-heap.c
 * (Linux 7.3).
 */
import type { Printk } from '../printk.ts';
import { seriesRules } from '../profile/coherent-series.ts';
import type { Profile } from '../profile/profile.ts';
import { profileIn } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import {
  DMA_HEAP_ALLOCATION_DATA_SIZE,
  DMA_HEAP_IOCTL_ALLOC,
  DMA_HEAP_VALID_FD_FLAGS,
  type DmaHeapAllocationData,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../uapi/dma-heap.ts';
import type { Errno } from '../uapi/errno.ts';
import { O_ACCMODE } from '../uapi/fcntl.ts';
import { IOC_READ, IOC_WRITE, iocDir, iocNr, iocSize } from '../uapi/ioctl.ts';
import { dmaHeapOps, type HeapBacking } from './backends.ts';
import type { FileTable } from './dma-buf.ts';
import type { Failure } from './failure.ts';
import type { HeapContext } from './heap-ops.ts';

/** NUM_HEAP_MINORS. */
const NUM_HEAP_MINORS = 128;

/** struct dma_heap, as a record. */
export interface DmaHeap {
  readonly name: string;
  readonly minor: number;
  readonly backing: HeapBacking;
  /** The node's permission bits and group: what devtmpfs gives, or a udev rule has made of it. */
  readonly mode: number;
  readonly gid: number;
  /** Root unless chown(2) has given it away. */
  readonly uid?: number;
}

/** The major number of the dma_heap devices: the last of those that are given out. */
export const DMA_HEAP_MAJOR = 254;

/** What devtmpfs makes of a node without a rule: root's alone. */
const DEVTMPFS_MODE = 0o600;

const HEAPS = 'heaps';

/** The registered heaps, by minor. */
export const dmaHeaps = (records: Records): readonly DmaHeap[] => records.get<DmaHeap[]>(HEAPS) ?? [];

/** The heap of that name: dma_heap_find(). */
export const findDmaHeap = (records: Records, name: string): DmaHeap | undefined =>
  dmaHeaps(records).find((heap) => heap.name === name);

/**
 * Registers a heap under the lowest free minor: dma_heap_create() and dma_heap_register().
 * A name that is taken is refused and its minor given back; the log says so.
 *
 * @returns whether the heap is there now
 */
export function registerDmaHeap(
  records: Records,
  printk: Printk,
  name: string,
  backing: HeapBacking,
): boolean {
  const heaps = dmaHeaps(records);
  const minor = heaps.length;
  if (minor >= NUM_HEAP_MINORS) {
    printk.print(3, 'dma_heap: Unable to get minor number for heap');
    return false;
  }
  if (heaps.some((heap) => heap.name === name)) {
    printk.print(4, `sysfs: cannot create duplicate filename '/devices/virtual/dma_heap/${name}'`);
    printk.print(
      3,
      `kobject: kobject_add_internal failed for ${name} with -EEXIST, don't try to register things with the same name in the same directory.`,
    );
    const what = registersInTwoSteps(profileIn(records)) ? 'add' : 'create';
    printk.print(3, `dma_heap: Unable to ${what} device`);
    return false;
  }
  records.put<DmaHeap[]>(HEAPS, [...heaps, { name, minor, backing, mode: DEVTMPFS_MODE, gid: 0 }]);
  return true;
}

/** Whether the coherent series has cut dma_heap_add() in two, which names its step in the log. */
export const registersInTwoSteps = ({ coherent_series: series }: Profile): boolean =>
  seriesRules(series)?.twoSteps === true;

/** Who may open a node. */
export type NodeRights = Partial<Pick<DmaHeap, 'mode' | 'uid' | 'gid'>>;

/** Gives the node of a heap another mode or owner. */
export function changeHeapNode(records: Records, name: string, rights: NodeRights): void {
  records.put<DmaHeap[]>(
    HEAPS,
    dmaHeaps(records).map((heap) => (heap.name === name ? { ...heap, ...rights } : heap)),
  );
}

/** Gives every node the mode and group of a udev rule: `SUBSYSTEM=="dma_heap", MODE="0660", GROUP="video"`. */
export function applyUdevRule(records: Records, rule: NodeRights): void {
  records.put<DmaHeap[]>(
    HEAPS,
    dmaHeaps(records).map((heap) => ({ ...heap, ...rule })),
  );
}

/** What an ioctl answers: 0, or an errno with its reason. */
export type IoctlResult = { readonly ret: 0 } | { readonly errno: Errno; readonly why: Failure };

/** A failure that a user asked for. */
export interface InjectedFault {
  readonly errno: Errno;
  readonly why: Failure;
}

/** What a heap's ioctl works on: what its backend does, and who asks. */
export interface DmaHeapContext extends HeapContext {
  /** The task that allocates, and the number of its call. */
  readonly maker?: { readonly task: string; readonly call: number };
  /** Whether an allocation is to fail on purpose, when the heap takes its memory or the descriptor is taken. */
  readonly inject?: (
    at: 'allocate' | 'descriptor',
    asked: { readonly heap: string; readonly size: bigint },
  ) => InjectedFault | undefined;
}

/** Gives a file the lowest free descriptor of the calling task, or says the limit: get_unused_fd_flags(). */
export type InstallFd = (file: number, flags: number) => number | { readonly limit: number };

/** Whether a heap's node takes a request for an allocation: by its number alone. */
export const isAllocRequest = (request: number): boolean => iocNr(request) === iocNr(DMA_HEAP_IOCTL_ALLOC);

/**
 * The ioctl of a heap node: dma_heap_ioctl(). The request is recognised by its number alone; the caller's
 * direction bits and size say how much is copied in and out.
 *
 * @param arg the caller's bytes, changed in place; `null` is an unmapped pointer
 * @param readOnly the caller may not write where the pointer leads
 */
export function dmaHeapIoctl(
  context: DmaHeapContext,
  files: FileTable,
  heap: DmaHeap,
  request: number,
  arg: Uint8Array | null,
  installFd: InstallFd,
  readOnly = false,
): IoctlResult {
  if (!isAllocRequest(request)) {
    return badArgument('EINVAL', 'request', BigInt(request));
  }
  const direction = iocDir(request);
  const inSize = (direction & IOC_WRITE) !== 0 ? iocSize(request) : 0;
  const outSize = (direction & IOC_READ) !== 0 ? iocSize(request) : 0;
  if (inSize > (arg?.length ?? 0)) return badPointer(request);
  const kdata = new Uint8Array(Math.max(inSize, outSize, DMA_HEAP_ALLOCATION_DATA_SIZE));
  if (arg !== null) kdata.set(arg.subarray(0, inSize));
  const isLost = outSize > (arg?.length ?? 0) || (readOnly && outSize > 0);
  const unpublished = isLost && !context.profile.linux.leaksDescriptor;
  const data = decodeDmaHeapAllocationData(kdata);
  const result = allocate(context, files, heap, data, unpublished ? () => UNPUBLISHED : installFd);
  if ('fd' in result && result.fd === UNPUBLISHED) return badPointer(request);
  if ('fd' in result) kdata.set(encodeDmaHeapAllocationData(result));
  if (isLost) return badPointer(request);
  arg?.set(kdata.subarray(0, outSize));
  return 'fd' in result ? { ret: 0 } : result;
}

/** In the place of a descriptor: the caller cannot be told of it, and so there is none. */
const UNPUBLISHED = -1;

/** dma_heap_ioctl_allocate() and dma_heap_buffer_alloc(). */
function allocate(
  context: DmaHeapContext,
  files: FileTable,
  heap: DmaHeap,
  data: DmaHeapAllocationData,
  installFd: InstallFd,
): DmaHeapAllocationData | { errno: Errno; why: Failure } {
  if (data.fd !== 0) return badArgument('EINVAL', 'fd', BigInt(data.fd));
  if ((data.fd_flags & ~DMA_HEAP_VALID_FD_FLAGS) !== 0) {
    return badArgument('EINVAL', 'fd_flags', BigInt(data.fd_flags));
  }
  if (data.heap_flags !== 0n) return badArgument('EINVAL', 'heap_flags', data.heap_flags);
  const { pageAlign, pageShift } = context.profile.geometry;
  const size = pageAlign(data.len);
  if (size === 0n) return badArgument('EINVAL', 'len', data.len);
  const ops = dmaHeapOps(heap.backing);
  const asked = { heap: heap.name, size: data.len };
  const injected = context.inject?.('allocate', asked);
  if (injected !== undefined) return injected;
  const { declared } = heap.backing;
  const allocation = ops.allocate(
    declared === undefined ? context : uncharged(context),
    size >> BigInt(pageShift),
  );
  if ('errno' in allocation) {
    const { errno, why } = allocation;
    return { errno, why: declared === undefined ? why : { ...why, declared: declared.by } };
  }
  const { sgTable, charge } = allocation;
  const file = files.addDmaBuf({
    expName: heap.name,
    size,
    flags: data.fd_flags & O_ACCMODE,
    backing: heap.backing,
    sgTable,
    ...(charge && { charge }),
    count: 1,
    call: context.maker?.call ?? 0,
    maker: context.maker?.task ?? '',
  });
  const fd = context.inject?.('descriptor', asked) ?? installFd(file, data.fd_flags);
  if (typeof fd === 'number' && fd !== UNPUBLISHED) return { ...data, fd };
  files.unref(file);
  ops.release(context, sgTable, charge);
  if (fd === UNPUBLISHED) return { ...data, fd };
  if ('errno' in fd) return fd;
  return { errno: 'EMFILE', why: { kind: 'descriptor-limit', limit: fd.limit } };
}

/** The accounting of mainline and its proposals is in no vendor's heap that was read. */
const uncharged = ({ caller: _, ...context }: DmaHeapContext): DmaHeapContext => context;

const badPointer = (request: number): { errno: Errno; why: Failure } => ({
  errno: 'EFAULT',
  why: { kind: 'bad-pointer', request },
});

function badArgument(
  errno: Errno,
  argument: Extract<Failure, { kind: 'bad-argument' }>['argument'],
  value: bigint,
): { errno: Errno; why: Failure } {
  return { errno, why: { kind: 'bad-argument', argument, value } };
}
