import * as z from 'zod';
import { allocate } from '../../program/allocate.ts';
import { heapNode } from '../../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import { allocations } from '../export/allocations.ts';
import { MAX_COUNT } from '../limits.ts';
import { callerAt } from '../moment.ts';
import { flags, size, text, whole } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    {
      heap: text,
      size,
      name: text.optional(),
      'fd-flags': flags.optional(),
      'heap-flags': size.optional(),
      'open-flags': flags.optional(),
      // The field `fd` on the way in, which must be 0.
      fd: whole.optional(),
      count: whole.optional(),
    },
    { error: '{ heap, size }' },
  );

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
    const open = value['open-flags'];
    const openFlags = open === undefined ? undefined : values.flags(open, inside('open-flags'));
    const count = values.count(value.count ?? 1, inside('count'), MAX_COUNT);
    return function* (at) {
      const [wanted, given] = [count(at), name?.(at)];
      const {
        fds,
        allocated: _,
        failed,
        ...said
      } = yield* allocate(callerAt(at), {
        heap: node(at),
        size: size(at),
        ...(given !== undefined && { name: given }),
        fd: fd(at),
        fdFlags: fdFlags(at),
        heapFlags: heapFlags(at),
        ...(openFlags && { openFlags: openFlags(at) }),
        count: wanted,
      });
      const last = fds.at(-1);
      if (wanted === 1) return last === undefined ? said : { ...said, fd: last, made: last };
      return { ...said, ...(last !== undefined && failed === undefined && { fd: last }), made: fds };
    };
  },
  export: { several: allocations },
};
