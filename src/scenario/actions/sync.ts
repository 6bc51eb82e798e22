import * as z from 'zod';
import { sync as syncBuffer } from '../../program/sync.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_VALID_FLAGS_MASK,
  DMA_BUF_SYNC_WRITE,
  decodeDmaBufSync,
  dmaBufSyncFlags,
} from '../../uapi/dma-buf.ts';
import { iocSize } from '../../uapi/ioctl.ts';
import type { Action, ValueOf } from '../action.ts';
import { isWhole } from '../export/exporter.ts';
import { callerAt } from '../moment.ts';
import { flag, ref, size, yes } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    {
      fd: ref,
      start: yes.optional(),
      end: yes.optional(),
      read: flag.optional(),
      write: flag.optional(),
      flags: size.optional(),
    },
    { error: '{ fd, start: true, read: true }' },
  );

/** The flags as words. */
function wordsOf(flags: bigint): Partial<ValueOf<typeof schema>> {
  const bits = Number(flags & BigInt(DMA_BUF_SYNC_VALID_FLAGS_MASK));
  const [read, write] = [(bits & DMA_BUF_SYNC_READ) !== 0, (bits & DMA_BUF_SYNC_WRITE) !== 0];
  if (flags !== BigInt(bits) || (!read && !write)) return { flags };
  const isEnd = (bits & DMA_BUF_SYNC_END) !== 0;
  return { ...(isEnd ? { end: true } : { start: true }), ...(read && { read }), ...(write && { write }) };
}

export const sync: Action<typeof schema> = {
  text: 'DMA_BUF_IOCTL_SYNC: { fd: a, start: true, read: true }',
  schema,
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const { start = false, end = false, read = false, write = false } = value;
    const meant = dmaBufSyncFlags({ start, end, read, write });
    const given = value.flags ?? (typeof meant === 'number' ? meant : 0);
    const flags = values.size(given, [...path, 'flags']);
    if (value.flags !== undefined && (start || end || read || write)) {
      values.problem(
        [...path, 'flags'],
        'scenario-exclusive',
        'flags stand alone, or start or end with read and write',
        undefined,
        true,
      );
    } else if (value.flags === undefined && meant === 'phase') {
      const message = 'sync has one of start: true and end: true';
      values.problem(path, 'scenario-sync', message, 'or the number: flags: 5');
    } else if (value.flags === undefined && meant === 'access') {
      const hint = 'Linux refuses the call without (EINVAL); to see that: flags: 0';
      values.problem(path, 'scenario-sync', 'sync has read: true, write: true, or both', hint);
    }
    return (at) => syncBuffer(callerAt(at), fd(at), flags(at));
  },
  export: {
    calls: {
      ioctl: ({ task, call, given = call.arg }, { names }) => {
        if (!isWhole(call.fd) || call.request >>> 0 !== DMA_BUF_IOCTL_SYNC) return undefined;
        if (given?.length !== iocSize(DMA_BUF_IOCTL_SYNC)) return undefined;
        const words = wordsOf(decodeDmaBufSync(given));
        return { action: { sync: { fd: names.descriptor(task, call.fd), ...words } } };
      },
    },
  },
};
