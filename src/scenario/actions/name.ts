import * as z from 'zod';
import { nameBuffer } from '../../program/allocate.ts';
import { DMA_BUF_SET_NAME_B } from '../../uapi/dma-buf.ts';
import type { Action } from '../action.ts';
import { isWhole } from '../export/exporter.ts';
import { isPlainText } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { ref, text } from '../value-forms.ts';

const schema = () => z.strictObject({ fd: ref, name: text }, { error: '{ fd, name }' });

/** The text of a name as `name` and `alloc` write it, or `undefined` when the bytes are something else. */
export function nameText(arg: Uint8Array): string | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(arg.subarray(0, -1));
  if (arg.at(-1) !== 0 || text.includes('\0') || !isPlainText(text)) return undefined;
  return Buffer.compare(new TextEncoder().encode(`${text}\0`), arg) === 0 ? text : undefined;
}

export const name: Action<typeof schema> = {
  text: 'DMA_BUF_SET_NAME.',
  schema,
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const name = values.text(value.name, [...path, 'name']);
    return (at) => nameBuffer(callerAt(at), fd(at), name(at));
  },
  export: {
    calls: {
      ioctl: ({ task, call, given = call.arg }, { names }) => {
        if (!isWhole(call.fd) || given === null || call.request >>> 0 !== DMA_BUF_SET_NAME_B)
          return undefined;
        const name = nameText(given);
        return name === undefined
          ? undefined
          : { action: { name: { fd: names.descriptor(task, call.fd), name } } };
      },
    },
  },
};
