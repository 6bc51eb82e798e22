/** Allocations in a history: what `alloc` makes of several calls. */
import type { JournalCall } from '../../session/journal.ts';
import { DMA_BUF_SET_NAME_B } from '../../uapi/dma-buf.ts';
import {
  DMA_HEAP_ALLOCATION_DATA_SIZE,
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
} from '../../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import { nameText } from '../actions/name.ts';
import type { Expect } from '../expect-form.ts';
import { type Cursor, callAt, type Draft } from './draft.ts';
import { isCall } from './history.ts';
import { nameWord } from './names.ts';
import { flagsWord, isPlainText, sizeWord } from './words.ts';

interface Allocated {
  readonly entry: JournalCall;
  readonly fd: number;
  /** What was asked, to compare. */
  readonly asked: string;
  readonly len: bigint;
  readonly fdFlags: number;
  readonly heapFlags: bigint;
  readonly givenFd: number;
  readonly name: string | undefined;
  /** It, or giving it its name, failed. */
  readonly failed: JournalCall | undefined;
  readonly entries: number;
}

/** One ioctl on the node, and the name of what it gave. */
function allocationAt(cursor: Cursor, at: number, task: string, node: number): Allocated | undefined {
  const entry = callAt(cursor, at, task, 'ioctl');
  if (
    entry === undefined ||
    entry.call.at !== undefined ||
    entry.call.fd !== node ||
    entry.call.request >>> 0 !== DMA_HEAP_IOCTL_ALLOC
  )
    return undefined;
  const { arg } = entry.call;
  if (arg?.length !== DMA_HEAP_ALLOCATION_DATA_SIZE) return undefined;
  const { len, fd, fd_flags: fdFlags, heap_flags: heapFlags } = decodeDmaHeapAllocationData(arg);
  const worked = entry.result.ret >= 0;
  const base = { entry, len, fdFlags, heapFlags, fd: worked ? fd : -1, givenFd: worked ? 0 : fd };
  const key = (name: string | undefined) =>
    JSON.stringify([String(len), fdFlags, String(heapFlags), name ?? null]);
  if (!worked) return { ...base, name: undefined, asked: key(undefined), failed: entry, entries: 1 };
  const named = callAt(cursor, at + 1, task, 'ioctl');
  const isName =
    named?.call.fd === fd && named.call.request >>> 0 === DMA_BUF_SET_NAME_B && named.call.arg !== null;
  const name = isName && named.call.arg !== null ? nameText(named.call.arg) : undefined;
  if (named === undefined || name === undefined) {
    return { ...base, name: undefined, asked: key(undefined), failed: undefined, entries: 1 };
  }
  if (named.result.ret >= 0) return { ...base, name, asked: key(name), failed: undefined, entries: 2 };
  const closed = callAt(cursor, at + 2, task, 'close');
  return closed?.call.fd === fd ? { ...base, name, asked: key(name), failed: named, entries: 3 } : undefined;
}

const sameRequest = (a: Allocated, b: Allocated): boolean =>
  a.len === b.len && a.fdFlags === b.fdFlags && a.heapFlags === b.heapFlags;

const NODE = /^\/dev\/dma_heap\/([^/]+)$/;

/** More buffers of one run of ioctls are one step with `count`, of which no address can be expected. */
const MAX_APART = 16;

/**
 * open(node), DMA_HEAP_IOCTL_ALLOC and DMA_BUF_SET_NAME as often as it went, close(node). A few buffers are told
 * apart, each with its address: the node takes the same number each time. Where calls are counted they stay together.
 */
export function allocations(cursor: Cursor): readonly Draft[] | undefined {
  const { history, at } = cursor;
  const opened = history.entries[at];
  if (!isCall(opened) || opened.call.call !== 'open' || opened.call.at !== undefined || opened.result.ret < 0)
    return undefined;
  const heap = NODE.exec(opened.call.path)?.[1];
  if (heap === undefined || opened.call.flags !== O_RDWR || /^heap:/.test(heap) || !isPlainText(heap)) {
    return undefined;
  }
  const { task } = opened;
  const all: Allocated[] = [];
  let next = at + 1;
  while (all.at(-1)?.failed === undefined) {
    const one = allocationAt(cursor, next, task, opened.result.ret);
    if (one === undefined) break;
    all.push(one);
    next += one.entries;
  }
  const closed = callAt(cursor, next, task, 'close');
  if (all.length === 0 || closed?.call.fd !== opened.result.ret) return undefined;
  if (all.length === 1 || (cursor.mayJoin && all.length <= MAX_APART)) {
    return all.map((one, i) => {
      const outer = (i === 0 ? 1 : 0) + (i === all.length - 1 ? 1 : 0);
      return { ...single(cursor, heap, one), task, entries: one.entries + outer };
    });
  }
  const step = counted(cursor, heap, all);
  return step && [{ ...step, task, entries: next + 1 - at }];
}

type Alone = Omit<Draft, 'task' | 'entries'>;

const words = (heap: string, { len, name, fdFlags, heapFlags, givenFd }: Allocated) => ({
  heap,
  size: sizeWord(len),
  ...(name !== undefined && { name }),
  ...(fdFlags !== (O_RDWR | O_CLOEXEC) && { 'fd-flags': flagsWord(fdFlags) }),
  ...(heapFlags !== 0n && { 'heap-flags': heapFlags }),
  ...(givenFd !== 0 && { fd: givenFd }),
});

const wishOf = ({ name }: Allocated): string => (name !== undefined ? nameWord(name) : undefined) ?? 'buf';

function single({ names }: Cursor, heap: string, one: Allocated): Alone {
  const { entry, fd, failed } = one;
  const action = { alloc: words(heap, one) };
  if (failed !== undefined) return { action, expect: { errno: failed.result.errno ?? 'any' } };
  const wish = wishOf(one);
  const as = names.fresh(wish, wish === 'buf');
  names.bindDescriptor(entry.task, fd, as);
  return { action, as, expect: { fd, ...(entry.phys !== undefined && { phys: entry.phys }) } };
}

/** All of them as one step, when they are the same. */
function counted({ names }: Cursor, heap: string, all: readonly Allocated[]): Alone | undefined {
  const [first] = all;
  const last = all.at(-1);
  if (first === undefined || last === undefined) return undefined;
  // One that failed did so before it got its name.
  const alike = (one: Allocated) =>
    one.asked === first.asked || (one === last && one.failed === one.entry && sameRequest(one, first));
  if (!all.every(alike) || (last.failed !== undefined && last.givenFd !== 0)) return undefined;
  const action = { alloc: { ...words(heap, first), count: all.length } };
  const expect: Expect = last.failed === undefined ? {} : { errno: last.failed.result.errno ?? 'any' };
  const made = all.filter(({ failed }) => failed === undefined);
  const as = names.freshMany(wishOf(first), made.length);
  for (const [i, { fd }] of made.entries()) names.bindDescriptor(first.entry.task, fd, `${as}${i}`);
  return { action, as, expect };
}
