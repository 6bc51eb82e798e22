import * as z from 'zod';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import { allocations } from '../export/allocations.ts';
import { heapNode } from '../heap-node.ts';
import { MAX_COUNT } from '../limits.ts';
import { type Moment, type Pieces, syscall } from '../moment.ts';
import type { Outcome } from '../outcome.ts';
import { flags, size, text, whole } from '../value-forms.ts';
import { setName } from './name.ts';

const schema = () =>
  z.strictObject(
    {
      heap: text,
      size,
      name: text.optional(),
      'fd-flags': flags.optional(),
      'heap-flags': size.optional(),
      // The field `fd` on the way in, which must be 0.
      fd: whole.optional(),
      count: whole.optional(),
    },
    { error: '{ heap, size }' },
  );

interface Allocation {
  /** The path of the heap's node. */
  readonly node: string;
  readonly len: bigint;
  readonly name: string | undefined;
  readonly fd: number;
  readonly fdFlags: number;
  readonly heapFlags: bigint;
}

/** One ioctl on the open node of a heap, and the name of what it gave. */
function allocate(at: Moment, node: number, { len, fd, fdFlags, heapFlags, name }: Allocation): Outcome {
  const arg = encodeDmaHeapAllocationData({ len, fd, fd_flags: fdFlags, heap_flags: heapFlags });
  const result = syscall(at, { call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
  if (result.ret < 0) return result;
  const made = decodeDmaHeapAllocationData(arg).fd;
  const named = name === undefined ? undefined : setName(at, made, name);
  if (named?.errno !== undefined) {
    syscall(at, { call: 'close', fd: made });
    return named;
  }
  return { ret: result.ret, fd: made, made };
}

/** Allocations between two looks of whoever waits. */
const AT_ONCE = 64;

/** As every program does it: the node is open during the ioctls, and closed after them. */
function* allocateAll(at: Moment, count: number, asked: Allocation): Pieces {
  const node = syscall(at, { call: 'open', path: asked.node, flags: O_RDWR });
  if (node.ret < 0) return node;
  if (count === 1) {
    const outcome = allocate(at, node.ret, asked);
    syscall(at, { call: 'close', fd: node.ret });
    return outcome;
  }
  let outcome: Outcome | undefined;
  const made: number[] = [];
  for (let i = 0; i < count && outcome?.errno === undefined; i++) {
    outcome = allocate(at, node.ret, asked);
    if (outcome.fd !== undefined) made.push(outcome.fd);
    if (i % AT_ONCE === AT_ONCE - 1) yield;
  }
  syscall(at, { call: 'close', fd: node.ret });
  return { ...(outcome ?? node), made };
}

export const alloc: Action<typeof schema> = {
  text: 'Opens a heap, allocates, names the buffer, closes the heap: { heap: system, size: 8M }',
  schema,
  makes: 'descriptor',
  makesMany: ({ count }) => count !== undefined,
  expects: BUFFER,
  compile: (value, values, path) => {
    const inside = (key: string) => [...path, key];
    const node = values.read(value.heap, inside('heap'), heapNode, 'the name of a heap');
    const size = values.size(value.size, inside('size'));
    const name = value.name === undefined ? undefined : values.text(value.name, inside('name'));
    const fd = values.whole(value.fd ?? 0, inside('fd'));
    const fdFlags = values.flags(value['fd-flags'] ?? O_RDWR | O_CLOEXEC, inside('fd-flags'));
    const heapFlags = values.size(value['heap-flags'] ?? 0, inside('heap-flags'));
    const count = values.count(value.count ?? 1, inside('count'), MAX_COUNT);
    return (at) =>
      allocateAll(at, count(at), {
        node: node(at),
        len: size(at),
        name: name?.(at),
        fd: fd(at),
        fdFlags: fdFlags(at),
        heapFlags: heapFlags(at),
      });
  },
  export: { several: allocations },
};
