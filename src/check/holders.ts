/** Who holds the memory of a heap: buffers with their names and tasks, pins, the kernel itself. */
import type { Failure } from '../dma-buf/failure.ts';
import type { KernelViews } from '../kernel/kernel-views.ts';
import type { BufferView, HeapView } from '../kernel/views/views.ts';
import { bytesOf, type PhysAddr } from '../units.ts';

export type Holder =
  | {
      readonly what: 'buffer';
      readonly size: bigint;
      /** Where its first piece lies. */
      readonly base: PhysAddr;
      readonly ino: number;
      readonly name?: string;
      /** Who made it: the task may have gone. */
      readonly maker: string;
      /** Descriptors, with their tasks. */
      readonly fds: readonly { readonly task: string; readonly fd: number }[];
      /** Mappings and importers that keep it alive without a descriptor. */
      readonly others: number;
    }
  | { readonly what: 'pinned'; readonly size: bigint; readonly base: PhysAddr }
  /** Pages that are taken and no buffer's. Pinned ones count as free. */
  | { readonly what: 'kernel'; readonly size: bigint };

/** Buffers that are told one by one. */
const SHOWN = 16;

function holderOf(buffer: BufferView): Holder {
  const { sgTable, pageSize, size, ino, name, maker, fds, mappings, attachments } = buffer;
  const [first = { pfn: 0, pages: 0 }] = sgTable;
  return {
    what: 'buffer',
    size,
    base: bytesOf(first, pageSize).base,
    ino,
    ...(name !== undefined && { name }),
    maker,
    fds: fds.map(({ task, fd }) => ({ task, fd })),
    others: mappings.length + attachments.length,
  };
}

/** The buffers in a heap's memory, under whichever name they were allocated. */
export function buffersIn(kernel: KernelViews, heap: HeapView): readonly BufferView[] {
  const names = new Set([
    heap.name,
    ...kernel
      .heaps()
      .filter(({ base, region }) => region !== undefined && base === heap.base)
      .map(({ name }) => name),
  ]);
  return kernel.buffers().filter((buffer) => names.has(buffer.heap));
}

/** Who holds a heap's memory, the largest first; and how many more there are. */
export function holdersOf(
  kernel: KernelViews,
  heap: HeapView,
): { readonly holders: readonly Holder[]; readonly more: number } {
  const buffers = [...buffersIn(kernel, heap)].sort((a, b) =>
    a.size > b.size ? -1 : a.size < b.size ? 1 : a.ino - b.ino,
  );
  const holders = buffers.slice(0, SHOWN).map(holderOf);
  const more = buffers.length - holders.length;
  if (heap.base === undefined) return { holders, more };
  const { base } = heap;
  const pinned = kernel
    .pinned()
    .map(({ pfn, pages }) => bytesOf({ pfn, pages }, heap.pageSize))
    .filter((run) => run.base >= base && run.base < base + heap.size)
    .map((run): Holder => ({ what: 'pinned', size: run.size, base: run.base }));
  // A pool's buffer takes more than its size: what rounding adds is counted to it, and not to the kernel.
  const ofBuffers = buffers.reduce(
    (sum, { size }) => sum + (heap.backend === 'coherent' ? roundedUp(size, heap) : size),
    0n,
  );
  const others = heap.size - heap.free - ofBuffers;
  return {
    holders: [...holders, ...pinned, ...(others > 0n ? [{ what: 'kernel', size: others } as const] : [])],
    more,
  };
}

function roundedUp(size: bigint, { pageSize }: HeapView): bigint {
  let block = BigInt(pageSize);
  while (block < size) block <<= 1n;
  return block;
}

/** The heap whose memory a failed call was about. */
export function heapOfFailure(kernel: KernelViews, failure: Failure): HeapView | undefined {
  const named = (region: string) => kernel.heaps().find((heap) => heap.region === region);
  switch (failure.kind) {
    case 'cma-no-room':
      return named(failure.area);
    case 'coherent-no-room':
      return named(failure.pool);
    case 'system-oom':
      return kernel.heaps().find(({ backend }) => backend === 'system');
    default:
      return undefined;
  }
}
