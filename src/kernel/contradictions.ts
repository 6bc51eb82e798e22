/**
 * What the records of a kernel say of each other that cannot be true. A kernel never leaves any: they come
 * from outside, from files that were damaged or mixed.
 */
import { PageAllocator } from '../mm/alloc/page-alloc.ts';
import type { Records } from '../records.ts';
import type { PfnRange } from '../units.ts';
import type { Kernel } from './kernel.ts';
import { DescriptorTable } from './task.ts';
import type { BufferView } from './views/views.ts';

/** @returns one line each; nothing when there are none */
export function findContradictions(records: Records, kernel: Kernel): string[] {
  const buffers = kernel.buffers();
  return [
    ...sizes(buffers, kernel),
    ...freeButUsed(records, kernel, buffers),
    ...danglingDescriptors(records, kernel),
  ];
}

function sizes(buffers: readonly BufferView[], kernel: Kernel): string[] {
  const { pagesToBytes } = kernel.profile.geometry;
  return buffers.flatMap(({ ino, size, sgTable }) => {
    const pages = sgTable.reduce((sum, piece) => sum + piece.pages, 0);
    if (pagesToBytes(pages) === size) return [];
    return [`buffer ino ${ino} has ${size} bytes, and its sg table has ${pages} pages`];
  });
}

/** Page frames that are free in the allocator that they came from. */
function freeButUsed(records: Records, kernel: Kernel, buffers: readonly BufferView[]): string[] {
  const byHeap = new Map<string, BufferView[]>();
  for (const buffer of buffers) {
    const held = byHeap.get(buffer.heap);
    if (held === undefined) byHeap.set(buffer.heap, [buffer]);
    else held.push(buffer);
  }
  return [...byHeap].flatMap(([heap, held]) => {
    const free = heap === 'system' ? freeOfBuddy(records) : kernel.freeRuns(heap);
    const used = held.flatMap(({ sgTable }) => sgTable);
    const both = firstOverlap(free, used);
    return both === undefined ? [] : [`page frame ${both} is free in ${heap} and belongs to a buffer`];
  });
}

const freeOfBuddy = (records: Records): PfnRange[] =>
  [...new PageAllocator(records).freeBlocks()].map(([pfn, order]) => ({ pfn, pages: 2 ** order }));

function firstOverlap(a: readonly PfnRange[], b: readonly PfnRange[]): number | undefined {
  const sorted = (ranges: readonly PfnRange[]) => [...ranges].sort((x, y) => x.pfn - y.pfn);
  const [left, right] = [sorted(a), sorted(b)];
  let at = 0;
  for (const { pfn, pages } of left) {
    let other = right[at];
    while (other !== undefined && other.pfn + other.pages <= pfn) other = right[++at];
    if (other !== undefined && other.pfn < pfn + pages) return Math.max(pfn, other.pfn);
  }
  return undefined;
}

function danglingDescriptors(records: Records, kernel: Kernel): string[] {
  return kernel
    .taskNames()
    .flatMap((task) =>
      [...new DescriptorTable(records, task).entries()].flatMap(([fd, { file }]) =>
        kernel.hasFile(file) ? [] : [`descriptor ${fd} of ${task} leads to file ${file}, which is not there`],
      ),
    );
}
