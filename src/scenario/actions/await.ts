import * as z from 'zod';
import {
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_WRITE,
} from '../../uapi/dma-buf.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import type { Getter, Moment, Pieces, RunningProgram } from '../moment.ts';
import type { Outcome } from '../outcome.ts';
import { flag, ref, size, text, yes } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    {
      heap: text.optional(),
      size: size.optional(),
      name: text.optional(),
      sync: ref.optional(),
      start: yes.optional(),
      end: yes.optional(),
      read: flag.optional(),
      write: flag.optional(),
    },
    { error: '{ heap, size, name }, or { sync: FD, end: true, write: true }' },
  );

/** What a buffer must be; what is absent may be anything. */
interface Wanted {
  readonly heap: Getter<string> | undefined;
  readonly name: Getter<string> | undefined;
  readonly size: Getter<bigint> | undefined;
}

const ALONE: Outcome = {
  ret: -38,
  notModelled: 'waiting for a program, where none runs (dmaheap exec --with)',
};

/** Asks again each time that a program has done something. */
function* until(program: RunningProgram, look: () => Outcome | undefined): Pieces {
  for (;;) {
    const outcome = look();
    if (outcome !== undefined) return outcome;
    program.isAwaited = true;
    yield;
  }
}

/** A descriptor of the step's task, of a buffer that is as wanted and that no step has waited for before. */
function findBuffer(
  at: Moment,
  program: RunningProgram,
  { heap, name, size: bytes }: Wanted,
): Outcome | undefined {
  const { machine, task } = at;
  const { kernel } = machine;
  if (!kernel.hasTask(task)) return undefined;
  const least = bytes === undefined ? undefined : kernel.profile.geometry.pageAlign(bytes(at));
  for (const held of kernel.heldBuffers(task)) {
    const [fd] = held.fds;
    if (fd === undefined || program.taken.has(held.file)) continue;
    if (heap !== undefined && held.heap !== heap(at)) continue;
    if (least !== undefined && held.size !== least) continue;
    if (name !== undefined && kernel.bufferOfFile(held.file)?.name !== name(at)) continue;
    program.taken.add(held.file);
    return { ret: fd, fd };
  }
  return undefined;
}

/** The action is `await`, which is no name that a module may give. */
export const awaitProgram: Action<typeof schema> = {
  text: 'Waits for a real program: until it has a buffer, { heap, size, name }, or has made a SYNC, { sync: FD, end: true }.',
  schema,
  makes: 'descriptor',
  expects: BUFFER,
  compile: (value, values, path) => {
    const { start = false, end = false, read = false, write = false } = value;
    const wanted: Wanted = {
      heap: value.heap === undefined ? undefined : values.text(value.heap, [...path, 'heap']),
      name: value.name === undefined ? undefined : values.text(value.name, [...path, 'name']),
      size: value.size === undefined ? undefined : values.size(value.size, [...path, 'size']),
    };
    const hasWanted = wanted.heap !== undefined || wanted.name !== undefined || wanted.size !== undefined;
    if (value.sync === undefined ? start || end || read || write : hasWanted || start === end) {
      const message =
        'await has heap, size and name of a buffer, or sync with one of start: true and end: true';
      values.problem(path, 'scenario-exclusive', message);
    }
    const fd = value.sync === undefined ? undefined : values.ref(value.sync, [...path, 'sync'], 'descriptor');
    const phase = end ? DMA_BUF_SYNC_END : 0;
    const access = (read ? DMA_BUF_SYNC_READ : 0) | (write ? DMA_BUF_SYNC_WRITE : 0);
    const isWanted = (flags: number): boolean =>
      (flags & DMA_BUF_SYNC_END) === phase && (access === 0 || (flags & DMA_BUF_SYNC_RW) === access);
    return (at) => {
      const { program, kernel } = at.machine;
      if (program === undefined) return ALONE;
      if (fd === undefined) return until(program, () => findBuffer(at, program, wanted));
      const file = kernel.descriptor(at.task, fd(at))?.file ?? -1;
      return until(program, () => (program.takeSync(file, isWanted) ? { ret: 0 } : undefined));
    };
  },
};
