/**
 * Why an allocation works or fails: it is made in a rehearsal, of which nothing is kept, and so is everything that is
 * said to help.
 */
import type { Failure } from '../dma-buf/failure.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { BufferView, HeapView } from '../kernel/views/views.ts';
import { type Allocated, allocate } from '../program/allocate.ts';
import { detachAttachment, unmapAttachment } from '../program/attachment.ts';
import { startTask } from '../program/caller.ts';
import { finish } from '../program/outcome.ts';
import type { Errno } from '../uapi/errno.ts';
import { bytesOf, type PhysAddr } from '../units.ts';
import { buffersIn, type Holder, holdersOf } from './holders.ts';

/** What would help, each tried. */
export interface Cure {
  /** A request of this size works now. */
  readonly largest?: bigint;
  /** With these buffers freed the request works: the fewest that were found. */
  readonly free?: readonly Pick<BufferView, 'ino' | 'name' | 'size' | 'maker' | 'fds'>[];
  /** With all of the heap's buffers freed it fails all the same: for the region's size, or for what is no buffer and stays. */
  readonly never?: 'too-small' | 'taken';
}

export interface WhyAllocation {
  readonly heap: string;
  readonly asked: bigint;
  readonly errno?: Errno;
  readonly why?: Failure;
  /** Of one that works: where its pieces lie. */
  readonly pieces?: readonly { readonly base: PhysAddr; readonly size: bigint }[];
  readonly view?: HeapView;
  readonly holders: readonly Holder[];
  readonly more: number;
  readonly cure: Cure;
}

/** Lets go of a buffer altogether. */
function letGo(kernel: Kernel, { fds, mappings, attachments }: BufferView): void {
  for (const { id, task, direction } of attachments) {
    if (direction !== undefined) unmapAttachment({ kernel, task }, id);
    detachAttachment({ kernel, task }, id);
  }
  for (const { task, id } of mappings) kernel.syscall(task, { call: 'munmap', mapping: id });
  for (const { task, fd } of fds) kernel.syscall(task, { call: 'close', fd });
}

/** Makes the request where some buffers are gone. */
function allocatedWithout(
  kernel: Kernel,
  task: string,
  heap: string,
  size: bigint,
  gone: readonly BufferView[],
): { readonly result: Allocated; readonly buffer: BufferView | undefined } {
  return kernel.rehearse((rehearsal) => {
    startTask({ kernel: rehearsal, task });
    for (const buffer of gone) letGo(rehearsal, buffer);
    const result = finish(allocate({ kernel: rehearsal, task }, { heap, size }));
    const [fd] = result.fds;
    return { result, buffer: fd === undefined ? undefined : rehearsal.buffer(task, fd) };
  });
}

/** Buffers that are tried alone; with more the largest are freed together. */
const TRIED_ALONE = 32;

/** The fewest buffers whose memory the request needs: one, else the largest first until it works. */
function toFree(
  kernel: Kernel,
  task: string,
  { view, size, staying }: { readonly view: HeapView; readonly size: bigint; readonly staying: bigint },
): Pick<Cure, 'free' | 'never'> {
  const buffers = [...buffersIn(kernel, view)].sort((a, b) =>
    a.size < b.size ? -1 : a.size > b.size ? 1 : a.ino - b.ino,
  );
  const works = (gone: readonly BufferView[]) =>
    allocatedWithout(kernel, task, view.name, size, gone).result.errno === undefined;
  if (buffers.length === 0 || !works(buffers)) {
    return { never: view.base !== undefined && size <= view.size && staying > 0n ? 'taken' : 'too-small' };
  }
  const alone = buffers.slice(0, TRIED_ALONE).find((buffer) => works([buffer]));
  if (alone !== undefined) return { free: [alone] };
  // The largest first; then those that turn out not to be needed stay.
  const largest = buffers.reverse();
  let [low, high] = [1, largest.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (works(largest.slice(0, middle))) high = middle;
    else low = middle + 1;
  }
  let gone = largest.slice(0, high);
  for (const buffer of gone.slice(0, TRIED_ALONE)) {
    const fewer = gone.filter((one) => one !== buffer);
    if (works(fewer)) gone = fewer;
  }
  return { free: gone };
}

/** Bytes that are no buffer's, and that freeing buffers does not give back. */
export const stayingIn = (holders: readonly Holder[]): bigint =>
  holders.reduce((sum, { what, size }) => (what === 'buffer' ? sum : sum + size), 0n);

/** Failures that have to do with who holds what memory. */
const OF_ROOM: ReadonlySet<Failure['kind']> = new Set(['cma-no-room', 'coherent-no-room', 'system-oom']);

/** Makes the request, and what may help where it fails. @param task whose call it is */
export function whyAllocation(kernel: Kernel, task: string, heap: string, size: bigint): WhyAllocation {
  const view = kernel.heaps().find(({ name }) => name === heap);
  const { result, buffer } = allocatedWithout(kernel, task, heap, size, []);
  const held = view === undefined ? { holders: [], more: 0 } : holdersOf(kernel, view);
  const base = { heap, asked: size, ...(view && { view }), ...held };
  if (result.errno === undefined) {
    const pieces = buffer?.sgTable.map((run) => bytesOf(run, buffer.pageSize)) ?? [];
    return { ...base, pieces, cure: {} };
  }
  const { errno, why } = result;
  const ofRoom = why !== undefined && OF_ROOM.has(why.kind) && view !== undefined;
  const largest = view === undefined ? 0n : kernel.largestRequest(heap);
  const isTrue = largest > 0n && allocatedWithout(kernel, task, heap, largest, []).result.errno === undefined;
  return {
    ...base,
    errno,
    ...(why && { why }),
    cure: {
      ...(isTrue && largest < size && { largest }),
      ...(ofRoom && toFree(kernel, task, { view, size, staying: stayingIn(held.holders) })),
    },
  };
}
